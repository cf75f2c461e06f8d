// What do policy files say, without a host? See policy_files.h.
#include "cli/policy_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "config/bind_disk.h"
#include "config/in_force.h"
#include "policy/schema.h"
#include "policy/zones.h"

namespace warder::cli {

namespace fs = std::filesystem;

Result<CheckedPolicy> CheckPolicyFile(const std::string& file) {
  WARDER_TRY(std::string bytes, ReadFile(file, limits::kMaxPolicyBytes));
  policy::LoadResult loaded = policy::LoadPolicy(file, bytes);
  CheckedPolicy checked;
  checked.file = file;
  checked.usable = loaded.problems.empty();
  checked.policy = std::move(loaded.policy);
  checked.problems = std::move(loaded.problems);
  if (!checked.usable) return checked;
  checked.notes = config::BindFromDisk(checked.policy);
  for (const policy::ExecRule& rule : checked.policy.exec)
    for (const policy::Element& element : rule.argv)
      if (element.kind == policy::ElementKind::kWords &&
          std::ranges::any_of(element.words, [](const std::string& word) { return word.contains('*'); }))
        checked.notes.push_back({element.where, "a * in a word of argv is that character, no wildcard",
                                 "write { path: read }, { re: \"…\" } or ... where more is meant"});
  struct stat status{};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & 022) != 0)
    checked.notes.push_back({{1, 1}, "its group or others may write it: no host takes it so", "chmod go-w " + file});
  // What a host would refuse of it is no fault of the policy.
  for (policy::LoadProblem& problem : config::NotEnforced(checked.policy)) checked.notes.push_back(std::move(problem));
  // Another layer leaves to the project what it does not say.
  if (checked.policy.layer == policy::LayerKind::kProject)
    for (policy::PolicySet::Problem& problem : config::DefaultsNotEnforced(checked.policy))
      checked.notes.push_back(std::move(problem.problem));
  for (policy::Finding& finding : policy::RunExamples(checked.policy)) {
    if (finding.fails)
      checked.findings.push_back(std::move(finding));
    else
      checked.notes.push_back({finding.where, std::move(finding.what), std::move(finding.remedy)});
  }
  for (policy::LoadProblem& problem : policy::CheckZones(checked.policy))
    checked.findings.push_back({problem.where, std::move(problem.what), std::move(problem.remedy)});
  for (policy::PolicySet::Problem& problem : policy::CheckSet(checked.policy))
    checked.findings.push_back(
        {problem.problem.where, std::move(problem.problem.what), std::move(problem.problem.remedy)});
  return checked;
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

policy::ProgramFact LookAtProgram(const policy::WantedProgram& wanted) {
  policy::ProgramFact fact;
  if (wanted.path.empty()) {
    fact.problem = "its name is bound to no file";
    return fact;
  }
  std::error_code error;
  fs::path resolved = fs::canonical(wanted.path, error);
  struct stat status{};
  if (error || stat(resolved.c_str(), &status) != 0) {
    fact.problem = wanted.path + " is not there";
    return fact;
  }
  fact.found = true;
  fact.path = resolved;
  fact.dev = status.st_dev;
  fact.ino = status.st_ino;
  fact.executable = S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0;
  fact.readable = access(resolved.c_str(), R_OK) == 0;
  if (!wanted.want_sha256) return fact;
  if (Result<std::string> bytes = ReadFile(resolved, 1ull << 30)) fact.sha256 = HashSha256(*bytes);
  return fact;
}

}  // namespace

policy::Facts LookUp(const policy::Wanted& wanted, const std::string& workspace) {
  policy::Facts facts;
  facts.workspace = workspace;
  for (const policy::WantedPath& path : wanted.paths) {
    bool from_workspace = path.directory >= facts.paths.size();
    facts.paths.push_back(LookAtPath(path, from_workspace ? workspace : facts.paths[path.directory].path));
  }
  for (const policy::WantedProgram& program : wanted.programs) facts.programs.push_back(LookAtProgram(program));
  return facts;
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
