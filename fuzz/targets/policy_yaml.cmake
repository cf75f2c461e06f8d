pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
warder_fuzz(policy_yaml SOURCES policy_yaml.cc LINK warder_policy PkgConfig::LIBYAML)
