// What is the jail of this call told to do?
#include "broker/run_plan.h"

#include <algorithm>

#include "base/limits.h"

namespace warder::broker {
namespace {

static_assert(static_cast<int>(policy::Join::kThen) == static_cast<int>(wire::Join::kThen));
static_assert(static_cast<int>(policy::RedirectKind::kDuplicate) == static_cast<int>(wire::RedirectKind::kDuplicate));

// Where neither policy nor host says: a build uses several cores, so more than the wall time; and the
// common soft limit of descriptors.
constexpr uint64_t kCpuPerWall = 4;
constexpr uint64_t kDefaultFiles = 1024;

uint64_t Smaller(uint64_t bound, const std::optional<uint64_t>& wanted) {
  if (!wanted) return bound;
  return bound == 0 ? *wanted : std::min(bound, *wanted);
}

// The index in wanted.paths of what this part of the call names; SIZE_MAX where it was not asked for.
size_t FindPath(const LookedUp& found, const std::string& text, size_t directory, policy::Act act, bool is_directory) {
  for (size_t i = 0; i < found.wanted.paths.size(); ++i) {
    const policy::WantedPath& path = found.wanted.paths[i];
    if (path.text == text && path.directory == directory && path.act == act && path.is_directory == is_directory)
      return i;
  }
  return SIZE_MAX;
}

Result<std::string> Resolved(const LookedUp& found, size_t index, const std::string& text) {
  if (index >= found.facts.paths.size() || !found.facts.paths[index].resolved)
    return Fail(Code::kInvalid, "`" + text + "` was not resolved");
  return found.facts.paths[index].path;
}

Result<wire::Command> MakeCommand(const LookedUp& found, size_t index, size_t& directory) {
  const policy::SimpleCommand& command = found.call.line.commands[index];
  wire::Command out;
  out.join = static_cast<wire::Join>(command.join);
  out.argv = command.argv;
  out.environment = command.assignments;
  for (const policy::Redirection& redirection : command.redirections) {
    wire::Redirection to;
    to.fd = redirection.fd;
    to.kind = static_cast<wire::RedirectKind>(redirection.kind);
    to.from_fd = redirection.from_fd;
    if (redirection.kind != policy::RedirectKind::kDuplicate) {
      const policy::Act act =
          redirection.kind == policy::RedirectKind::kRead ? policy::Act::kRead : policy::Act::kWrite;
      WARDER_TRY(to.path, Resolved(found, FindPath(found, redirection.path, directory, act, false), redirection.path));
    }
    out.redirections.push_back(std::move(to));
  }
  if (command.change_directory) {
    const size_t target = FindPath(found, command.argv[1], directory, policy::Act::kRead, true);
    WARDER_TRY(out.directory, Resolved(found, target, command.argv[1]));
    out.change_directory = true;
    directory = target;
    return out;
  }
  for (size_t i = 0; i < found.wanted.programs.size(); ++i) {
    if (found.wanted.programs[i].command != index) continue;
    const policy::ProgramFact& fact = found.facts.programs[i];
    if (!fact.found) return Fail(Code::kNotFound, command.argv[0] + ": " + fact.problem);
    out.program = fact.path;
    out.identity = {fact.dev, fact.ino, fact.sha256};
    return out;
  }
  return Fail(Code::kInvalid, "`" + command.argv[0] + "` was not looked up");
}

}  // namespace

wire::Limits LimitsFor(const PlanFor& plan_for, const policy::Limits& wanted) {
  const wire::Limits& bound = plan_for.bounds.limits;
  wire::Limits out;
  out.wall_ms = Smaller(bound.wall_ms, wanted.wall_ms);
  if (plan_for.timeout_ms) out.wall_ms = std::min(out.wall_ms, *plan_for.timeout_ms);
  out.cpu_ms = Smaller(bound.cpu_ms, wanted.cpu_ms);
  if (out.cpu_ms == 0) out.cpu_ms = out.wall_ms * kCpuPerWall;
  out.memory_bytes = Smaller(bound.memory_bytes, wanted.memory_bytes);
  out.pids = Smaller(bound.pids, wanted.pids);
  out.files = Smaller(bound.files, wanted.files);
  if (out.files == 0) out.files = kDefaultFiles;
  out.output_bytes =
      std::min<uint64_t>(Smaller(bound.output_bytes, wanted.output_bytes), limits::kMaxOutputAnswerBytes);
  out.disk_bytes = Smaller(bound.disk_bytes, wanted.disk_bytes);
  return out;
}

Result<wire::RunPlan> MakeRunPlan(const PlanFor& plan_for, const LookedUp& found, const policy::Decision& decision,
                                  std::vector<wire::Cover> covers) {
  if (found.call.line.opaque)
    return Fail(Code::kUnsupported, "a line that needs a shell runs only under the exec guard, which is not built");
  wire::RunPlan plan;
  plan.session = plan_for.session;
  plan.call = plan_for.call;
  plan.agent = plan_for.agent.name;
  plan.trees = found.trees;
  if (plan.trees.empty()) return Fail(Code::kInvalid, "the workspace was not looked up");
  for (wire::Tree& tree : plan.trees)
    tree.executable = plan_for.policy.settings().executable && wire::IsBeneath(tree.path, plan.trees[0].path);
  plan.covers = std::move(covers);
  plan.environment = found.call.environment;
  plan.directory = plan_for.agent.workspace.directory;
  size_t directory = SIZE_MAX;
  if (!found.call.directory.empty()) {
    directory = FindPath(found, found.call.directory, SIZE_MAX, policy::Act::kRead, true);
    WARDER_TRY(plan.directory, Resolved(found, directory, found.call.directory));
  }
  for (size_t i = 0; i < found.call.line.commands.size(); ++i) {
    WARDER_TRY(auto command, MakeCommand(found, i, directory));
    plan.commands.push_back(std::move(command));
  }
  plan.limits = LimitsFor(plan_for, decision.limits);
  return plan;
}

}  // namespace warder::broker
