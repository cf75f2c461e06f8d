warder_fuzz(checkpoint SOURCES checkpoint.cc LINK warder_audit)
