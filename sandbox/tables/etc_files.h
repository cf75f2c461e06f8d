// The files of /etc that a jail gets: written for it, or shown read-only from the host because they say nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace warder::tables {

struct GeneratedFile {
  const char* path;  // below the jail's root
  std::string content;
};
// passwd, group, hosts, nsswitch.conf, resolv.conf, hostname for one session uid.
std::vector<GeneratedFile> GeneratedEtc(uint32_t uid, const std::string& host_name);

}  // namespace warder::tables
