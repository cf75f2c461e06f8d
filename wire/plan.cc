// What must hold of a plan whatever the bounds of the host are?
#include "wire/plan.h"

#include "base/limits.h"

namespace warder::wire {
namespace {

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Status Bad(std::string what) { return Fail(Code::kInvalid, "plan: " + std::move(what)); }

Status ValidateEnvironment(const std::vector<std::pair<std::string, std::string>>& environment) {
  if (environment.size() > 256) return Bad("more than 256 environment variables");
  for (const auto& [name, value] : environment) {
    if (name.empty() || HasNul(name) || HasNul(value) || name.find('=') != std::string::npos)
      return Bad("an environment variable without a proper name");
  }
  return {};
}

Status ValidateRedirections(const std::vector<Redirection>& redirections) {
  if (redirections.size() > 16) return Bad("more than 16 redirections of one command");
  for (const Redirection& r : redirections) {
    if (r.fd > 2) return Bad("a redirection of descriptor " + std::to_string(r.fd));
    if (r.kind == RedirectKind::kDuplicate) {
      if (r.from_fd > 2 || !r.path.empty()) return Bad("a duplication that is not of 0 to 2");
    } else if (!ValidPath(r.path)) {
      return Bad("a redirection to a path that is not canonical");
    }
  }
  return {};
}

Status ValidateCommand(const Command& command) {
  if (command.argv.empty() || command.argv.size() > limits::kMaxArgvWords)
    return Bad("a command of " + std::to_string(command.argv.size()) + " words");
  size_t bytes = 0;
  for (const std::string& word : command.argv) {
    if (HasNul(word)) return Bad("an argument with a NUL byte");
    bytes += word.size() + 1;
  }
  if (bytes > limits::kMaxArgvBytes) return Bad("an argv of " + std::to_string(bytes) + " bytes");
  WARDER_TRY_STATUS(ValidateEnvironment(command.environment));
  WARDER_TRY_STATUS(ValidateRedirections(command.redirections));
  if (command.change_directory)
    return ValidPath(command.directory) && command.program.empty() && command.redirections.empty()
               ? Status()
               : Bad("a cd that is not only a directory");
  if (!command.directory.empty()) return Bad("a directory for a command that is not cd");
  if (!ValidPath(command.program) || command.program == "/") return Bad("a program without a path");
  return {};
}

Status ValidateCommands(const std::vector<Command>& commands) {
  if (commands.empty() || commands.size() > limits::kMaxLineCommands)
    return Bad(std::to_string(commands.size()) + " commands");
  for (size_t i = 0; i < commands.size(); ++i) {
    if ((commands[i].join == Join::kFirst) != (i == 0)) return Bad("a join out of place");
    WARDER_TRY_STATUS(ValidateCommand(commands[i]));
    if (commands[i].change_directory &&
        (commands[i].join == Join::kPipe || (i + 1 < commands.size() && commands[i + 1].join == Join::kPipe)))
      return Bad("a cd in a pipeline");
  }
  return {};
}

Status ValidateView(const RunPlan& plan) {
  if (plan.trees.empty() || plan.trees.size() > 64) return Bad("no workspace, or more than 64 trees");
  for (const Tree& tree : plan.trees)
    if (!ValidPath(tree.path) || tree.path == "/" || tree.ino == 0) return Bad("a tree without a path or an inode");
  if (plan.covers.size() > limits::kMaxMasks) return Bad("more than 2048 covers");
  for (const Cover& cover : plan.covers) {
    bool beneath = false;
    for (const Tree& tree : plan.trees)
      beneath = beneath || (cover.path != tree.path && IsBeneath(cover.path, tree.path));
    if (!ValidPath(cover.path) || !beneath) return Bad("a cover outside every tree");
  }
  if (!plan.overlays.empty()) return Fail(Code::kUnsupported, "plan: overlays are not built yet");
  if (plan.network != Network::kNone) return Fail(Code::kUnsupported, "plan: network is not built yet");
  if (plan.root != "host-usr") return Fail(Code::kUnsupported, "plan: root " + plan.root + " is not built");
  return {};
}

}  // namespace

bool ValidPath(std::string_view path) {
  if (path.empty() || path[0] != '/' || path.size() > limits::kMaxPathBytes || HasNul(path)) return false;
  if (path == "/") return true;
  size_t start = 1;
  while (start <= path.size()) {
    size_t end = path.find('/', start);
    if (end == std::string_view::npos) end = path.size();
    std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return path.back() != '/';
}

bool IsBeneath(std::string_view path, std::string_view directory) {
  if (directory == "/") return !path.empty() && path[0] == '/';
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

Status ValidateRun(const RunPlan& plan) {
  WARDER_TRY_STATUS(ValidateView(plan));
  WARDER_TRY_STATUS(ValidateEnvironment(plan.environment));
  WARDER_TRY_STATUS(ValidateCommands(plan.commands));
  if (!ValidPath(plan.directory)) return Bad("a directory to start in that is not canonical");
  const Limits& l = plan.limits;
  if (l.wall_ms == 0 || l.cpu_ms == 0 || l.memory_bytes == 0 || l.pids == 0 || l.files == 0 || l.output_bytes == 0 ||
      l.disk_bytes == 0)
    return Bad("a limit of nothing");
  if (plan.descriptors.size() > 2 || plan.descriptors.empty() || plan.descriptors[0].role != DescriptorRole::kOutput ||
      (plan.descriptors.size() == 2 && plan.descriptors[1].role != DescriptorRole::kStdin))
    return Bad("descriptors other than output and stdin");
  return {};
}

Status ValidateChange(const ChangePlan& plan) {
  if (!ValidPath(plan.workspace) || plan.workspace == "/") return Bad("a change without a workspace");
  if (!ValidPath(plan.path) || plan.path == plan.workspace || !IsBeneath(plan.path, plan.workspace))
    return Bad("a change outside the workspace");
  bool content = plan.kind == ChangeKind::kWrite;
  if (plan.content_bytes > limits::kMaxFileBytes) return Bad("a write of more than 100 MB");
  if (plan.descriptors.size() != (content ? 1u : 0u) ||
      (content && plan.descriptors[0].role != DescriptorRole::kContent))
    return Bad("descriptors other than the content of a write");
  if (content != plan.trash_entry.empty()) return Bad("a trash entry where none belongs, or none");
  if (plan.trash_entry.size() > 64 || plan.trash_entry.find_first_not_of("0123456789abcdef-") != std::string::npos)
    return Bad("a trash entry with a name that is not [0-9a-f-]");
  return {};
}

Result<RunPlan> ParseRunPlan(std::string_view bytes) {
  if (bytes.size() > limits::kMaxPlanBytes) return Fail(Code::kLimit, "plan: more than 96 KiB");
  WARDER_TRY(auto plan, flat::DecodeMessage<RunPlan>(bytes));
  WARDER_TRY_STATUS(ValidateRun(plan));
  return plan;
}

Result<ChangePlan> ParseChangePlan(std::string_view bytes) {
  if (bytes.size() > limits::kMaxPlanBytes) return Fail(Code::kLimit, "plan: more than 96 KiB");
  WARDER_TRY(auto plan, flat::DecodeMessage<ChangePlan>(bytes));
  WARDER_TRY_STATUS(ValidateChange(plan));
  return plan;
}

}  // namespace warder::wire
