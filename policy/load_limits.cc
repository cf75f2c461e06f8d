// What may `limits` say, of a layer and of a rule?
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

using Field = std::optional<uint64_t> Limits::*;

template <Field field>
void Time(Reading& reading, const YamlNode& node, Limits& limits) {
  limits.*field = reading.Duration(node);
}
template <Field field>
void Bytes(Reading& reading, const YamlNode& node, Limits& limits) {
  limits.*field = reading.Size(node);
}
template <Field field>
void Number(Reading& reading, const YamlNode& node, Limits& limits) {
  limits.*field = reading.Count(node);
}

constexpr KeyRule<Limits> kOfRule[] = {
    {"wall",
     Need::kOptional,
     Time<&Limits::wall_ms>,
     "",
     {shape::Duration, "Time on the clock", "2m", "the host's largest", "smallest"}},
    {"cpu",
     Need::kOptional,
     Time<&Limits::cpu_ms>,
     "",
     {shape::Duration, "Time of all processors", "4m", "the host's largest", "smallest"}},
    {"memory",
     Need::kOptional,
     Bytes<&Limits::memory_bytes>,
     "",
     {shape::Size, "Memory", "2GiB", "the host's largest", "smallest"}},
    {"pids",
     Need::kOptional,
     Number<&Limits::pids>,
     "",
     {shape::UsualCount, "Processes and threads", "256", "the host's largest", "smallest"}},
    {"files",
     Need::kOptional,
     Number<&Limits::files>,
     "",
     {shape::UsualCount, "Open files of a process", "1024", "the host's largest", "smallest"}},
    {"output",
     Need::kOptional,
     Bytes<&Limits::output_bytes>,
     "",
     {shape::Size, "Output that is kept", "2MiB", "the host's largest", "smallest"}},
    {"disk",
     Need::kOptional,
     Bytes<&Limits::disk_bytes>,
     "",
     {shape::Size, "Bytes written to the workspace and tmp", "1GiB", "the host's largest", "smallest"}},
};
// Not in a rule: read-file is of the tool read_file, concurrent of the session.
constexpr KeyRule<Limits> kOfLayer[] = {
    kOfRule[0],
    kOfRule[1],
    kOfRule[2],
    kOfRule[3],
    kOfRule[4],
    kOfRule[5],
    kOfRule[6],
    {"read-file",
     Need::kOptional,
     Bytes<&Limits::read_file_bytes>,
     "",
     {shape::Size, "The largest file that read_file reads", "100MB", "the host's largest", "smallest"}},
    {"concurrent",
     Need::kOptional,
     Number<&Limits::concurrent>,
     "",
     {shape::UsualCount, "Runs of a session at the same time", "3", "the host's largest", "smallest"}},
};

}  // namespace

Shape LimitsShape() { return shape::Map("limits", kOfLayer); }
Shape RuleLimitsShape() { return shape::Map("a rule's limits", kOfRule); }

void ReadLimits(Reading& reading, const YamlNode& node, Limits& limits, bool of_rule) {
  if (of_rule)
    ReadMap(reading, node, "a rule's limits", kOfRule, limits);
  else
    ReadMap(reading, node, "limits", kOfLayer, limits);
}

}  // namespace warder::policy
