// What the generated files of a jail's /etc say.
#include "sandbox/tables/etc_files.h"

namespace warder::tables {

std::vector<GeneratedFile> GeneratedEtc(uint32_t uid, const std::string& host_name) {
  const std::string id = std::to_string(uid);
  return {
      // getpwuid(3) of the session must answer: git, ssh and python ask for the user's name.
      {"etc/passwd", "root:x:0:0:root:/:/usr/sbin/nologin\nsession:x:" + id + ":" + id +
                         ":session:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"},
      {"etc/group", "root:x:0:\ntty:x:5:\nsession:x:" + id + ":\nnogroup:x:65534:\n"},
      {"etc/hosts", "127.0.0.1 localhost " + host_name + "\n::1 localhost\n"},
      {"etc/hostname", host_name + "\n"},
      // Files only: any other module would look for sockets or a network that are not there.
      {"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"},
      {"etc/resolv.conf", "# no name server is in reach of this jail\n"},
  };
}

}  // namespace warder::tables
