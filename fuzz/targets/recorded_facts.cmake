warder_fuzz(recorded_facts SOURCES recorded_facts.cc LINK warder_learn warder_record)
