// What does the jailer accept, whatever the broker asks?
#include "base/limits.h"
#include "config/host_parts.h"

namespace warder::config {
namespace {

using Field = uint64_t wire::Limits::*;

template <Field field>
void Time(Reading& reading, const YamlNode& node, wire::Limits& limits) {
  if (auto value = reading.Duration(node)) limits.*field = *value;
}
template <Field field>
void Bytes(Reading& reading, const YamlNode& node, wire::Limits& limits) {
  if (auto value = reading.Size(node)) limits.*field = *value;
}
template <Field field>
void Number(Reading& reading, const YamlNode& node, wire::Limits& limits) {
  if (auto value = reading.Count(node, 4'194'304)) limits.*field = *value;  // kernel.pid_max, fs.nr_open scale
}

constexpr KeyRule<wire::Limits> kLimits[] = {
    {"wall", Need::kOptional, Time<&wire::Limits::wall_ms>, ""},
    {"cpu", Need::kOptional, Time<&wire::Limits::cpu_ms>, ""},
    {"memory", Need::kOptional, Bytes<&wire::Limits::memory_bytes>, ""},
    {"pids", Need::kOptional, Number<&wire::Limits::pids>, ""},
    {"files", Need::kOptional, Number<&wire::Limits::files>, ""},
    {"disk", Need::kOptional, Bytes<&wire::Limits::disk_bytes>, ""},
    {"output", Need::kOptional, Bytes<&wire::Limits::output_bytes>, ""},
};

std::vector<std::string> ReadDirectories(Reading& reading, const YamlNode& node) {
  std::vector<std::string> all;
  if (!reading.IsList(node, "write a list of directories, as [/srv/work]")) return all;
  for (const YamlNode& item : node.items) {
    auto path = reading.AbsolutePath(item);
    if (!path) continue;
    if (*path == "/")
      reading.Problem(item.where, "\"/\" is the whole host", "name the directories that are needed");
    else
      all.push_back(*path);
  }
  return all;
}

void ReadTrees(Reading& reading, const YamlNode& node, wire::Bounds& bounds) {
  bounds.trees = ReadDirectories(reading, node);
}
void ReadSources(Reading& reading, const YamlNode& node, wire::Bounds& bounds) {
  bounds.sources = ReadDirectories(reading, node);
  for (const std::string& source : bounds.sources)
    for (std::string_view kernels : {"/proc", "/sys", "/dev"})
      if (IsWithin(source, kernels))
        reading.Problem(node.where, Quote(source) + " is the kernel's", "take it out: a jail has its own");
}
void ReadRoots(Reading& reading, const YamlNode& node, wire::Bounds&) {
  for (const auto& [root, where] : reading.Texts(node, "write `roots: [host-usr]`"))
    if (root != "host-usr")
      reading.Problem(where, "root " + Quote(root) + " is not built in this version", "write `roots: [host-usr]`");
}
void ReadLimits(Reading& reading, const YamlNode& node, wire::Bounds& bounds) {
  ReadMap(reading, node, "limits", kLimits, bounds.limits);
}
void ReadRunning(Reading& reading, const YamlNode& node, wire::Bounds& bounds) {
  if (auto count = reading.Count(node, 4096)) bounds.jails_running = static_cast<uint32_t>(*count);
}
void ReadWarm(Reading& reading, const YamlNode& node, wire::Bounds&) {
  if (node.kind != YamlKind::kScalar || node.text != "0")
    reading.Problem(node.where, "warm jails are not built in this version", "write `warm: 0`, or take it out");
}
constexpr KeyRule<wire::Bounds> kJails[] = {
    {"running", Need::kOptional, ReadRunning, ""},
    {"warm", Need::kOptional, ReadWarm, ""},
};
void ReadJails(Reading& reading, const YamlNode& node, wire::Bounds& bounds) {
  ReadMap(reading, node, "jails", kJails, bounds);
}
void ReadFloor(Reading& reading, const YamlNode& node, wire::Bounds&) {
  if (node.kind != YamlKind::kScalar || node.text != "namespace")
    reading.Problem(node.where, "tier " + Quote(node.text) + " is not built in this version",
                    "write `tier-floor: namespace`");
}

constexpr KeyRule<wire::Bounds> kBounds[] = {
    {"trees", Need::kOptional, ReadTrees, ""}, {"sources", Need::kOptional, ReadSources, ""},
    {"roots", Need::kOptional, ReadRoots, ""}, {"limits", Need::kOptional, ReadLimits, ""},
    {"jails", Need::kOptional, ReadJails, ""}, {"tier-floor", Need::kOptional, ReadFloor, ""},
};

}  // namespace

bool IsWithin(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

void SetDefaultBounds(wire::Bounds& bounds) {
  bounds.roots = {"host-usr"};
  bounds.limits.wall_ms = 3'600'000;
  bounds.limits.cpu_ms = 4 * bounds.limits.wall_ms;
  bounds.limits.memory_bytes = 8ull << 30;
  bounds.limits.pids = 2048;
  bounds.limits.files = 4096;
  bounds.limits.output_bytes = 64ull << 20;
  bounds.limits.disk_bytes = 20ull << 30;
  bounds.jails_running = limits::kDefaultRunningJails;
}

void ReadBounds(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "bounds", kBounds, draft.plan.bounds);
}

}  // namespace warder::config
