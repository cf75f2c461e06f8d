# The two sources alone: what is fuzzed needs no event loop.
warder_fuzz(mcp_frame SOURCES mcp_frame.cc ../broker/frame.cc ../broker/json_rpc.cc LINK warder_base)
