warder_fuzz(host_file SOURCES host_file.cc LINK warder_config warder_wire)
