warder_fuzz(trash_meta SOURCES trash_meta.cc LINK warder_hands)
