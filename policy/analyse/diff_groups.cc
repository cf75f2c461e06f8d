// Which exec rules are of one program, and did anything change for it?
#include <algorithm>
#include <functional>
#include <numeric>

#include "policy/analyse/differ.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {
namespace {

// Names that stand for one program: one base name, or names that are bound to one file or pinned to one content.
class Families {
 public:
  size_t Of(std::string_view word) {
    auto [found, fresh] = numbers_.try_emplace(std::string(BaseName(word)), parents_.size());
    if (fresh) parents_.push_back(parents_.size());
    return Root(found->second);
  }
  void Join(std::string_view a, std::string_view b) { parents_[Of(a)] = Of(b); }

 private:
  size_t Root(size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  std::map<std::string, size_t> numbers_;
  std::vector<size_t> parents_;
};

void JoinBound(const PolicySet& set, Families& families, std::map<std::string, std::string>& by_file) {
  for (const auto& layer : set.layers())
    for (const Program& program : layer->programs) {
      std::vector<std::string> keys;
      for (const BoundFile& file : program.files) {
        keys.push_back(std::to_string(file.dev) + ":" + std::to_string(file.ino));
        if (file.sha256) keys.emplace_back(AsBytes(*file.sha256));
      }
      if (program.sha256) keys.emplace_back(AsBytes(*program.sha256));
      for (const std::string& key : keys)
        if (auto [known, fresh] = by_file.emplace(key, program.name); !fresh)
          families.Join(known->second, program.name);
    }
}

void AddOnce(std::vector<std::string>& list, const std::string& word) {
  if (std::ranges::find(list, word) == list.end()) list.push_back(word);
}

bool IsShell(const std::string& name) {
  const std::string_view base = BaseName(name);
  return base == "sh" || base == "bash" || base == "dash";
}

}  // namespace

std::vector<Differ::Group> Differ::Groups() const {
  Families families;
  std::map<std::string, std::string> by_file;
  for (const Side side : {Side::kOld, Side::kNew}) JoinBound(Set(side), families, by_file);
  std::map<size_t, Group> groups;
  std::map<size_t, std::vector<std::string>> meanings[2], bindings[2], places, pins[2];
  for (const Side side : {Side::kOld, Side::kNew}) {
    const auto s = static_cast<size_t>(side);
    for (const auto& layer : Set(side).layers()) {
      const std::string kind = LayerName(layer->layer);
      for (const ExecRule& rule : layer->exec)
        for (const std::string& word : rule.argv[0].words) {
          const size_t family = families.Of(word);
          Group& group = groups[family];
          if (group.rules[s].empty() || group.rules[s].back() != &rule) {
            group.rules[s].push_back(&rule);
            meanings[s][family].push_back(kind + MeaningOf(rule));
          }
          AddOnce(group.names, std::string(BaseName(word)));
          if (word.starts_with('/')) AddOnce(places[family], word);
        }
      for (const Program& program : layer->programs) {
        const size_t family = families.Of(program.name);
        for (const BoundFile& file : program.files) {
          AddOnce(bindings[s][family], file.path);
          if (program.sha256) AddOnce(pins[s][family], std::string(AsBytes(*program.sha256)));
        }
      }
    }
  }
  const bool around = MeaningAround(Set(Side::kOld)) == MeaningAround(Set(Side::kNew));
  std::vector<Group> all;
  for (auto& [family, group] : groups) {
    for (const auto s : {size_t{0}, size_t{1}}) {
      std::ranges::sort(meanings[s][family]);
      std::ranges::sort(bindings[s][family]);
    }
    const bool same_files = bindings[0][family] == bindings[1][family];
    group.pins = pins[0][family] != pins[1][family];
    group.changed = !around || !same_files || group.pins || meanings[0][family] != meanings[1][family];
    // By its path it is called where that can make a difference.
    if (!same_files || !places[family].empty() || group.names.size() > 1)
      for (const auto s : {size_t{0}, size_t{1}})
        for (const std::string& path : bindings[s][family]) AddOnce(group.names, path);
    for (const std::string& word : places[family]) AddOnce(group.names, word);
    group.shell = std::ranges::any_of(group.names, IsShell);
    all.push_back(std::move(group));
  }
  Group other;
  other.names = {"some-other-program"};
  other.changed = !around;
  all.push_back(std::move(other));
  return all;
}

}  // namespace warder::policy::analyse
