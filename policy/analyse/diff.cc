// How is one call put to both policies, and what is told of the two answers? See diff.h.
#include "policy/analyse/diff.h"

#include <algorithm>

#include "base/text.h"
#include "policy/analyse/differ.h"

namespace warder::policy::analyse {
namespace {

Verdict VerdictOf(const Decision& decision) {
  return {decision.level, decision.rule, decision.layer, decision.file, decision.where, decision.why};
}

std::string KeyOf(const Change& change) {
  if (!change.what.empty()) return change.matter + '\0' + change.what;
  std::string key;
  for (const Verdict* verdict : {&change.before, &change.after})
    key += '\0' + std::string(LevelName(verdict->level)) + '\0' + verdict->rule + '\0' + verdict->layer + '\0' +
           std::to_string(verdict->where.line) + ":" + std::to_string(verdict->where.column);
  return key;
}

}  // namespace

bool Differ::Try(const Case& one, const std::string& matter) {
  bool differs = false;
  for (const Situation& situation : situations_) differs |= TryIn(one, matter, situation);
  return differs;
}

void Differ::TryRun(const std::vector<std::string>& argv) {
  std::string key;
  for (const std::string& word : argv) key += word + '\0';
  if (!asked_.insert(std::move(key)).second) return;
  for (const bool inside : {false, true}) Try(RunOf(argv, inside), "exec");
}

bool Differ::TryIn(const Case& one, const std::string& matter, const Situation& situation) {
  const bool fresh = !Known(Side::kOld, situation.profile);
  if (fresh && !fresh_profiles_.contains(situation.profile)) return false;  // told: the whole profile is new
  const Answers answers{world_.Ask(Side::kOld, one, situation), world_.Ask(Side::kNew, one, situation)};
  ++diff_.calls;
  const Level before = answers.before.level, after = answers.after.level;
  if (after < Level::kForbid && !one.used && one.content == Case::Content::kOldPin && one.call.environment.empty()) {
    if (!base_) base_ = one;
    if (!run_ && one.call.tool == Tool::kRunCommand && !one.call.inside) run_ = one;
  }
  if (before != after) {
    Change change = Seen(one, matter, situation, answers);
    if (fresh) {
      change.matter = "profiles";
      change.what = "the profile " + situation.profile + " is new: a session that asks for it was refused before";
      fresh_profiles_.erase(situation.profile);
    }
    if (!Known(Side::kNew, situation.profile)) {
      change.matter = "profiles";
      change.what = "the profile " + situation.profile + " is gone: a session that asks for it is refused";
    }
    Tell(std::move(change));
  }
  if (before < Level::kForbid && after < Level::kForbid && !one.used) CompareTerms(one, matter, situation, answers);
  return before != after;
}

Change Differ::Seen(const Case& one, const std::string& matter, const Situation& situation,
                    const Answers& answers) const {
  Change change;
  change.widened = answers.after.level < answers.before.level;
  change.matter = matter;
  change.call = one.shown;
  change.argv = one.argv;
  change.inside = one.call.inside;
  change.profiles = {situation.profile};
  if (!situation.when.empty()) change.times = {situation.when};
  change.before = VerdictOf(answers.before);
  change.after = VerdictOf(answers.after);
  if (!situation.reason) change.call += " (without a reason)";
  return change;
}

// The same difference by the same rules is told once, with its first call, which is the shortest; a few others beside.
void Differ::Tell(Change change) {
  constexpr size_t kMore = 3, kLongCall = 120;
  std::vector<Change>& list = change.widened ? diff_.widened : diff_.narrowed;
  auto [at, first] = told_[change.widened ? 0 : 1].try_emplace(KeyOf(change), list.size());
  if (first) return list.push_back(std::move(change));
  Change& known = list[at->second];
  if (known.inside != change.inside) {
    // What a call shows, a reader can try.
    if (known.inside)
      std::swap(known, change), std::swap(known.profiles, change.profiles), std::swap(known.times, change.times);
    known.also_inside = true;
  }
  if (std::ranges::find(known.profiles, change.profiles[0]) == known.profiles.end())
    known.profiles.push_back(change.profiles[0]);
  for (const std::string& time : change.times)
    if (std::ranges::find(known.times, time) == known.times.end()) known.times.push_back(time);
  if (change.call != known.call && known.more.size() < kMore && change.call.size() < kLongCall &&
      std::ranges::find(known.more, change.call) == known.more.end())
    known.more.push_back(std::move(change.call));
}

void Differ::Unseen(const std::string& what) {
  if (std::ranges::find(diff_.unseen, what) == diff_.unseen.end()) diff_.unseen.push_back(what);
}

// What is allowed most freely now comes first, then what was most forbidden.
void Differ::Finish() {
  std::set<std::string> asked;
  for (const Situation& situation : situations_) asked.insert(situation.when);
  for (std::vector<Change>* list : {&diff_.widened, &diff_.narrowed}) {
    for (Change& change : *list)
      if (change.times.size() == asked.size()) change.times.clear();
    std::ranges::stable_sort(*list, {}, [&](const Change& change) {
      const int from = static_cast<int>(change.before.level), to = static_cast<int>(change.after.level);
      return std::tuple(!change.what.empty(), change.inside, list == &diff_.widened ? to - from : from - to);
    });
  }
}

Diff Differ::Run() {
  MakeSituations();
  ComparePaths();
  CompareHosts();
  CompareTools();
  CompareExec();
  CompareEnvironment();
  CompareSettings();
  CompareRedactions();
  CompareView();
  CompareNames();
  Finish();
  return std::move(diff_);
}

Diff Compare(const PolicySet& old_set, const PolicySet& new_set) { return Differ(old_set, new_set).Run(); }

}  // namespace warder::policy::analyse
