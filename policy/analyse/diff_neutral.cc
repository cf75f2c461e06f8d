// When do two rules mean the same, and which kept their meaning under another name?
#include <algorithm>

#include "base/archive.h"
#include "policy/analyse/differ.h"

namespace warder::policy::analyse {
namespace {

template <typename T>
std::string Packed(const T& value) {
  flat::Saver saver;
  saver(value);
  return saver.Take();
}

}  // namespace

std::string MeaningOf(const ExecRule& rule) {
  ExecRule bare = rule;
  bare.id.clear();
  bare.why.clear();
  bare.forbid_text.clear();
  bare.tool.reset();
  bare.match.clear();
  bare.not_match.clear();
  bare.where = {};
  for (Element& element : bare.argv) {
    element.where = {};
    element.as.clear();
    std::ranges::sort(element.words);
  }
  std::ranges::sort(bare.never_args);
  std::ranges::sort(bare.network);
  return Packed(bare);
}

std::string MeaningOf(const PathRule& rule) {
  PathRule bare = rule;
  bare.id.clear();
  bare.why.clear();
  bare.forbid_text.clear();
  bare.where = {};
  std::ranges::sort(bare.match);
  std::ranges::sort(bare.unless);
  return Packed(bare);
}

std::string MeaningOf(const NetworkRule& rule) {
  NetworkRule bare = rule;
  bare.id.clear();
  bare.why.clear();
  bare.forbid_text.clear();
  bare.where = {};
  std::ranges::sort(bare.hosts);
  std::ranges::sort(bare.ports);
  std::ranges::sort(bare.methods);
  return Packed(bare);
}

std::string MeaningAround(const PolicySet& set) {
  std::string all;
  for (const auto& layer : set.layers()) {
    Policy bare = *layer;
    // By its id an exec rule names a network rule, so ids stay.
    for (const NetworkRule& rule : layer->network) all += rule.id + '\0' + MeaningOf(rule);
    bare.file = bare.id = bare.owner = bare.description = "";
    bare.digest = {};
    bare.exec.clear();
    bare.paths.clear();
    bare.network.clear();
    bare.redact.clear();
    bare.tests.clear();
    bare.listed_actions.clear();
    bare.used.clear();
    std::erase_if(bare.programs, [](const Program& program) { return !program.declared; });
    for (Program& program : bare.programs) program.where = {};
    for (Profile& profile : bare.profiles) profile.where = {};
    for (Window& window : bare.windows) window.where = {}, window.id.clear();
    for (Breaker& breaker : bare.session) breaker.where = {};
    std::ranges::sort(bare.programs, {}, &Program::name);
    std::ranges::sort(bare.profiles, {}, &Profile::name);
    all += Packed(bare);
  }
  return all;
}

namespace {

// Rules of one section of one layer: those of the same meaning whose ids are not the same.
template <typename Rule>
void Renamed(const Policy& new_layer, const std::vector<Rule>& before, const std::vector<Rule>& after,
             std::vector<Neutral>& out) {
  std::map<std::string, std::vector<const Rule*>> known;
  std::set<std::string> ids;
  for (const Rule& rule : after) ids.insert(rule.id);
  for (const Rule& rule : before)
    if (!ids.contains(rule.id)) known[MeaningOf(rule)].push_back(&rule);
  ids.clear();
  for (const Rule& rule : before) ids.insert(rule.id);
  for (const Rule& rule : after) {
    if (ids.contains(rule.id)) continue;
    auto found = known.find(MeaningOf(rule));
    if (found == known.end() || found->second.empty()) continue;
    out.push_back({"renamed", found->second.back()->id, rule.id, new_layer.file, rule.where});
    found->second.pop_back();
  }
}

}  // namespace

void Differ::CompareNames() {
  for (const auto& before : Set(Side::kOld).layers())
    for (const auto& after : Set(Side::kNew).layers()) {
      if (before->layer != after->layer) continue;
      Renamed(*after, before->exec, after->exec, diff_.neutral);
      Renamed(*after, before->paths, after->paths, diff_.neutral);
      Renamed(*after, before->network, after->network, diff_.neutral);
      if (before->tests.size() > after->tests.size())
        diff_.neutral.push_back(
            {"tests", std::to_string(before->tests.size()), std::to_string(after->tests.size()), after->file, {1, 1}});
    }
}

}  // namespace warder::policy::analyse
