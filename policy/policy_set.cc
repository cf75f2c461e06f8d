// What do several layers say together?
#include "policy/policy_set.h"

#include <algorithm>
#include <map>
#include <set>

#include "policy/layer_index.h"
#include "policy/schema.h"

namespace warder::policy {
namespace {

using LimitField = std::optional<uint64_t> Limits::*;
constexpr LimitField kLimitFields[] = {&Limits::wall_ms,    &Limits::cpu_ms,          &Limits::memory_bytes,
                                       &Limits::pids,       &Limits::files,           &Limits::output_bytes,
                                       &Limits::disk_bytes, &Limits::read_file_bytes, &Limits::concurrent};

bool IsAbove(LayerKind layer) { return layer < LayerKind::kWorkspace; }

// The values that count for one setting: of every layer that has it; the workspace's own only where
// a layer above has it too.
template <typename Get>
auto Counting(std::span<const std::shared_ptr<const Policy>> layers, Get get) {
  std::vector<std::remove_cvref_t<decltype(*get(*layers[0]))>> values;
  const bool above =
      std::ranges::any_of(layers, [&](const auto& layer) { return IsAbove(layer->layer) && get(*layer); });
  for (const auto& layer : layers)
    if (const auto& value = get(*layer); value && (above || layer->layer != LayerKind::kWorkspace))
      values.push_back(*value);
  return values;
}

// The strictest of what counts: the greatest by `rank`.
template <typename T, typename Get>
void Strictest(std::span<const std::shared_ptr<const Policy>> layers, Get get, T& into, bool greatest) {
  auto values = Counting(layers, get);
  if (values.empty()) return;
  into = greatest ? *std::ranges::max_element(values) : *std::ranges::min_element(values);
}

void AddOnce(std::vector<std::string>& list, const std::string& word) {
  if (std::ranges::find(list, word) == list.end()) list.push_back(word);
}

Settings Merge(std::span<const std::shared_ptr<const Policy>> layers) {
  Settings s;
  for (LimitField field : kLimitFields)
    for (const auto& layer : layers)
      if (const auto& value = layer->limits.*field)
        s.limits.*field = std::min((s.limits.*field).value_or(*value), *value);
  Strictest(layers, [](const Policy& p) { return p.workspace.mode; }, s.workspace_mode, true);
  Strictest(layers, [](const Policy& p) { return p.workspace.apply; }, s.apply, true);
  Strictest(layers, [](const Policy& p) { return p.workspace.executable; }, s.executable, false);
  for (const auto& layer : layers) {
    for (const std::string& action : layer->require_reason) AddOnce(s.require_reason, action);
    for (const Window& window : layer->windows)
      for (const Span& span : window.open) AddOnce(s.zones, span.zone);
  }
  auto keeps = Counting(layers, [](const Policy& p) { return p.workspace.trash.keep_ms; });
  if (!keeps.empty()) s.trash.keep_ms = *std::ranges::max_element(keeps);
  auto sizes = Counting(layers, [](const Policy& p) { return p.workspace.trash.max_bytes; });
  if (!sizes.empty()) s.trash.max_bytes = *std::ranges::min_element(sizes);
  Strictest(layers, [](const Policy& p) { return p.jail.tier; }, s.tier, true);
  auto roots =
      Counting(layers, [](const Policy& p) { return p.jail.root.empty() ? std::nullopt : std::optional(p.jail.root); });
  if (!roots.empty()) s.root = roots.front();
  auto by = Counting(layers, [](const Policy& p) { return p.jail.limits; });
  if (!by.empty()) s.limits_by = *std::ranges::max_element(by);
  auto inside = Counting(layers, [](const Policy& p) { return p.inside; });
  if (!inside.empty()) {
    s.inside = inside.front();
    for (const InsideTerms& terms : inside) {
      s.inside.no_rule = std::min(s.inside.no_rule, terms.no_rule);
      s.inside.approve = std::min(s.inside.approve, terms.approve);
    }
  }
  auto passes = Counting(layers, [](const Policy& p) { return p.environment_pass; });
  if (!passes.empty()) s.environment_pass = passes.front();
  for (const std::vector<std::string>& names : passes)
    std::erase_if(s.environment_pass,
                  [&](const std::string& name) { return std::ranges::find(names, name) == names.end(); });
  return s;
}

bool SameProgram(const Program& a, const Program& b) { return a.paths == b.paths && a.sha256 == b.sha256; }

using Problems = std::vector<PolicySet::Problem>;

void CheckKinds(std::span<const std::shared_ptr<const Policy>> layers, Problems& problems) {
  for (size_t i = 1; i < layers.size(); ++i)
    if (layers[i]->layer == layers[i - 1]->layer)
      problems.push_back(
          {layers[i]->file,
           {{1, 1},
            std::string("a second ") + LayerName(layers[i]->layer) + " layer; the first is " + layers[i - 1]->file,
            "write both into one file, or make one of them another layer"}});
}

void CheckPrograms(std::span<const std::shared_ptr<const Policy>> layers, Problems& problems) {
  std::map<std::string_view, std::pair<const Policy*, const Program*>> first;
  for (const auto& layer : layers)
    for (const Program& program : layer->programs) {
      if (!program.declared) continue;
      auto [at, fresh] = first.emplace(program.name, std::pair(layer.get(), &program));
      if (fresh || SameProgram(*at->second.second, program)) continue;
      problems.push_back({layer->file,
                          {program.where,
                           Quote(program.name) + " is another program in " + at->second.first->file + ":" +
                               std::to_string(at->second.second->where.line),
                           "bind the name to the same files and the same sha256 in both"}});
    }
}

void CheckRoots(std::span<const std::shared_ptr<const Policy>> layers, Problems& problems) {
  const Policy* first = nullptr;
  for (const auto& layer : layers) {
    if (layer->jail.root.empty()) continue;
    if (first != nullptr && first->jail.root != layer->jail.root)
      problems.push_back({layer->file,
                          {{1, 1},
                           "the jail's root is " + Quote(layer->jail.root) + " here and " + Quote(first->jail.root) +
                               " in " + first->file,
                           "write the same `jail: { root: … }` in both, or leave one out"}});
    if (first == nullptr) first = layer.get();
  }
}

bool Has(const Policy& policy, Matter matter) {
  switch (matter) {
    case Matter::kExec:
      return policy.has_exec;
    case Matter::kPaths:
      return policy.has_paths;
    case Matter::kNetwork:
      return policy.has_network;
  }
  return false;
}

}  // namespace

std::expected<PolicySet, Problems> PolicySet::Make(std::vector<std::shared_ptr<const Policy>> layers) {
  PolicySet set;
  std::ranges::stable_sort(layers, {}, [](const auto& layer) { return layer->layer; });
  Problems problems;
  if (layers.empty()) problems.push_back({"", {{1, 1}, "no layer at all", "name one policy file at least"}});
  CheckKinds(layers, problems);
  CheckPrograms(layers, problems);
  CheckRoots(layers, problems);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  set.layers_ = std::move(layers);
  set.Index();
  return set;
}

PolicySet::PolicySet(const Policy& only) {
  layers_.emplace_back(std::shared_ptr<const Policy>(), &only);
  Index();
}
PolicySet::PolicySet(PolicySet&&) noexcept = default;
PolicySet& PolicySet::operator=(PolicySet&&) noexcept = default;
PolicySet::~PolicySet() = default;

void PolicySet::Index() {
  for (const auto& layer : layers_) indexes_.push_back(std::make_unique<LayerIndex>(*layer));
  settings_ = Merge(layers_);
}

bool PolicySet::Speaks(size_t i, Matter matter) const {
  if (!Has(layer(i), matter)) return false;
  if (layer(i).layer != LayerKind::kWorkspace) return true;
  return std::ranges::any_of(layers_, [&](const auto& other) { return IsAbove(other->layer) && Has(*other, matter); });
}

bool PolicySet::Passes(size_t i, Matter matter) const {
  const Unmatched& unmatched = layer(i).unmatched;
  switch (matter) {
    case Matter::kExec:
      return unmatched.exec;
    case Matter::kPaths:
      return unmatched.paths;
    case Matter::kNetwork:
      return unmatched.network;
  }
  return false;
}

Digest PolicySet::digest() const {
  if (layers_.size() == 1) return layer(0).digest;
  Sha256 all;
  for (const auto& layer : layers_) {
    all.Update(std::string(1, static_cast<char>(layer->layer)));
    all.Update(AsBytes(layer->digest));
  }
  return all.Finish();
}

std::string PolicySet::ids() const {
  std::string all;
  for (const auto& layer : layers_) all += (all.empty() ? "" : ", ") + layer->id;
  return all;
}

std::string PolicySet::default_profile() const {
  for (const auto& layer : layers_)
    if (!layer->default_profile.empty()) return layer->default_profile;
  return {};
}

std::vector<PolicySet::Problem> CheckSet(const PolicySet& set) {
  std::vector<PolicySet::Problem> problems;
  std::set<std::string_view> known(std::begin(kToolActions), std::end(kToolActions));
  for (const auto& layer : set.layers())
    for (const ExecRule& rule : layer->exec)
      if (!rule.action.empty()) known.insert(rule.action);
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const auto& layer : set.layers())
    for (const ActionMention& mention : layer->listed_actions)
      if (!known.contains(mention.action))
        problems.push_back({layer->file,
                            {mention.where, Quote(mention.action) + " is the action of no rule and of no tool",
                             DidYouMean(mention.action, names)}});
  return problems;
}

}  // namespace warder::policy
