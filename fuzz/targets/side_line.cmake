warder_fuzz(side_line SOURCES side_line.cc LINK warder_audit)
