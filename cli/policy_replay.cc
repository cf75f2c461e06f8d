// `warder policy replay`: which calls of an audit log would these policies have decided otherwise?
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/policy_log.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

constexpr size_t kShownRows = 200;   // of a table; --json has all
constexpr size_t kAskedBytes = 100;  // of a call's text in the table

struct Counts {
  uint64_t decisions = 0, by_host = 0, same = 0, other_rule = 0, stricter = 0, looser = 0;
  std::map<policy::WhyNot, uint64_t> undecidable;
  uint64_t decided() const { return same + stricter + looser; }
};

struct Change {
  bool looser = false;
  json as_json;
};

int Strictness(std::string_view level) {
  for (int i = 0; i < 4; ++i)
    if (level == policy::LevelName(static_cast<policy::Level>(i))) return i;
  return -1;
}

json ChangeJson(const LoggedDecision& old, const policy::Decision& now, bool looser) {
  return {{"call", old.call},
          {"session", old.session},
          {"time", old.time},
          {"agent", old.agent},
          {"asked", AskedText(old)},
          {"change", looser ? "looser" : "stricter"},
          {"old",
           {{"level", old.level},
            {"rule", old.rule},
            {"at", old.line == 0 ? old.file : old.file + ":" + std::to_string(old.line)}}},
          {"new",
           {{"level", policy::LevelName(now.level)},
            {"rule", now.rule},
            {"layer", now.layer},
            {"at", now.where.line == 0 ? now.file : At(now.file, now.where)},
            {"why", now.why}}}};
}

class Replay {
 public:
  Replay(const policy::PolicySet& set, policy::ReplayTerms terms) : replayer_(set, std::move(terms)) {}

  void Take(const LoggedDecision& old) {
    ++counts_.decisions;
    const int was = Strictness(old.level);
    if (!old.by_policy || was < 0) {
      ++counts_.by_host;
      return;
    }
    const policy::Replayed replayed = replayer_.Decide(old.recorded);
    if (!replayed.decision) {
      if (++counts_.undecidable[replayed.why] == 1) first_[replayed.why] = {old.call, replayed.what};
      return;
    }
    const policy::Decision& now = *replayed.decision;
    const int is = static_cast<int>(now.level);
    if (is == was) {
      ++counts_.same;
      counts_.other_rule += now.rule != old.rule;
      return;
    }
    ++(is < was ? counts_.looser : counts_.stricter);
    changes_.push_back({is < was, ChangeJson(old, now, is < was)});
  }

  // Looser ones first, each kind in the order of the log.
  void Sort() {
    std::ranges::stable_sort(changes_, [](const Change& a, const Change& b) { return a.looser > b.looser; });
  }
  json AsJson(const Arguments& arguments) const;
  void Show() const;
  const Counts& counts() const { return counts_; }

 private:
  struct First {
    uint64_t call = 0;
    std::string what;
  };
  policy::Replayer replayer_;
  Counts counts_;
  std::map<policy::WhyNot, First> first_;
  std::vector<Change> changes_;
};

json Replay::AsJson(const Arguments& arguments) const {
  json undecidable = json::array(), changes = json::array();
  for (const auto& [why, count] : counts_.undecidable)
    undecidable.push_back({{"why", policy::WhyNotName(why)},
                           {"count", count},
                           {"first_call", first_.at(why).call},
                           {"what", first_.at(why).what}});
  for (const Change& change : changes_) changes.push_back(change.as_json);
  return {{"log", arguments.Text("LOG")}, {"policy", arguments.List("NEW")},    {"decisions", counts_.decisions},
          {"same", counts_.same},         {"other_rule", counts_.other_rule},   {"stricter", counts_.stricter},
          {"looser", counts_.looser},     {"refused_by_host", counts_.by_host}, {"undecidable", std::move(undecidable)},
          {"changes", std::move(changes)}};
}

std::string Cut(std::string text) {
  if (text.size() <= kAskedBytes) return text;
  text.resize(kAskedBytes);
  while (!IsUtf8(text)) text.pop_back();
  return text + "…";
}

void Replay::Show() const {
  std::vector<std::vector<std::string>> rows{{"CALL", "TIME", "WAS", "NOW", "OLD RULE", "NEW RULE", "ASKED"}};
  for (size_t i = 0; i < std::min(changes_.size(), kShownRows); ++i) {
    const json& c = changes_[i].as_json;
    rows.push_back({Shown(c, "call"), Shown(c, "time").substr(0, 19), Shown(c["old"], "level"),
                    Shown(c["new"], "level"), Shown(c["old"], "at") + " " + Shown(c["old"], "rule"),
                    Shown(c["new"], "at") + " " + Shown(c["new"], "rule"), Cut(SafeText(Shown(c, "asked")))});
  }
  if (!changes_.empty()) {
    const std::string table = Table(rows);
    size_t row = 0;
    for (size_t at = 0; at < table.size(); ++row) {
      const size_t end = std::min(table.find('\n', at), table.size());
      const std::string line = table.substr(at, end - at);
      const bool red = row > 0 && changes_[row - 1].looser;
      Print((red ? Paint(STDOUT_FILENO, Colour::kRed, line) : line) + "\n");
      at = end + 1;
    }
    if (changes_.size() > kShownRows)
      Print("… and " + std::to_string(changes_.size() - kShownRows) + " more: --json\n");
    Print("\n");
  }
  Print(Counted(counts_.decisions, "decision") + " in the log: " + std::to_string(counts_.same) + " the same (" +
        std::to_string(counts_.other_rule) + " by another rule), " + std::to_string(counts_.stricter) + " stricter, " +
        Paint(STDOUT_FILENO, counts_.looser > 0 ? Colour::kRed : Colour::kPlain,
              std::to_string(counts_.looser) + " looser") +
        "\n");
  if (counts_.by_host > 0)
    Print("  " + std::to_string(counts_.by_host) + " refused by the host itself, not by policy: not decided again\n");
  for (const auto& [why, count] : counts_.undecidable) {
    const First& first = first_.at(why);
    Print("  " + Paint(STDOUT_FILENO, Colour::kYellow, std::to_string(count) + " not decidable") + ": " +
          policy::WhyNotName(why) + " (first: call " + std::to_string(first.call) +
          (first.what.empty() ? "" : ", " + ForTerminal(first.what)) + ")\n");
  }
}

int RunReplay(const Arguments& arguments) {
  Result<policy::PolicySet> set = LoadPolicyFiles(arguments.List("NEW"), policy::AssumeFiles);
  if (!set) return Trouble(set.error()), kMisuse;
  policy::ReplayTerms terms;
  if (arguments.Has("profile")) terms.profile = arguments.Text("profile");
  terms.counters_free = arguments.Has("counters-free");
  std::optional<uint64_t> session;
  if (arguments.Has("session")) {
    session = ParseDecimal(arguments.Text("session"));
    if (!session) return Trouble({Code::kInvalid, "--session wants a number", "as `warder audit timeline` shows it"});
  }
  Replay replay(*set, std::move(terms));
  Status read =
      ReadDecisions(arguments.Text("LOG"), session, [&](const LoggedDecision& decision) { replay.Take(decision); });
  if (!read) return Trouble(read.error()), kMisuse;
  replay.Sort();
  if (arguments.json())
    Print(JsonLines(replay.AsJson(arguments)));
  else
    replay.Show();
  const Counts& counts = replay.counts();
  if (counts.decided() == 0)
    return Trouble({Code::kInvalid, "no decision of this log could be decided again",
                    counts.decisions == 0 ? "name a log that holds calls" : "see the counts above"}),
           kMisuse;
  return counts.stricter + counts.looser > 0 ? kFinding : kOk;
}

}  // namespace

std::vector<Command> PolicyReplayCommands() {
  return {{"policy replay",
           "Decide every call of an audit log again; exit 1 where one would change, 2 unusable",
           "warder policy replay /var/lib/warder/log policies/cautious.yaml",
           {{OptionKind::kPositional, "LOG", "The log directory", true},
            {OptionKind::kPositionals, "NEW", "Policy files, one a layer", true},
            {OptionKind::kText, "session", "Only this session", false},
            {OptionKind::kText, "profile", "Under this profile (default: the recorded one)", false},
            {OptionKind::kFlag, "counters-free", "Take counters that were not recorded as having room", false}},
           RunReplay}};
}

}  // namespace warder::cli
