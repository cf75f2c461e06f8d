// How are argv lists, connectors and redirections turned into what a POSIX shell does with them?
//
// The slow and obvious way: XCU 2.7 (redirections in their order, behind the pipe), 2.9.2 and 2.9.3 (pipelines, lists
// from left to right). A file system of names stands for the work directory.
#include "tests/policy/shells/expect.h"

#include <fcntl.h>

#include <algorithm>

#include "policy/line_words.h"

namespace warder::shells {
namespace {

using policy::CommandLine;
using policy::Join;
using policy::Redirection;
using policy::RedirectKind;
using policy::SimpleCommand;

constexpr char kStart[] = "/w/start";
constexpr size_t kMaxName = 255;

uint32_t Mix(uint32_t hash, const std::string& text) {  // as stub.c does
  for (size_t i = 0; i <= text.size(); ++i) hash = (hash ^ static_cast<unsigned char>(text.c_str()[i])) * 16777619u;
  return hash;
}

bool Fails(const std::vector<std::string>& argv, const Exits& exits) {
  if (exits == "0" || exits == "1") return exits == "1";
  uint32_t hash = Mix(2166136261u, exits);
  for (const std::string& word : argv) hash = Mix(hash, word);
  return ((hash >> 7) & 1) != 0;
}

class Predictor {
 public:
  Predictor(const CommandLine& line, const Exits& exits) : line_(line), exits_(exits) {
    tree_[kStart] = true;
    out_.tree = tree_;
  }

  // What the line names, as if all of it ran: for Ground::kDirectories and kAll.
  void Prepare(bool files) {
    std::string here = kStart;
    for (const SimpleCommand& command : line_.commands) {
      if (command.change_directory) here = Make(here, command.argv[1], true);
      for (const Redirection& redirection : command.redirections) {
        if (redirection.kind == RedirectKind::kDuplicate) continue;
        const size_t slash = redirection.path.rfind('/');
        if (slash != std::string::npos && slash > 0) Make(here, redirection.path.substr(0, slash), true);
        if (files) Make(here, redirection.path, false);
      }
    }
  }

  Expected Predict() {
    before_ = tree_;
    for (const auto& [path, directory] : tree_) (directory ? out_.job.directories : out_.job.files).push_back(path);
    std::string here = kStart;
    bool failed = false;
    const auto& commands = line_.commands;
    for (size_t i = 0; i < commands.size() && out_.left_out.empty();) {
      size_t end = i + 1;
      while (end < commands.size() && commands[end].join == Join::kPipe) ++end;
      const Join join = commands[i].join;
      if ((join == Join::kAnd && failed) || (join == Join::kOr && !failed)) {
        i = end;
        continue;
      }
      if (commands[i].change_directory) {
        const std::optional<std::string> there = Resolve(here, commands[i].argv[1]);
        failed = !there || !IsDirectory(*there);
        if (failed)
          out_.complains = true;
        else
          here = *there;
      } else {
        failed = Pipeline(i, end, here);
      }
      i = end;
    }
    for (const SimpleCommand& command : commands) CheckProgram(command);
    out_.succeeds = !failed;
    out_.tree = tree_;
    if (!out_.left_out.empty()) out_.pipelines.clear();
    return std::move(out_);
  }

 private:
  void LeaveOut(const char* why) {
    if (out_.left_out.empty()) out_.left_out = why;
  }

  void CheckProgram(const SimpleCommand& command) {
    const std::string& name = command.argv[0];
    if (command.change_directory) return;
    if (policy::IsShellOnly(name)) return LeaveOut("a builtin that is no program");
    if (IsFileAndBuiltin(name)) return LeaveOut("a program that is a builtin too");
    if (name.contains('/')) return LeaveOut("a program by its path");
    if (name == ".." || name.size() > kMaxName) return LeaveOut("a name that no file can have");
    out_.job.programs.push_back(name);
  }

  bool IsDirectory(const std::string& path) const {
    if (path == "/w") return true;
    const auto found = tree_.find(path);
    return found != tree_.end() && found->second;
  }

  // The path without `.` and `..`; nothing where a directory on the way is missing. What is not below /w is left out.
  std::optional<std::string> Resolve(const std::string& here, const std::string& path) {
    if (path == "/dev/null") return path;
    if (path.size() > 2000) LeaveOut("a very long path");
    std::string at = here;
    if (path.starts_with("/")) {
      if (!path.starts_with("/w/start/") && !path.starts_with("/w/x")) {
        LeaveOut("a path outside");
        return std::nullopt;
      }
      at = "";
    }
    for (size_t i = 0; i < path.size();) {
      const size_t end = std::min(path.find('/', i), path.size());
      const std::string name = path.substr(i, end - i);
      const bool more = end < path.size();
      i = end + 1;
      if (name.empty() && i < path.size()) continue;
      if (name.size() > kMaxName) return std::nullopt;
      if (name == "..") {
        if (at.empty() || at == "/w") LeaveOut("a path outside");
        at = at.substr(0, at.rfind('/'));
        continue;
      }
      if (!name.empty() && name != ".") at += "/" + name;
      // Behind a slash there must be a directory.
      if (more && !IsDirectory(at)) return std::nullopt;
    }
    return at;
  }

  // Makes it where its name allows; the way to it always.
  std::string Make(const std::string& here, const std::string& path, bool directory) {
    std::string at = path.starts_with("/") ? "" : here;
    if (at.empty() && !path.starts_with("/w/")) return here;
    for (size_t i = 0; i < path.size();) {
      const size_t end = std::min(path.find('/', i), path.size());
      const std::string name = path.substr(i, end - i);
      const bool more = end < path.size();
      i = end + 1;
      if (name.empty() || name == ".") continue;
      if (name.size() > kMaxName || at.size() > 2000) return here;
      if (name == "..") {
        if (at == "/w") return here;
        at = at.substr(0, at.rfind('/'));
        continue;
      }
      at += "/" + name;
      if (at == "/w") continue;
      if (!tree_.contains(at)) tree_[at] = more || directory;
      if (!tree_[at]) return here;
    }
    return at;
  }

  // Whether it fails.
  bool Pipeline(size_t begin, size_t end, const std::string& here) {
    std::vector<Start> starts;
    bool failed = false;
    std::map<std::string, std::set<size_t>> touched;  // by which parts: more than one means a race
    std::set<std::string> created;
    for (size_t i = begin; i < end; ++i) {
      const SimpleCommand& command = line_.commands[i];
      Start start{command.argv, {}, here, {}};
      start.streams[0] = {Target::kIn, 0, "", O_RDONLY, 1};
      start.streams[1] = {Target::kOut, 0, "", O_WRONLY, 2};
      start.streams[2] = {Target::kErr, 0, "", O_WRONLY, 3};
      if (i > begin) start.streams[0] = {Target::kPipe, i, "", O_RDONLY, 1000 + 2 * i};
      if (i + 1 < end) start.streams[1] = {Target::kPipe, i + 1, "", O_WRONLY, 1000 + 2 * i + 3};
      for (const auto& [name, value] : command.assignments) start.assigned[name] = value;
      failed = false;
      for (const Redirection& redirection : command.redirections) {
        if (redirection.kind == RedirectKind::kDuplicate) {
          start.streams[redirection.fd] = start.streams[redirection.from_fd];
          continue;
        }
        const std::optional<std::string> path = Resolve(here, redirection.path);
        if (path) touched[*path].insert(i);
        failed = !path || !Open(*path, redirection, start.streams[redirection.fd], created);
        if (failed) break;
      }
      if (failed) out_.complains = true;
      if (failed) continue;
      failed = Fails(command.argv, exits_);
      starts.push_back(std::move(start));
    }
    for (const std::string& path : created)
      if (touched[path].size() > 1) LeaveOut("a race for a new file within a pipeline");
    out_.pipelines.push_back(std::move(starts));
    return failed;
  }

  bool Open(const std::string& path, const Redirection& redirection, Target& target, std::set<std::string>& created) {
    const bool reads = redirection.kind == RedirectKind::kRead;
    if (path != "/dev/null") {
      const bool there = path == "/w" || tree_.contains(path);
      if (reads ? !there : there && IsDirectory(path)) return false;
      if (!there) {
        if (!IsDirectory(path.substr(0, path.rfind('/'))) || redirection.path.ends_with("/")) return false;
        tree_[path] = false;
        created.insert(path);
      }
      if (redirection.kind == RedirectKind::kTruncate) out_.emptied.insert(path);
    }
    target = {Target::kPath, 0, path, static_cast<uint64_t>(reads ? O_RDONLY : O_WRONLY), ++opened_};
    if (redirection.kind == RedirectKind::kAppend) target.flags |= O_APPEND;
    return true;
  }

  const CommandLine& line_;
  const Exits& exits_;
  std::map<std::string, bool> tree_, before_;
  size_t opened_ = 10;
  Expected out_;
};

}  // namespace

bool IsFileAndBuiltin(std::string_view name) {
  for (std::string_view both : {"echo", "printf", "test", "[", "true", "false", "pwd", "kill"})
    if (name == both) return true;
  return false;
}

Expected Expect(const CommandLine& line, Ground ground, const Exits& exits) {
  Predictor predictor(line, exits);
  if (ground != Ground::kBare) predictor.Prepare(ground == Ground::kAll);
  Expected expected = predictor.Predict();
  expected.job.environment = {"PATH=/stub", "STUB_EXITS=" + exits, "KEPT=as it was"};
  return expected;
}

}  // namespace warder::shells
