warder_fuzz(audit_log SOURCES audit_log.cc LINK warder_audit)
