// Where do the shells run, and what did they do there? A jail without rights, made by bubblewrap.
//
// User, mount, pid, network, IPC and UTS namespaces of its own; an empty root with /usr read-only; no capability; as
// uid 65534 outside where the test has root. Lines that a shell reads in another way than we do are hostile code.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace warder::shells {

// Where a descriptor leads. Inodes are those of the jail.
struct Stream {
  uint64_t flags = 0;  // access mode and O_APPEND; UINT64_MAX: closed
  uint64_t type = 0;   // S_IFMT
  uint64_t inode = 0;
};

// One start of a stub program.
struct Record {
  std::vector<std::string> argv, environment;
  std::string directory;
  Stream streams[3];
  uint64_t apart[3] = {};  // of 0 and 1, 0 and 2, 1 and 2: one open file (0), two (1), not known (2)
  uint64_t others = 0;     // further open descriptors
};

struct Entry {
  uint64_t inode = 0;
  uint64_t size = 0;  // UINT64_MAX: a directory
};

struct Seen {
  bool timed_out = false;
  int status = 0;  // wait(2)
  std::string errors, output;
  std::vector<Record> records;                            // in the order of their starts
  uint64_t in = 0, out = 0, err = 0, null = 0, root = 0;  // inodes of the shell's streams, of /dev/null and of /w
  std::map<std::string, Entry> tree;                      // below /w, by path
};

struct Job {
  std::vector<std::string> argv, environment;   // of the shell
  std::vector<std::string> programs;            // names that PATH must have
  std::vector<std::string> directories, files;  // below /w, parents first; a file holds one byte
};

class Jail {
 public:
  // Nothing, with the reason in `why`, where the machine can not make one.
  static std::unique_ptr<Jail> Start(std::string& why);
  ~Jail();
  Jail(const Jail&) = delete;
  Jail& operator=(const Jail&) = delete;
  // Nothing once the jail broke down.
  std::optional<Seen> Run(const Job& job);

 private:
  Jail(pid_t pid, int to, int from) : pid_(pid), to_(to), from_(from) {}
  pid_t pid_;
  int to_, from_;
};

}  // namespace warder::shells
