warder_fuzz(url SOURCES url.cc LINK warder_policy)
