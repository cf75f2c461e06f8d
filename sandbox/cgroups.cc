// How are the control groups of jails found, made and removed? See cgroups.h; cgroups(7).
#include "sandbox/cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/file.h"

namespace warder::jailer {
namespace {

constexpr size_t kMaxProcBytes = 1024 * 1024;
constexpr std::string_view kWanted[] = {"memory", "pids", "cpu"};

// What each jail's groups are told. A file that is not there is trouble only where `required`.
struct Setting {
  std::string_view controller;
  const char* v1;
  const char* v2;
  uint64_t wire::Limits::* value;  // nullptr: 0
  bool required;
};
constexpr Setting kSettings[] = {
    {"memory", "memory.swappiness", nullptr, nullptr, false},
    {"memory", "memory.limit_in_bytes", "memory.max", &wire::Limits::memory_bytes, true},
    // Memory and swap together: without it a jail swaps past its limit. Absent where the kernel has no swap.
    {"memory", "memory.memsw.limit_in_bytes", nullptr, &wire::Limits::memory_bytes, false},
    {"memory", nullptr, "memory.swap.max", nullptr, false},
    {"pids", "pids.max", "pids.max", &wire::Limits::pids, true},
};

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end; !text.empty(); text.remove_prefix(std::min(end + 1, text.size()))) {
    end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
  }
  return parts;
}

bool Lists(std::string_view text, char separator, std::string_view word) {
  auto parts = Split(text, separator);
  return std::find(parts.begin(), parts.end(), word) != parts.end();
}

Status WriteAt(int directory, const char* file, std::string_view text) {
  UniqueFd fd(openat(directory, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd || write(fd.get(), text.data(), text.size()) < 0) return FailErrno(std::string("cgroup: ") + file);
  return {};
}

UniqueFd OpenDirectory(int at, const char* path) {
  return UniqueFd(openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Our own group in the hierarchy: the line "N:controllers:PATH" of /proc/self/cgroup; v2's controllers are empty.
std::string OwnGroup(const std::string& lines, const std::string& controller) {
  for (std::string_view line : Split(lines, '\n')) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string_view names = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? names.empty() : Lists(names, ',', controller)) return std::string(line.substr(second + 1));
  }
  return "/";
}

// Where the hierarchy is mounted, by proc_pid_mountinfo(5): "… ROOT MOUNTPOINT … - FSTYPE SOURCE OPTIONS".
std::string MountPoint(const std::string& lines, const std::string& controller) {
  for (std::string_view line : Split(lines, '\n')) {
    size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    auto left = Split(line.substr(0, dash), ' '), right = Split(line.substr(dash + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    if (controller.empty() ? right[0] == "cgroup2" : right[0] == "cgroup" && Lists(right[2], ',', controller))
      return std::string(left[4]);
  }
  return "";
}

// Our own group's directory, or the mount's root where a namespace hides it. kNotFound: not mounted at all.
Result<UniqueFd> OpenHierarchy(const std::string& controller) {
  WARDER_TRY(std::string mounts, ReadFile("/proc/self/mountinfo", kMaxProcBytes));
  WARDER_TRY(std::string groups, ReadFile("/proc/self/cgroup", kMaxProcBytes));
  std::string mount = MountPoint(mounts, controller), name = controller.empty() ? "v2" : controller;
  if (mount.empty()) return Fail(Code::kNotFound, "cgroup " + name + " is not mounted");
  UniqueFd fd = OpenDirectory(AT_FDCWD, (mount + OwnGroup(groups, controller)).c_str());
  if (!fd) fd = OpenDirectory(AT_FDCWD, mount.c_str());
  struct statfs status;
  if (!fd || fstatfs(fd.get(), &status) != 0 ||
      static_cast<uint64_t>(status.f_type) != (controller.empty() ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
    return Fail(Code::kUnsupported, "cgroup " + name + " at " + mount + " is hidden by another mount",
                "unmount what lies over it; warder runs nothing without its limits");
  return fd;
}

}  // namespace

bool Cgroups::Served(const std::string& controller) const {
  return std::any_of(hierarchies_.begin(), hierarchies_.end(),
                     [&](const Hierarchy& h) { return Lists(h.controllers, ' ', controller); });
}

Status Cgroups::EnterHierarchy(Hierarchy h) {
  if (mkdirat(h.base.get(), name_.c_str(), 0755) != 0 && errno != EEXIST)
    return FailErrno("cgroup " + h.controllers + ": mkdir " + name_);
  h.parent = OpenDirectory(h.base.get(), name_.c_str());
  if (!h.parent) return FailErrno("cgroup " + h.controllers + ": " + name_);
  hierarchies_.push_back(std::move(h));
  return {};
}

Status Cgroups::AddV2() {
  Hierarchy h;
  h.v2 = true;
  WARDER_TRY(h.base, OpenHierarchy(""));
  std::string enable;
  UniqueFd list(openat(h.base.get(), "cgroup.controllers", O_RDONLY | O_CLOEXEC));
  WARDER_TRY(std::string there, ReadAll(list.get(), kMaxProcBytes));
  if (!there.empty()) there.pop_back();  // the newline
  for (std::string_view name : kWanted)
    if (Lists(there, ' ', name)) enable += (enable.empty() ? "+" : " +") + std::string(name);
  h.controllers = there;
  if (!enable.empty() && !WriteAt(h.base.get(), "cgroup.subtree_control", enable)) {
    // A group with processes of its own can not hand controllers on (cgroups(7)): step aside into a leaf.
    if (mkdirat(h.base.get(), "warder-own", 0755) != 0 && errno != EEXIST) return FailErrno("cgroup v2: mkdir");
    UniqueFd leaf = OpenDirectory(h.base.get(), "warder-own");
    WARDER_TRY_STATUS(WriteAt(leaf.get(), "cgroup.procs", "0"));
    if (!WriteAt(h.base.get(), "cgroup.subtree_control", enable))
      return Fail(Code::kUnsupported, "cgroup v2 does not hand " + enable + " on: other processes share our group",
                  "start warderd as a service with Delegate=yes");
  }
  WARDER_TRY_STATUS(EnterHierarchy(std::move(h)));
  const Hierarchy& made = hierarchies_.back();
  if (!enable.empty()) WARDER_TRY_STATUS(WriteAt(made.parent.get(), "cgroup.subtree_control", enable));
  if (faccessat(made.parent.get(), "cgroup.kill", W_OK, 0) != 0)
    return Fail(Code::kUnsupported, "cgroup v2 has no cgroup.kill", "warder needs Linux 5.14 or newer");
  return {};
}

Status Cgroups::AddV1(const std::string& controller, bool required) {
  auto base = OpenHierarchy(controller);
  if (!base && !required) return {};
  if (!base && base.error().code == Code::kNotFound)
    return Fail(Code::kUnsupported, "no cgroup, v1 or v2, limits " + controller, "mount or delegate it");
  if (!base) return std::unexpected(base.error());
  return EnterHierarchy({.controllers = controller, .base = std::move(*base), .parent = {}, .v2 = false});
}

Result<Cgroups> Cgroups::Open(const std::string& name) {
  Cgroups groups;
  groups.name_ = name;
  WARDER_TRY_STATUS(groups.AddV2());
  for (std::string_view controller : kWanted)
    if (std::string word(controller); !groups.Served(word)) WARDER_TRY_STATUS(groups.AddV1(word, word != "cpu"));
  groups.KillAll();
  for (const Hierarchy& h : groups.hierarchies_) {
    int copy = openat(h.parent.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(copy), closedir);
    while (dirent* entry = entries ? readdir(entries.get()) : nullptr)
      if (entry->d_type == DT_DIR && entry->d_name[0] != '.') groups.Remove(entry->d_name);
  }
  return groups;
}

Result<JailGroup> Cgroups::Make(const std::string& name) const {
  JailGroup group{.name = name, .directories = {}, .kill = {}, .cpu = {}, .memory_events = {}, .procs = {}};
  for (const Hierarchy& h : hierarchies_) {
    if (mkdirat(h.parent.get(), name.c_str(), 0755) != 0) return FailErrno("cgroup: mkdir " + name);
    UniqueFd made = OpenDirectory(h.parent.get(), name.c_str());
    if (!made) return FailErrno("cgroup: " + name);
    if (Lists(h.controllers, ' ', "memory"))
      group.memory_events =
          UniqueFd(openat(made.get(), h.v2 ? "memory.events" : "memory.oom_control", O_RDONLY | O_CLOEXEC));
    // `tasks` and not `cgroup.procs`: moving the writing thread alone needs no global lock, whose RCU grace period
    // is 6 ms a hierarchy (cgroup_procs_write_start of the kernel).
    if (!h.v2) group.procs.emplace_back(openat(made.get(), "tasks", O_WRONLY | O_CLOEXEC));
    if (h.v2) group.cpu = UniqueFd(openat(made.get(), "cpu.stat", O_RDONLY | O_CLOEXEC));
    if (h.v2) group.kill = UniqueFd(openat(made.get(), "cgroup.kill", O_WRONLY | O_CLOEXEC));
    group.directories.push_back(std::move(made));
  }
  if (!group.kill || !group.cpu || !group.memory_events)
    return Fail(Code::kSystem, "cgroup " + name + ": its files can not be opened");
  return group;
}

Status Cgroups::Limit(const JailGroup& group, const wire::Limits& limits) const {
  for (size_t i = 0; i < hierarchies_.size(); ++i) {
    for (const Setting& s : kSettings) {
      const char* file = hierarchies_[i].v2 ? s.v2 : s.v1;
      if (file == nullptr || !Lists(hierarchies_[i].controllers, ' ', s.controller)) continue;
      auto written =
          WriteAt(group.directories.at(i).get(), file, std::to_string(s.value == nullptr ? 0 : limits.*s.value));
      if (!written && s.required) return written;
    }
  }
  return {};
}

bool Cgroups::Remove(const std::string& name) const {
  bool gone = true;
  for (const Hierarchy& h : hierarchies_)
    gone = (unlinkat(h.parent.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) && gone;
  return gone;
}

void Cgroups::KillAll() const { (void)WriteAt(hierarchies_[0].parent.get(), "cgroup.kill", "1"); }

void Cgroups::RemoveAll() {
  for (const Hierarchy& h : hierarchies_) unlinkat(h.base.get(), name_.c_str(), AT_REMOVEDIR);
}

std::string Cgroups::Describe() const {
  std::string text = "kill v2";
  for (std::string_view name : kWanted)
    for (const Hierarchy& h : hierarchies_)
      if (Lists(h.controllers, ' ', name)) text += ", " + std::string(name) + (h.v2 ? " v2" : " v1");
  return text;
}

}  // namespace warder::jailer
