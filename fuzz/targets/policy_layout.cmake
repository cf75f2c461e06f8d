warder_fuzz(policy_layout SOURCES policy_layout.cc LINK warder_analyse)
