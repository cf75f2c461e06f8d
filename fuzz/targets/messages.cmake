warder_fuzz(messages SOURCES messages.cc LINK warder_audit warder_wire)
