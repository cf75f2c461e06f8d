// What do policy files say, without a host? See policy_files.h.
#include "cli/policy_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/limits.h"
#include "base/unique_fd.h"
#include "config/bind_disk.h"
#include "config/in_force.h"
#include "policy/schema.h"
#include "policy/zones.h"
#include "sandbox/hands/program.h"
#include "wire/plan.h"

namespace warder::cli {

namespace fs = std::filesystem;

namespace {

// Everything that the file alone shows.
Result<CheckedPolicy> LoadOne(const std::string& file) {
  WARDER_TRY(std::string bytes, ReadFile(file, limits::kMaxPolicyBytes));
  policy::LoadResult loaded = policy::LoadPolicy(file, bytes);
  CheckedPolicy checked;
  checked.file = file;
  checked.usable = loaded.problems.empty();
  checked.policy = std::move(loaded.policy);
  checked.problems = std::move(loaded.problems);
  if (!checked.usable) return checked;
  checked.notes = config::BindFromDisk(checked.policy);
  struct stat status{};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & 022) != 0)
    checked.notes.push_back({{1, 1}, "its group or others may write it: no host takes it so", "chmod go-w " + file});
  // What a host would refuse of it is no fault of the policy.
  for (policy::LoadProblem& problem : config::NotEnforced(checked.policy)) checked.notes.push_back(std::move(problem));
  // Another layer leaves to the project what it does not say.
  if (checked.policy.layer == policy::LayerKind::kProject)
    for (policy::PolicySet::Problem& problem : config::DefaultsNotEnforced(checked.policy))
      checked.notes.push_back(std::move(problem.problem));
  for (policy::LoadProblem& problem : policy::BindClocks(checked.policy, std::chrono::system_clock::now()))
    checked.failures.push_back({problem.where, std::move(problem.what), std::move(problem.remedy)});
  return checked;
}

// Examples, tests and static findings of the layers together, each to its own file.
void Judge(const policy::PolicySet& set, const std::vector<CheckedPolicy*>& checked) {
  const auto of = [&](size_t layer) {
    return *std::ranges::find(checked, &set.layer(layer), [](const CheckedPolicy* one) { return &one->policy; });
  };
  for (policy::Finding& finding : policy::RunExamples(set)) {
    CheckedPolicy* one = of(finding.layer);
    if (finding.fails)
      one->failures.push_back(std::move(finding));
    else
      one->notes.push_back({finding.where, std::move(finding.what), std::move(finding.remedy)});
  }
  for (policy::lint::Found& found : policy::lint::Lint(set)) of(found.layer)->findings.push_back(std::move(found));
}

}  // namespace

Result<std::vector<CheckedPolicy>> CheckPolicyFiles(const std::vector<std::string>& files) {
  std::vector<CheckedPolicy> all;
  for (const std::string& file : files) {
    WARDER_TRY(CheckedPolicy checked, LoadOne(file));
    all.push_back(std::move(checked));
  }
  std::vector<CheckedPolicy*> together;
  std::vector<std::shared_ptr<const policy::Policy>> layers;
  for (CheckedPolicy& checked : all) {
    if (!checked.usable) continue;
    together.push_back(&checked);
    layers.emplace_back(std::shared_ptr<const policy::Policy>(), &checked.policy);  // `all` owns it
  }
  if (together.size() > 1)
    if (auto set = policy::PolicySet::Make(std::move(layers))) return Judge(*set, together), std::move(all);
  for (CheckedPolicy* checked : together) Judge(checked->policy, {checked});
  return all;
}

std::unexpected<Error> NotUsable(const std::string& file, const std::vector<policy::LoadProblem>& problems) {
  std::string told = policy::DescribeProblems(file, problems);
  while (told.ends_with('\n')) told.pop_back();
  return Fail(Code::kInvalid, file + " can not be used\n" + told);
}

Result<policy::PolicySet> LoadPolicyFiles(const std::vector<std::string>& files, void (*prepare)(policy::Policy&)) {
  std::vector<std::shared_ptr<const policy::Policy>> layers;
  for (const std::string& file : files) {
    WARDER_TRY(std::string bytes, ReadFile(file, limits::kMaxPolicyBytes));
    policy::LoadResult loaded = policy::LoadPolicy(file, bytes);
    if (!loaded.problems.empty()) return NotUsable(file, loaded.problems);
    config::BindFromDisk(loaded.policy);
    if (prepare != nullptr) prepare(loaded.policy);
    layers.push_back(std::make_shared<policy::Policy>(std::move(loaded.policy)));
  }
  auto set = policy::PolicySet::Make(std::move(layers));
  if (set) return std::move(*set);
  const policy::PolicySet::Problem& first = set.error().front();
  return Fail(Code::kInvalid, At(first.file, first.problem.where) + ": " + first.problem.what, first.problem.remedy);
}

namespace {

policy::PathFact LookAtPath(const policy::WantedPath& wanted, const std::string& directory) {
  policy::PathFact fact;
  std::error_code error;
  fs::path whole = fs::path(directory) / wanted.text;
  // delete does not follow a last symlink: its parent is resolved, its name is not.
  fs::path name = whole.lexically_normal().filename();
  bool last_stays = !wanted.follow_last && !name.empty() && name != "." && name != "..";
  fs::path resolved = last_stays ? fs::weakly_canonical(whole.lexically_normal().parent_path(), error) / name
                                 : fs::weakly_canonical(whole, error);
  if (error) {
    fact.problem = error.message();
    return fact;
  }
  std::string path = resolved;
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  fact.resolved = true;
  fact.path = path;
  struct stat status{};
  fact.exists = (last_stays ? lstat(path.c_str(), &status) : stat(path.c_str(), &status)) == 0;
  if (!fact.exists) return fact;
  fact.is_directory = S_ISDIR(status.st_mode);
  fact.dev = status.st_dev;
  fact.ino = status.st_ino;
  return fact;
}

// The commands whose programs are `#!` files become their interpreters; true where there was one.
bool RewriteScripts(policy::Call& call, const policy::Wanted& wanted, std::vector<wire::ProgramAnswer>& programs) {
  bool any = false;
  for (size_t i = 0; i < programs.size(); ++i) {
    wire::ProgramAnswer& program = programs[i];
    if (!program.found || program.interpreter.empty()) continue;
    policy::SimpleCommand& command = call.line.commands[wanted.programs[i].command];
    if (!command.script.empty() || !wire::ValidPath(program.interpreter)) {
      program.found = false;
      program.problem = command.script.empty() ? "a script whose interpreter is not an absolute path"
                                               : "an interpreter that is a script itself";
      continue;
    }
    command = policy::AsInterpreter(command, program.interpreter, program.interpreter_argument, program.path);
    any = true;
  }
  return any;
}

std::vector<wire::ProgramAnswer> LookAtPrograms(const policy::Wanted& wanted) {
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::vector<wire::ProgramAnswer> programs;
  for (const policy::WantedProgram& program : wanted.programs) {
    programs.push_back(hands::AnswerProgram(root.get(), {program.path, program.want_sha256}));
    if (program.path.empty()) programs.back().problem = "its name is bound to no file";
  }
  return programs;
}

}  // namespace

LookedUp LookUp(const policy::PolicySet& set, policy::Call& call, const std::string& workspace) {
  LookedUp found;
  std::vector<wire::ProgramAnswer> programs;
  for (int pass = 0; pass < 2; ++pass) {
    found.wanted = policy::Want(set, call);
    programs = LookAtPrograms(found.wanted);
    if (!RewriteScripts(call, found.wanted, programs)) break;
  }
  found.facts.workspace = workspace;
  for (const policy::WantedPath& path : found.wanted.paths) {
    const bool from_workspace = path.directory >= found.facts.paths.size();
    found.facts.paths.push_back(LookAtPath(path, from_workspace ? workspace : found.facts.paths[path.directory].path));
  }
  for (const wire::ProgramAnswer& program : programs)
    found.facts.programs.push_back({program.found, program.problem, program.path, program.identity.dev,
                                    program.identity.ino, program.identity.sha256, program.executable, program.readable,
                                    !program.interpreter.empty()});
  return found;
}

Status CheckProfile(const policy::Policy& policy, const std::string& profile) {
  std::vector<std::string_view> names;
  for (const policy::Profile& known : policy.profiles) names.push_back(known.name);
  if (profile.empty() || std::ranges::find(names, profile) != names.end()) return {};
  std::string remedy = policy::DidYouMean(profile, names);
  if (remedy.empty()) remedy = names.empty() ? "leave --profile out" : "name one that it has";
  return Fail(Code::kInvalid, policy.file + " has no profile " + policy::Quote(profile), remedy);
}

std::string At(const std::string& file, const policy::Where& where) {
  return file + ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
}

}  // namespace warder::cli
