// How do the host file and the policies become values, without root reading YAML and without waiting?
//
// Each file is opened here, its owner and mode checked on the descriptor, and read by one warder-config
// (a uid of its own, its own rlimits, kConfigTimeout). All or nothing: one bad file and the load has failed, with the
// loader's words.
#pragma once

#include <string>
#include <vector>

#include "sandbox/jailer/spawn.h"
#include "wire/host_plan.h"

namespace warder::jailer {

struct LoadedPolicy {
  std::string path;
  Digest digest{};
  UniqueFd bytes;  // sealed
};
struct Configuration {
  wire::HostPlan host;
  UniqueFd host_bytes;  // sealed
  std::vector<LoadedPolicy> policies;
};

// By descriptor: a regular file of one of these owners that nobody else may write. Through no symlink, so that the path
// that config/ compared with the workspaces is the real one.
Result<UniqueFd> OpenOwned(const std::string& path, const std::vector<uint32_t>& owners);

// Of the loaded policy with this path, which is there: what was loaded is whole.
int BytesOf(const Configuration& configuration, const std::string& path);

class ConfigLoad {
 public:
  ConfigLoad(std::string program, std::string host_file, bool embedded);
  // Advances as far as it can; true when finished. Call it when the child has ended, and now and then.
  bool Advance(uint64_t now_ns);
  // child() has been reaped with this status.
  void Ended(int wait_status);
  const Child& child() const { return child_; }
  // After the end: the configuration, or what is wrong. `failed_file` names the file of the failure.
  Result<Configuration> Take();
  const std::string& failed_file() const { return file_; }
  const Digest& failed_digest() const { return digest_; }  // of its bytes; zeroes where it could not be read

 private:
  Status Begin(uint64_t now_ns);
  Status Accept();
  Status AcceptHost(const std::string& bytes);
  // Whether the part in work is read from answers that were accepted before, not from a file.
  bool together() const { return next_part_ > files_; }
  std::string program_, host_file_;
  bool embedded_;
  Configuration result_;
  Status status_;
  std::string file_;  // in work
  Digest digest_{};   // of its bytes
  // What is read after the host file: each policy alone, then the layers of each agent together.
  std::vector<std::vector<wire::LayerFile>> parts_;
  size_t next_part_ = 0;  // of parts_; the one before it is in work
  size_t files_ = 0;      // parts_ that are one file
  bool begun_ = false;    // a child for the part was started
  Child child_;
  UniqueFd answer_;
  uint64_t deadline_ns_ = 0;
  int wait_status_ = 0;
};

}  // namespace warder::jailer
