warder_fuzz(command_line SOURCES command_line.cc LINK warder_policy)
