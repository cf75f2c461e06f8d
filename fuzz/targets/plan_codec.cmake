warder_fuzz(plan_codec SOURCES plan_codec.cc LINK warder_wire)
