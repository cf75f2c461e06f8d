// For each program: in which ways do the patterns of both policies fit together, and what do both say to each?
#include <algorithm>

#include "policy/analyse/differ.h"
#include "policy/decide_parts.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {
namespace {

constexpr size_t kMaxOutcomes = 4000;  // of one program

std::string Short(const std::string& path) {
  return path.starts_with(kWorkspace + "/") ? path.substr(kWorkspace.size() + 1) : path;
}

}  // namespace

void Differ::CompareExec() {
  for (const Group& group : Groups())
    if (group.changed) CompareGroup(group);
}

// First the words that no rule of paths or hosts is in the way of.
void Differ::AddHints(const Group& group, Argvs& argvs) const {
  Words& words = argvs.words();
  if (group.shell)  // what a shell is given and warder reads to the end is no call of the shell
    for (const char* line : {"for f in *.c; do wc -l $f; done", "echo $HOME", "ls *"}) words.AddHint(line);
  if (!samples_.empty()) words.AddHint(Short(samples_.front().path));
  for (const auto& rules : group.rules)
    for (const ExecRule* rule : rules) argvs.AddHints(*rule);
  for (size_t i = 1; i < samples_.size() && i < 12; ++i) words.AddHint(samples_[i].path);
  for (size_t i = 0; i < hosts_.size() && i < 12; ++i) words.AddHint(hosts_[i]);
}

void Differ::CompareGroup(const Group& group) {
  Argvs argvs;
  AddHints(group, argvs);
  std::vector<const Sequence*> sequences;
  bool tagged = false;
  for (const auto& rules : group.rules)
    for (const ExecRule* rule : rules) {
      const Sequence* sequence = &argvs.Of(*rule);
      if (std::ranges::find(sequences, sequence) == sequences.end()) sequences.push_back(sequence);
    }
  for (const Sequence* sequence : sequences)
    for (const auto& state : sequence->graph.states)
      tagged = tagged || std::ranges::any_of(state.edges, [](const auto& edge) { return edge.on.tag != 0; });
  size_t outcomes = 0;
  bool whole = Walk(argvs.words(), sequences, tagged ? Marks::kYes : Marks::kNo, [&](const Outcome& outcome) {
    if (outcome.marked == SIZE_MAX)
      CompareOutcome(group, outcome.words);
    else
      CompareMarked(group, outcome, sequences, argvs);
    return ++outcomes < kMaxOutcomes;
  });
  if (!whole || outcomes >= kMaxOutcomes)
    Unseen("calls of " + group.names[0] +
           ": its patterns combine in too many ways, or hold a regular expression of Unicode properties; not every "
           "combination was tried");
}

void Differ::CompareOutcome(const Group& group, const std::vector<std::string>& words) {
  for (const std::string& name : group.names) {
    std::vector<std::string> argv{name};
    argv.insert(argv.end(), words.begin(), words.end());
    TryRun(argv);
    for (const bool inside : {false, true}) {
      for (const Case::Content content : {Case::Content::kNewPin, Case::Content::kOther}) {
        if (!group.pins) continue;
        Case replaced = RunOf(argv, inside);
        replaced.content = content;
        replaced.shown +=
            content == Case::Content::kOther ? " (a file that nobody pinned)" : " (the file that is pinned now)";
        Try(replaced, "programs");
      }
    }
    // A path that is in the way hides what the patterns say.
    std::vector<size_t> guarded;
    for (const Named& named : NamedBy(group, argv))
      if (Guarded(named, argv)) guarded.push_back(named.word);
    if (guarded.empty()) continue;
    for (const Side side : {Side::kNew, Side::kOld}) TryRun(Freed(group, argv, side));
    std::vector<std::string> values;
    for (const PathSample& sample : samples_) values.push_back(sample.path);
    values.insert(values.end(), hosts_.begin(), hosts_.end());
    Vary(argv, guarded, values);
  }
}

std::vector<Differ::Named> Differ::NamedBy(const Group& group, const std::vector<std::string>& argv) const {
  std::vector<Named> all;
  auto at = [&](size_t word, size_t offset) -> Named& {
    for (Named& known : all)
      if (known.word == word) return known;
    all.push_back({word, offset, {}, {}});
    return all.back();
  };
  for (const auto& rules : group.rules)
    for (const ExecRule* rule : rules) {
      const Fit fit = FitArgv(rule->argv, argv);
      for (const NamedPath& path : fit.paths) at(path.word, path.offset).acts.push_back(path.act);
      for (const NamedHost& host : fit.hosts) at(host.word, 0).ports.push_back(host.port);
    }
  return all;
}

// Whether some policy does not leave the word's path or host free.
bool Differ::Guarded(const Named& named, const std::vector<std::string>& argv) const {
  const PathSample sample = SampleOf(Lexical(kWorkspace, argv[named.word].substr(named.offset)));
  for (const Side side : {Side::kOld, Side::kNew}) {
    for (Act act : named.acts)
      if (sample.levels[static_cast<size_t>(side)][static_cast<size_t>(act)] > Level::kAuto) return true;
    for (uint16_t port : named.ports)
      if (DecideHost(Set(side), {argv[named.word], port, ""}, "").level > Level::kAuto) return true;
  }
  return false;
}

// The argv with each path and host (but one) that it names chosen so that this policy is least in its way.
std::vector<std::string> Differ::Freed(const Group& group, std::vector<std::string> argv, Side side, size_t but) const {
  for (const Named& named : NamedBy(group, argv)) {
    if (named.word == but || !Guarded(named, argv)) continue;
    Level best = Level::kForbid;
    std::string value;
    auto offer = [&](const std::string& offered, Level level) {
      if (!value.empty() && level >= best) return;
      best = level;
      value = offered;
    };
    for (const PathSample& sample : samples_) {
      Level level = Level::kAuto;
      for (Act act : named.acts)
        level = std::max(level, sample.levels[static_cast<size_t>(side)][static_cast<size_t>(act)]);
      if (!named.acts.empty()) offer(Short(sample.path), level);
    }
    for (const std::string& host : hosts_) {
      Level level = Level::kAuto;
      for (uint16_t port : named.ports) level = std::max(level, DecideHost(Set(side), {host, port, ""}, "").level);
      if (!named.ports.empty()) offer(host, level);
    }
    argv[named.word] = argv[named.word].substr(0, named.offset) + value;
  }
  return argv;
}

void Differ::Vary(const std::vector<std::string>& argv, const std::vector<size_t>& words,
                  const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    std::vector<std::string> all = argv;
    for (size_t word : words) all[word] = value;
    TryRun(all);
    for (size_t word : words) {
      if (words.size() == 1) break;
      std::vector<std::string> one = argv;
      one[word] = value;
      TryRun(one);
    }
  }
}

// A word that one policy judges as a path or host and the other does not: tried with what its rules judge strictly.
void Differ::CompareMarked(const Group& group, const Outcome& outcome, const std::vector<const Sequence*>& sequences,
                           Argvs& argvs) {
  std::set<uint16_t> wanted;
  for (const bool inside : {false, true}) {
    std::set<uint16_t> tags[2];
    for (const auto side : {size_t{0}, size_t{1}})
      for (const ExecRule* rule : group.rules[side]) {
        if (!Counts(*rule, inside)) continue;
        const auto place = static_cast<uint32_t>(std::ranges::find(sequences, &argvs.Of(*rule)) - sequences.begin());
        for (const Accepted& accepted : outcome.accepted)
          if (accepted.sequence == place && accepted.tag != 0) tags[side].insert(accepted.tag);
      }
    std::ranges::set_symmetric_difference(tags[0], tags[1], std::inserter(wanted, wanted.end()));
  }
  if (wanted.empty()) return;
  const std::vector<std::string> values = ValuesFor(outcome, wanted, argvs);
  for (const std::string& name : group.names) {
    std::vector<std::string> argv{name};
    argv.insert(argv.end(), outcome.words.begin(), outcome.words.end());
    for (const Side side : {Side::kNew, Side::kOld})
      Vary(Freed(group, argv, side, outcome.marked + 1), {outcome.marked + 1}, values);
  }
}

std::vector<std::string> Differ::ValuesFor(const Outcome& outcome, const std::set<uint16_t>& tags, Argvs& argvs) {
  constexpr size_t kMaxGlobs = 60;
  Words& words = argvs.words();
  std::vector<std::string> values;
  std::vector<PathSample> chosen;
  auto fits = [&](const std::string& value) {
    for (size_t i = 0; i < outcome.predicates.size(); ++i)
      if (words.Fits(outcome.predicates[i], value) != outcome.fits[i]) return false;
    return true;
  };
  // One path for each combination of levels is enough.
  auto offer = [&](const std::string& prefix, const std::string& path) {
    PathSample sample = SampleOf(Lexical(kWorkspace, path));
    auto same = [&](const PathSample& known) {
      return std::equal(&known.levels[0][0], &known.levels[0][0] + 6, &sample.levels[0][0]);
    };
    if (std::ranges::any_of(chosen, same) || !fits(prefix + path)) return;
    chosen.push_back(std::move(sample));
    values.push_back(prefix + path);
  };
  std::vector<uint32_t> predicates = outcome.predicates;
  std::set<std::pair<std::string, bool>> globs;
  for (uint16_t number : tags) {
    const Tag tag = argvs.TagOf(number);
    for (const std::string& host : hosts_)
      if (tag.is_host && fits(host)) values.push_back(host);
    if (tag.is_host) continue;
    chosen.clear();
    for (const PathSample& sample : samples_) {
      offer(tag.prefix, Short(sample.path));
      offer(tag.prefix, sample.path);
    }
    offer(tag.prefix, "../outside");
    // Where the pattern takes a path of each kind, no more is to be found.
    if (!tag.prefix.empty() || chosen.size() >= samples_.size()) continue;
    for (const Side side : {Side::kOld, Side::kNew})
      for (const auto& layer : Set(side).layers())
        for (const PathRule& rule : layer->paths) {
          if ((rule.may & ActBit(tag.act)) == 0) continue;
          if (!rule.under.empty()) globs.emplace(WithSymbols(rule.under), true);
          for (const auto* list : {&rule.match, &rule.unless})
            for (const std::string& glob : *list) globs.emplace(WithSymbols(glob), false);
        }
  }
  if (globs.empty()) return values;
  // Whatever the pattern leaves of each way in which the globs fit.
  if (globs.size() > kMaxGlobs) {
    Unseen("paths in calls: more than " + std::to_string(kMaxGlobs) + " globs; only one path of each level was tried");
    return values;
  }
  for (const auto& [glob, under] : globs) predicates.push_back(words.PathWord(glob, under, kWorkspace));
  std::ranges::sort(predicates);
  predicates.erase(std::unique(predicates.begin(), predicates.end()), predicates.end());
  std::vector<uint32_t> required;
  for (size_t i = 0; i < outcome.predicates.size(); ++i)
    if (outcome.fits[i]) required.push_back(outcome.predicates[i]);
  const WordClasses classes = words.ClassesWithin(predicates, required);
  if (classes.partial) Unseen("paths in calls: the globs combine in too many ways with a pattern; not each was tried");
  for (const WordClass& one : classes.classes) offer("", one.word);
  return values;
}

}  // namespace warder::policy::analyse
