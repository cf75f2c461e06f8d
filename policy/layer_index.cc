// How are the rules, programs and profiles of one layer found without looking at each?
#include "policy/layer_index.h"

#include <algorithm>
#include <iterator>
#include <ranges>

#include "base/text.h"
#include "policy/match.h"

namespace warder::policy {

std::string_view BaseName(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

bool IsBound(const Program& program, const ProgramFact& fact) {
  return std::ranges::any_of(program.files, [&](const BoundFile& file) {
    const std::optional<Digest>& pin = file.sha256 ? file.sha256 : program.sha256;
    return file.dev == fact.dev && file.ino == fact.ino && (!pin || (fact.sha256 && *fact.sha256 == *pin));
  });
}

// ---- profiles
// ------------------------------------------------------------------------------------
ResolvedProfile::ResolvedProfile(const Policy& policy, const Profile& profile) : profile_(&profile) {
  std::vector<const Profile*> chain;
  bool otherwise = false;
  for (const Profile* at = &profile; at != nullptr;) {
    chain.push_back(at);
    for (const auto& [action, level] : at->actions) actions_.emplace(action, level);
    if (at->otherwise && !otherwise) {
      otherwise_ = *at->otherwise;
      otherwise = true;
    }
    approve_becomes_forbid_ |= at->approve_becomes_forbid;
    auto next = std::ranges::find_if(policy.profiles, [&](const Profile& p) { return p.name == at->based_on; });
    if (!at->based_on.empty() && next == policy.profiles.end())
      problem_ = "the profile " + profile.name + " is based on " + at->based_on + ", which is not there";
    at = at->based_on.empty() || next == policy.profiles.end() ? nullptr : &*next;
    // The loader refuses circles and unknown names; a policy from elsewhere gets nothing by them.
    if (at != nullptr && std::ranges::find(chain, at) != chain.end()) {
      problem_ = "the profile " + profile.name + " is based on itself";
      at = nullptr;
    }
  }
}

std::optional<Level> ResolvedProfile::Explicit(std::string_view action) const {
  auto found = actions_.find(action);
  return found == actions_.end() ? std::nullopt : std::optional(found->second);
}

Level ResolvedProfile::LevelOf(std::string_view action) const { return Explicit(action).value_or(otherwise_); }

Level RuleLevel(const ExecRule& rule, const ResolvedProfile* profile) {
  if (profile != nullptr && !rule.action.empty())
    return std::max(rule.level.value_or(Level::kAuto), profile->LevelOf(rule.action));
  if (rule.level) return *rule.level;
  return profile != nullptr ? std::max(Level::kApprove, profile->Otherwise()) : Level::kApprove;
}

// ---- the layer
// ------------------------------------------------------------------------------------
LayerIndex::LayerIndex(const Policy& policy) : paths(policy), hosts(policy) {
  for (const Profile& profile : policy.profiles) profiles_.emplace(profile.name, ResolvedProfile(policy, profile));
  IndexPrograms(policy);
  IndexRules(policy);
}

void LayerIndex::IndexPrograms(const Policy& policy) {
  auto digest_key = [](const Digest& digest) { return std::string(AsBytes(digest)); };
  for (const Program& program : policy.programs) {
    programs_.emplace(program.name, &program);
    if (program.sha256) by_digest_[digest_key(*program.sha256)].push_back(&program);
    for (const BoundFile& file : program.files) {
      by_file_[{file.dev, file.ino}].push_back(&program);
      if (file.sha256) by_digest_[digest_key(*file.sha256)].push_back(&program);
    }
  }
}

void LayerIndex::IndexRules(const Policy& policy) {
  constexpr size_t kShown = 24;
  std::vector<std::string_view> allowed;
  auto can_forbid = [&](const ExecRule& rule) {
    if (rule.level == Level::kForbid) return true;
    return std::ranges::any_of(profiles_,
                               [&](const auto& named) { return RuleLevel(rule, &named.second) == Level::kForbid; });
  };
  for (uint32_t r = 0; r < policy.exec.size(); ++r) {
    const ExecRule& rule = policy.exec[r];
    if (rule.argv.empty()) continue;
    std::optional<bool> forbids;
    for (const std::string& word : rule.argv[0].words) {
      std::vector<uint32_t>& named = by_word_[word];
      if (named.empty() || named.back() != r) named.push_back(r);
      std::vector<uint32_t>& based = by_base_[BaseName(word)];
      if (based.empty() || based.back() != r) {
        based.push_back(r);
        IndexSecond(rule, r, by_second_[BaseName(word)]);
      }
      const Program* program = FindProgram(word);
      if (program != nullptr && program->sha256) {
        if (!forbids) forbids = can_forbid(rule);
        hashes_everything_ = hashes_everything_ || *forbids;
      }
      if (rule.level != Level::kForbid && allowed.size() <= kShown && std::ranges::find(allowed, word) == allowed.end())
        allowed.push_back(word);
    }
  }
  for (auto& [base, rules] : by_second_) {
    std::ranges::sort(rules.fixed);
    rules.fixed.erase(std::unique(rules.fixed.begin(), rules.fixed.end()), rules.fixed.end());
  }
  for (size_t i = 0; i < allowed.size() && i < kShown; ++i)
    allowed_names_ += (i > 0 ? ", " : "") + ForTerminal(allowed[i]);
  if (allowed.size() > kShown) allowed_names_ += ", …";
}

void LayerIndex::IndexSecond(const ExecRule& rule, uint32_t r, BySecond& into) {
  const bool usable = std::ranges::all_of(rule.argv, [](const Element& element) { return ProblemOf(element).empty(); });
  const Element* second = rule.argv.size() > 1 ? &rule.argv[1] : nullptr;
  if (!usable || second == nullptr || second->kind != ElementKind::kWords || second->repeat_low != 1 ||
      second->repeat_high != 1) {
    into.open.push_back(r);
    return;
  }
  for (const std::string& word : second->words) into.fixed.push_back({word, r});
}

void LayerIndex::AddMayFit(std::string_view base, const std::vector<std::string>& argv,
                           std::vector<uint32_t>& rules) const {
  auto found = by_second_.find(base);
  if (found == by_second_.end()) return;
  const auto& [fixed, open] = found->second;
  if (argv.size() < 2) {
    rules.insert(rules.end(), open.begin(), open.end());
    return;
  }
  const auto fitting = std::ranges::equal_range(fixed, argv[1], {}, &BySecond::Fixed::word);
  std::ranges::merge(open, fitting | std::views::transform(&BySecond::Fixed::rule), std::back_inserter(rules));
}

std::span<const uint32_t> LayerIndex::At(const Rules& rules, std::string_view key) {
  auto found = rules.find(key);
  return found == rules.end() ? std::span<const uint32_t>() : found->second;
}

const Program* LayerIndex::FindProgram(std::string_view name) const {
  auto found = programs_.find(name);
  return found == programs_.end() ? nullptr : found->second;
}

std::vector<std::string_view> LayerIndex::BoundTo(const ProgramFact& fact) const {
  std::vector<std::string_view> names;
  auto add = [&](const std::vector<const Program*>& programs) {
    for (const Program* program : programs)
      if (std::ranges::find(names, program->name) == names.end()) names.push_back(program->name);
  };
  if (auto found = by_file_.find({fact.dev, fact.ino}); found != by_file_.end()) add(found->second);
  if (!fact.sha256 || by_digest_.empty()) return names;
  if (auto found = by_digest_.find(std::string(AsBytes(*fact.sha256))); found != by_digest_.end()) add(found->second);
  return names;
}

const ResolvedProfile* LayerIndex::FindProfile(std::string_view name) const {
  auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : &found->second;
}

}  // namespace warder::policy
