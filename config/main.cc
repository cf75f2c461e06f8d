// warder-config: which flat message is this file? Reads descriptor 3, writes descriptor 1, and
// ends.
//
// Untrusted bytes meet YAML and regex parsers here and nowhere else in a host: as nobody, with
// limits of memory, time and descriptors, without a way to gain privilege or to start a program.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "base/archive.h"
#include "base/file.h"
#include "base/limits.h"
#include "config/answer.h"

namespace warder::config {
namespace {

constexpr int kInput = 3;
constexpr int kOutput = 1;

Status Bound(int resource, rlim_t most, const char* what) {
  rlimit limit{most, most};
  if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return FailErrno(what);
  return {};
}

Status GiveUp() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("no_new_privs");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
#ifndef WARDER_SANITIZED  // address sanitizer reserves terabytes of addresses
  WARDER_TRY_STATUS(Bound(RLIMIT_AS, limits::kConfigMemoryBytes, "RLIMIT_AS"));
#endif
  WARDER_TRY_STATUS(Bound(RLIMIT_CPU, static_cast<rlim_t>(limits::kConfigTimeout.count()), "RLIMIT_CPU"));
  WARDER_TRY_STATUS(Bound(RLIMIT_NOFILE, 32, "RLIMIT_NOFILE"));  // accounts and programs are looked up one by one
  WARDER_TRY_STATUS(Bound(RLIMIT_FSIZE, 2 * limits::kMaxFlatConfigBytes, "RLIMIT_FSIZE"));
  WARDER_TRY_STATUS(Bound(RLIMIT_NPROC, 0, "RLIMIT_NPROC"));
  // 1, not 0: a limit of 0 does not stop a core_pattern that is a pipe.
  return Bound(RLIMIT_CORE, 1, "RLIMIT_CORE");
}

Status Answer(bool host, const std::string& name) {
  wire::ConfigAnswer answer;
  auto bytes = ReadAll(kInput, limits::kMaxPolicyBytes);
  if (!bytes) {
    answer.problems = name + ":1:1: " + bytes.error().ToString() + "\n";
  } else if (host) {
    SystemAccounts accounts;
    answer = AnswerHost(name, *bytes, accounts);
  } else {
    answer = AnswerPolicy(name, *bytes);
  }
  return WriteAll(kOutput, flat::EncodeMessage(answer));
}

int Main(int argc, char** argv) {
  std::string_view what = argc > 1 ? argv[1] : "";
  bool host = what == "host" && (argc == 2 || argc == 3);
  bool policy = what == "policy" && argc == 3;
  if (!host && !policy) {
    std::fputs(
        "warder-config: started wrongly; it is warderd's: warder-config host [NAME] | policy "
        "NAME\n",
        stderr);
    return 2;
  }
  Status done = GiveUp();
  if (done) done = Answer(host, argc == 3 ? argv[2] : "the host file");
  if (done) return 0;
  std::fprintf(stderr, "warder-config: %s\n", done.error().ToString().c_str());
  return 3;
}

}  // namespace
}  // namespace warder::config

int main(int argc, char** argv) { return warder::config::Main(argc, argv); }
