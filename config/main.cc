// warder-config: which flat message is this file? Reads descriptor 3 (and those behind it), writes descriptor 1, ends.
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

// One file's text.
Result<wire::ConfigAnswer> OfFile(const std::string& name, wire::ConfigAnswer (*answer)(char**, std::string_view),
                                  char** words) {
  auto bytes = ReadAll(kInput, limits::kMaxPolicyBytes);
  if (bytes) return answer(words, *bytes);
  wire::ConfigAnswer refused;
  refused.problems = name + ":1:1: " + bytes.error().ToString() + "\n";
  return refused;
}

Result<wire::ConfigAnswer> Host(int, char** words) {
  return OfFile(
      words[0],
      [](char** w, std::string_view bytes) {
        SystemAccounts accounts;
        return AnswerHost(w[0], bytes, accounts);
      },
      words);
}

Result<wire::ConfigAnswer> Policy(int, char** words) {
  return OfFile(words[1], [](char** w, std::string_view bytes) { return AnswerPolicy(w[0], w[1], bytes); }, words);
}

// What this program answered before, one descriptor a layer.
Result<std::vector<std::string>> Answered(int first, int count) {
  std::vector<std::string> policies;
  for (int fd = first; fd < first + count; ++fd) {
    WARDER_TRY(std::string bytes, ReadSealed(fd, limits::kMaxFlatConfigBytes));
    policies.push_back(std::move(bytes));
  }
  return policies;
}

Result<wire::ConfigAnswer> Layers(int count, char**) {
  WARDER_TRY(auto policies, Answered(kInput, count));
  return AnswerLayers(policies);
}

// Its text, then the layers above it.
Result<wire::ConfigAnswer> Workspace(int count, char** words) {
  WARDER_TRY(std::string bytes, ReadSealed(kInput, limits::kMaxPolicyBytes));
  WARDER_TRY(auto above, Answered(kInput + 1, count - 1));
  return AnswerBeside("workspace", words[0], bytes, above);
}

// Its text, then the layers that it would stand beside.
Result<wire::ConfigAnswer> Candidate(int count, char** words) {
  WARDER_TRY(std::string bytes, ReadSealed(kInput, limits::kMaxPolicyBytes));
  WARDER_TRY(auto others, Answered(kInput + 1, count - 2));
  return AnswerBeside(words[0], words[1], bytes, others);
}

constexpr struct {
  std::string_view what;
  int least, most;  // words
  Result<wire::ConfigAnswer> (*answer)(int count, char** words);
} kForms[] = {{"host", 1, 1, Host},
              {"policy", 2, 2, Policy},
              {"layers", 1, 3, Layers},
              {"workspace", 2, 4, Workspace},
              {"candidate", 2, 4, Candidate}};

int Main(int argc, char** argv) {
  const auto* form = std::begin(kForms);
  while (form != std::end(kForms) &&
         (argc < 2 || form->what != argv[1] || argc - 2 < form->least || argc - 2 > form->most))
    ++form;
  if (form == std::end(kForms)) {
    std::fputs(
        "warder-config: started wrongly; it is warderd's: warder-config host NAME | policy LAYER NAME | "
        "layers NAME… | workspace NAME LAYER-NAME… | candidate LAYER NAME LAYER-NAME…\n",
        stderr);
    return 2;
  }
  Status done = GiveUp();
  if (done) {
    auto answer = form->answer(argc - 2, argv + 2);
    done = answer ? WriteAll(kOutput, flat::EncodeMessage(*answer)) : Status(std::unexpected(answer.error()));
  }
  if (done) return 0;
  std::fprintf(stderr, "warder-config: %s\n", done.error().ToString().c_str());
  return 3;
}

}  // namespace
}  // namespace warder::config

int main(int argc, char** argv) { return warder::config::Main(argc, argv); }
