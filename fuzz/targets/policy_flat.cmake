warder_fuzz(policy_flat SOURCES policy_flat.cc LINK warder_policy)
