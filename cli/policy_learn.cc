// `warder policy learn`: which is the smallest policy that allows what an audit log saw?
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/policy_files.h"
#include "cli/policy_log.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "policy/schema.h"

namespace warder::cli {
namespace {

using nlohmann::json;

constexpr size_t kShownRecords = 6;  // of a rule in the table; --json has all
constexpr uint64_t kMostLeast = 1'000'000;

std::vector<std::string_view> WidenNames() {
  std::vector<std::string_view> names;
  for (size_t i = 0; i <= static_cast<size_t>(policy::Widen::kLast); ++i)
    names.push_back(policy::WidenName(static_cast<policy::Widen>(i)));
  return names;
}

Result<policy::LearnTerms> ReadTerms(const Arguments& arguments) {
  policy::LearnTerms terms;
  terms.id = arguments.Text("id", "learned");
  const std::vector<std::string_view> names = WidenNames();
  for (const std::string& word : arguments.List("generalise")) {
    auto found = std::ranges::find(names, word);
    if (found == names.end()) {
      std::string all;
      for (std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
      return Fail(Code::kInvalid, "--generalise " + ForTerminal(word) + ": there is no such kind", "one of " + all);
    }
    terms.widen.insert(static_cast<policy::Widen>(found - names.begin()));
  }
  const auto least = ParseDecimal(arguments.Text("least", "3"), kMostLeast);
  if (!least || *least < 2) return Fail(Code::kInvalid, "--least wants a number from 2 on", "3 is usual");
  terms.least = *least;
  return terms;
}

json AsJson(const policy::Learned& learned) {
  json answer{{"yaml", learned.yaml},         {"calls", learned.calls},     {"same", learned.same},
              {"stricter", learned.stricter}, {"refused", learned.refused}, {"free_of_rules", learned.free_of_rules},
              {"rules", json::array()},       {"left_out", json::array()},  {"not_generalised", json::array()},
              {"findings", json::array()}};
  for (const policy::LearnedRule& rule : learned.rules) {
    json one{{"id", rule.id},
             {"kind", rule.kind},
             {"level", policy::LevelName(rule.level)},
             {"says", rule.says},
             {"records", rule.records}};
    if (!rule.stands_for.empty()) one["stands_for"] = rule.stands_for;
    answer["rules"].push_back(std::move(one));
  }
  for (const policy::LeftOut& out : learned.left_out)
    answer["left_out"].push_back({{"why", out.why}, {"count", out.count}, {"first_call", out.first_call}});
  for (const policy::NotWidened& no : learned.not_widened) {
    json one{{"what", no.what}, {"why", no.why}};
    if (no.call != 0) one["call"] = no.call;
    answer["not_generalised"].push_back(std::move(one));
  }
  for (const policy::lint::Found& found : learned.findings)
    answer["findings"].push_back({{"id", found.id}, {"rule", found.rule}, {"what", found.what}});
  return answer;
}

std::string Records(const std::vector<uint64_t>& records) {
  std::string out;
  for (size_t i = 0; i < std::min(records.size(), kShownRecords); ++i)
    out += (i > 0 ? ", " : "") + std::to_string(records[i]);
  if (records.size() > kShownRecords) out += ", … " + std::to_string(records.size()) + " in all";
  return out;
}

// Everything about the policy goes to stderr: stdout is the policy alone, to be kept in a file.
void Tell(const policy::Learned& learned) {
  auto line = [](const std::string& text) { Say(text); };
  std::vector<std::vector<std::string>> rows{{"RULE", "LEVEL", "RECORDS"}};
  for (const policy::LearnedRule& rule : learned.rules)
    rows.push_back({ForTerminal(rule.id), policy::LevelName(rule.level), Records(rule.records)});
  std::string table = Table(rows);
  while (table.ends_with('\n')) table.pop_back();
  line("learned, of " + Counted(learned.calls, "call") + " of the log:\n" + table);
  for (const policy::LearnedRule& rule : learned.rules)
    if (!rule.stands_for.empty())
      line(Paint(STDERR_FILENO, Colour::kYellow, "generalised") + ": " + rule.id + ": " + ForTerminal(rule.says) +
           ": " + ForTerminal(rule.stands_for));
  for (const policy::NotWidened& no : learned.not_widened)
    line("not generalised: " + ForTerminal(no.what) + ": " + ForTerminal(no.why) +
         (no.call == 0 ? "" : " (call " + std::to_string(no.call) + ")"));
  for (const policy::LeftOut& out : learned.left_out)
    line("left out: " + Counted(out.count, "call") + ": " + out.why + " (first: call " +
         std::to_string(out.first_call) + ")");
  for (const policy::lint::Found& found : learned.findings)
    line("review: " + std::string(found.id) + ": " + ForTerminal(found.rule) + ": " + ForTerminal(found.what));
  line(std::to_string(learned.same) + " of the calls learned from come out as they were, " +
       std::to_string(learned.stricter) + " stricter; " + std::to_string(learned.refused) +
       " refused ones, none looser");
}

int RunLearn(const Arguments& arguments) {
  std::optional<uint64_t> session;
  if (arguments.Has("session")) {
    session = ParseDecimal(arguments.Text("session"));
    if (!session) return Trouble({Code::kInvalid, "--session wants a number", "as `warder audit timeline` shows it"});
  }
  if (!arguments.Has("LOG") && !session)
    return Trouble({Code::kInvalid, "learn from what?", "name a log directory, or --session of this host's log"});
  Result<policy::LearnTerms> terms = ReadTerms(arguments);
  if (!terms) return Trouble(terms.error());
  std::vector<policy::SeenCall> calls;
  const std::string log = arguments.Has("LOG") ? arguments.Text("LOG") : StateDirectory(arguments) + "/log";
  if (Status read = ReadSeenCalls(log, session, arguments.Text("agent"), calls); !read)
    return Trouble(read.error()), kMisuse;
  Result<policy::Learned> learned = policy::Learn(calls, *terms);
  if (!learned) return Trouble(learned.error()), kMisuse;
  if (arguments.json()) {
    Print(JsonLines(AsJson(*learned)));
  } else {
    Tell(*learned);
    Print(ForReader(learned->yaml));
  }
  return learned->findings.empty() ? kOk : kFinding;
}

}  // namespace

std::vector<Command> PolicyLearnCommands() {
  return {
      {"policy learn",
       "The smallest policy that allows what a log saw, on stdout; exit 1 where a reviewer would object, 2 unusable",
       "warder policy learn /var/lib/warder/log --session 7",
       {{OptionKind::kPositional, "LOG", "The log directory (default: this host's, with --session)", false},
        {OptionKind::kText, "session", "Only this session", false},
        {OptionKind::kText, "state", "The host's state directory, whose log/ is read (default: /var/lib/warder)",
         false},
        {OptionKind::kText, "agent", "Only calls of this agent", false},
        {OptionKind::kText, "id", "The policy's id (default: learned)", false},
        {OptionKind::kTexts, "generalise", "numbers, paths, folders, trees, workspace, environment", false},
        {OptionKind::kText, "least", "So many examples before anything is generalised (default: 3)", false}},
       RunLearn}};
}

}  // namespace warder::cli
