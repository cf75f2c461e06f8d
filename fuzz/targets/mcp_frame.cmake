warder_fuzz(mcp_frame SOURCES mcp_frame.cc LINK warder_broker)
