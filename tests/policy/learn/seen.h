// Calls as a log has seen them, and what a policy that was learned of them says: for the tests of policy/learn.
#pragma once

#include <nlohmann/json.hpp>

#include "policy/examples.h"
#include "policy/layer_index.h"
#include "policy/learn/learn.h"
#include "policy/record/arguments.h"
#include "tests/policy/policy_files.h"
#include "tests/policy/record/recorded.h"

namespace warder::policy {

// The learned text as a host would have it, its programs bound to the files of the world.
inline PolicySet HostOf(const Learned& learned) {
  auto policy = std::make_shared<Policy>(Loaded(learned.yaml, "learned.yaml"));
  for (Program& program : policy->programs) {
    const std::string name = program.name.substr(program.name.rfind('/') + 1);
    const auto at = std::ranges::find(kPrograms, name);
    const uint64_t inode = at == kPrograms.end() ? 900 + std::hash<std::string>()(name) % 100
                                                 : 100 + static_cast<uint64_t>(at - kPrograms.begin());
    program.files = {{program.paths.empty() ? "/usr/bin/" + name : program.paths[0], 1, inode, program.sha256}};
  }
  return std::move(*PolicySet::Make({policy}));
}

inline constexpr const char* kPolicy = R"(policy: 1
layer: project
id: seen
workspace: { mode: direct }
exec:
  - { id: all, level: auto, argv: [[git, make, cat, rm, cp, head, sh, python3, curl], ...], match: [git x] }
  - { id: show, level: auto, argv: [cat, { path: read, repeat: 1..4 }], match: [cat a] }
  - { id: copy, level: auto, argv: [cp, { path: read }, { path: write }], match: [cp a b] }
  - { id: push, level: approve, argv: [git, push, ...], match: [git push] }
  - { id: commit, level: notify, argv: [git, commit, ...], match: [git commit] }
paths:
  - { id: ws, level: auto, may: [read, write, delete], under: "${workspace}" }
  - { id: env, forbid: No., may: [read, write, delete], match: ["**/.env"] }
default-profile: p
profiles: { p: { auto: [read_file, list_directory, create_file], notify: [modify_file], approve: [delete_file] } }
)";

class Seen {
 public:
  explicit Seen(const std::string& policy = kPolicy) : set_(Bound(policy)) {}

  Seen& Run(const std::string& line, Fate fate = Fate::kDone) {
    return Add(*CallOf(Tool::kRunCommand, nlohmann::json{{"command", line}}), {{"command", line}}, "run_command", fate);
  }
  Seen& Argv(const std::vector<std::string>& argv, Fate fate = Fate::kDone) {
    return Add(*CallOf(Tool::kRunCommand, nlohmann::json{{"argv", argv}}), {{"argv", argv}}, "run_command", fate);
  }
  Seen& Use(const std::string& tool, const std::string& path, Fate fate = Fate::kDone) {
    return Add(*CallOf(*ToolNamed(tool), nlohmann::json{{"path", path}}), {{"path", path}}, tool, fate);
  }
  Result<Learned> Learn(std::set<Widen> widen = {}) const {
    LearnTerms terms;
    terms.widen = std::move(widen);
    return warder::policy::Learn(calls, terms);
  }
  std::vector<SeenCall> calls;

 private:
  static PolicySet Bound(const std::string& text) {
    auto policy = std::make_shared<Policy>(Loaded(text));
    uint64_t inode = 500;
    for (Program& program : policy->programs) program.files = {{"/usr/bin/" + program.name, 1, inode++, std::nullopt}};
    return std::move(*PolicySet::Make({policy}));
  }
  Seen& Add(const Call& call, const nlohmann::json& arguments, const std::string& tool, Fate fate) {
    Facts facts;
    facts.workspace = "/ws";
    const Wanted wanted = Want(set_, call);
    for (const WantedPath& path : wanted.paths) {
      const std::string from = path.directory == SIZE_MAX ? "/ws" : facts.paths[path.directory].path;
      facts.paths.push_back({true, "", Lexical(from, path.text), !path.text.contains("new"), path.is_directory, 1, 1});
    }
    for (const WantedProgram& program : wanted.programs) {
      ProgramFact& fact = facts.programs.emplace_back();
      for (const Program& known : set_.layer(0).programs)
        if (known.files[0].path == program.path)
          fact = {true, "", program.path, 1, known.files[0].ino, std::nullopt, true, true, false};
    }
    const Decision was = Decide(set_, call, facts, "");
    SeenCall seen;
    seen.call = calls.size() + 1;
    seen.record = 10 * seen.call;
    seen.fate = was.level == Level::kForbid ? Fate::kForbidden : fate;
    seen.level = was.level;
    seen.recorded = Record(set_, call, facts, "");
    seen.recorded.tool = tool;
    seen.recorded.arguments = arguments.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    calls.push_back(std::move(seen));
    return *this;
  }
  PolicySet set_;
};

// The learned policy's answer to a line or a tool, as a test of a policy is decided.
inline Level Says(const Learned& learned, const std::string& line) {
  Test test;
  test.run = line;
  return Trials(PolicySet(Loaded(learned.yaml))).Answer(test)->decision.level;
}
inline Level Says(const Learned& learned, const std::string& tool, const std::string& path, bool is_new = false) {
  Test test;
  test.tool = tool;
  test.path = path;
  test.is_new = is_new;
  return Trials(PolicySet(Loaded(learned.yaml))).Answer(test)->decision.level;
}
inline std::string Whys(const Learned& learned) {
  std::string all;
  for (const LeftOut& out : learned.left_out) all += out.why + " " + std::to_string(out.count) + "\n";
  return all;
}

}  // namespace warder::policy
