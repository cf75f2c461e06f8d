warder_fuzz(policy_load SOURCES policy_load.cc LINK warder_policy)
