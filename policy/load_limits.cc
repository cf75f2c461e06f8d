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
    {"wall", Need::kOptional, Time<&Limits::wall_ms>, ""},
    {"cpu", Need::kOptional, Time<&Limits::cpu_ms>, ""},
    {"memory", Need::kOptional, Bytes<&Limits::memory_bytes>, ""},
    {"pids", Need::kOptional, Number<&Limits::pids>, ""},
    {"files", Need::kOptional, Number<&Limits::files>, ""},
    {"output", Need::kOptional, Bytes<&Limits::output_bytes>, ""},
    {"disk", Need::kOptional, Bytes<&Limits::disk_bytes>, ""},
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
    {"read-file", Need::kOptional, Bytes<&Limits::read_file_bytes>, ""},
    {"concurrent", Need::kOptional, Number<&Limits::concurrent>, ""},
};

}  // namespace

void ReadLimits(Reading& reading, const YamlNode& node, Limits& limits, bool of_rule) {
  if (of_rule)
    ReadMap(reading, node, "a rule's limits", kOfRule, limits);
  else
    ReadMap(reading, node, "limits", kOfLayer, limits);
}

}  // namespace warder::policy
