// Which rules never decide anything, or meet the same calls at different levels?
//
// Asked of the automata: of each rule, whether there is a call at all, and whether one is left that no rule of the same
// or a stricter level meets; of each pair at different levels, whether they meet the same calls without one of them
// being an exception to the other. The order of rules never matters; the strictest decides.
#include <algorithm>
#include <map>

#include "policy/analyse/lint_parts.h"
#include "policy/analyse/paths.h"
#include "policy/analyse/regex_tokens.h"
#include "policy/line.h"
#include "policy/match.h"
#include "policy/schema.h"

namespace warder::policy::lint {
namespace {

bool NamesPath(const ExecRule& rule) {
  return std::ranges::any_of(rule.argv, [](const Element& element) {
    if (element.kind == ElementKind::kPath || element.kind == ElementKind::kHost) return true;
    return std::ranges::any_of(element.flags, [](const Flag& flag) {
      return flag.value == FlagValue::kRead || flag.value == FlagValue::kWrite || flag.value == FlagValue::kDelete;
    });
  });
}

// Whether a match of the rule says nothing that a match of the other does not say too, besides its level.
bool AddsNothing(const ExecRule& rule, const ExecRule& other) {
  if (NamesPath(rule) || rule.limits || rule.attempts || rule.approval || rule.tool || !rule.lease.empty())
    return false;
  if (rule.guard < other.guard || (!rule.action.empty() && rule.action != other.action)) return false;
  return std::ranges::all_of(
      other.network, [&](const std::string& id) { return std::ranges::find(rule.network, id) != rule.network.end(); });
}

bool NamesAll(const ExecRule& rule, const ExecRule& other) {
  return std::ranges::all_of(rule.argv[0].words, [&](const std::string& word) {
    return std::ranges::find(other.argv[0].words, word) != other.argv[0].words.end();
  });
}

bool NamesOneOf(const ExecRule& rule, const ExecRule& other) {
  return std::ranges::any_of(rule.argv[0].words, [&](const std::string& word) {
    return std::ranges::find(other.argv[0].words, word) != other.argv[0].words.end();
  });
}

// The plain characters with which every text of a regex begins, or ends.
std::string LiteralEnd(const std::string& regex, bool front) {
  std::vector<Token> tokens = Tokens(regex);
  if (std::ranges::any_of(tokens, [](const Token& token) { return token.kind == TokenKind::kBar; })) return {};
  if (!front) std::ranges::reverse(tokens);
  std::string text;
  for (const Token& token : tokens) {
    // Bytes over 0x7f are parts of a character; a quantifier counts for the whole of it.
    if (token.kind != TokenKind::kLiteral || static_cast<unsigned char>(token.literal) > 0x7f) {
      // A quantifier behind the last character counts for it.
      if (front && token.kind == TokenKind::kQuantifier && !text.empty()) text.pop_back();
      break;
    }
    text += token.literal;
  }
  return text;
}

// True where it is plain that no word fits both; most pairs of rules are seen so, without an automaton.
bool Disjoint(const Element& a, const Element& b) {
  if (a.kind == ElementKind::kWords)
    return std::ranges::none_of(a.words, [&](const std::string& word) { return FitsWord(b, word, true); });
  if (b.kind == ElementKind::kWords) return Disjoint(b, a);
  if (a.kind != ElementKind::kRegex || b.kind != ElementKind::kRegex) return false;
  for (const bool front : {true, false}) {
    const std::string one = LiteralEnd(a.regex, front), other = LiteralEnd(b.regex, front);
    const size_t common = std::min(one.size(), other.size());
    if (one.substr(0, common) != other.substr(0, common)) return true;
  }
  return false;
}

// Word by word from the front and from the back, as long as each element is one word.
bool DifferAtOnce(const ExecRule& a, const ExecRule& b) {
  const auto is_one = [](const Element& element) {
    return element.repeat_low == 1 && element.repeat_high == 1 && element.kind != ElementKind::kFlags &&
           element.kind != ElementKind::kRest;
  };
  for (const bool front : {true, false})
    for (size_t i = 1; i < a.argv.size() && i < b.argv.size(); ++i) {
      const Element& one = front ? a.argv[i] : a.argv[a.argv.size() - i];
      const Element& other = front ? b.argv[i] : b.argv[b.argv.size() - i];
      if (!is_one(one) || !is_one(other)) break;
      if (Disjoint(one, other)) return true;
    }
  return false;
}

std::string ShowWith(const std::string& program, const std::vector<std::string>& words) {
  Argv argv{program};
  argv.insert(argv.end(), words.begin(), words.end());
  return ShowCommand(argv);
}

class ExecCover {
 public:
  explicit ExecCover(Layer& layer) : layer_(layer) {
    for (const ExecRule& rule : layer.policy().exec) {
      if (rule.argv.empty()) continue;
      rules_.push_back(&rule);
      for (const std::string& word : rule.argv[0].words) {
        std::vector<const ExecRule*>& named = by_program_[word];
        if (named.empty() || named.back() != &rule) named.push_back(&rule);
      }
    }
  }

  void Run() {
    for (const ExecRule* rule : rules_) {
      const ExecRule* in[] = {rule};
      const analyse::Found any = layer_.argvs().Find(in, {});
      if (!any.words && !any.partial) {
        layer_.Add("never-matches", rule->where, rule->id, "there is no call that this rule meets", "",
                   rule->never_args.empty()
                       ? "look at the pattern: an element fits nothing (re, text and path never begin with a "
                         "dash before a `--`)"
                       : "look at never-args: one of them is in every call");
        continue;
      }
      Granted(*rule);
      if (!Covered(*rule)) Overlaps(*rule);
    }
  }

 private:
  // Rules that can meet the same calls: of one of its programs, for programs of the same origin.
  std::vector<const ExecRule*> Beside(const ExecRule& rule) const {
    std::vector<const ExecRule*> beside;
    for (const std::string& word : rule.argv[0].words)
      for (const ExecRule* other : by_program_.at(word))
        if (other != &rule && !DifferAtOnce(rule, *other) && std::ranges::find(beside, other) == beside.end())
          beside.push_back(other);
    std::ranges::sort(beside);
    return beside;
  }
  bool NeverStricter(const ExecRule& rule, const ExecRule& other) const {
    return std::ranges::all_of(layer_.profiles(), [&](const ResolvedProfile* profile) {
      return RuleLevel(rule, profile) <= RuleLevel(other, profile);
    });
  }
  void Granted(const ExecRule& rule);
  bool Covered(const ExecRule& rule);
  void Overlaps(const ExecRule& rule);

  Layer& layer_;
  std::vector<const ExecRule*> rules_;
  std::map<std::string, std::vector<const ExecRule*>> by_program_;
};

// A path that it demands, and of which no path rule gives any.
void ExecCover::Granted(const ExecRule& rule) {
  const Policy& policy = layer_.policy();
  if (!policy.has_paths || policy.unmatched.paths || rule.level == Level::kForbid) return;
  for (const Element& element : rule.argv) {
    if (element.kind != ElementKind::kPath || element.repeat_low == 0) continue;
    const bool given = std::ranges::any_of(policy.paths, [&](const PathRule& path) {
      return path.level != Level::kForbid && (path.may & ActBit(element.act)) != 0;
    });
    if (!given)
      return layer_.Add("never-matches", element.where, rule.id,
                        std::string("no path rule lets anything be ") +
                            (element.act == Act::kRead    ? "read"
                             : element.act == Act::kWrite ? "written"
                                                          : "deleted") +
                            ": every call of this rule is forbidden",
                        "", "write a path rule, or take the rule out");
  }
}

bool ExecCover::Covered(const ExecRule& rule) {
  std::vector<const ExecRule*> over;
  for (const ExecRule* other : Beside(rule)) {
    if (!NamesAll(rule, *other) || !NeverStricter(rule, *other)) continue;
    if (other->only != Only::kBoth && other->only != rule.only) continue;
    const bool silences = layer_.Loosest(*other) == Level::kForbid;
    if (!silences && !AddsNothing(rule, *other)) continue;
    // Of two that say the same, the later one is told.
    if (other > &rule && other->only == rule.only && NeverStricter(*other, rule) && NamesAll(*other, rule) &&
        AddsNothing(*other, rule)) {
      const ExecRule *in[] = {other}, *out[] = {&rule};
      const analyse::Found rest = layer_.argvs().Find(in, out);
      if (!rest.words && !rest.partial) continue;
    }
    over.push_back(other);
  }
  if (over.empty()) return false;
  const ExecRule* in[] = {&rule};
  const analyse::Found left = layer_.argvs().Find(in, over);
  if (left.words || left.partial) return false;
  // Named alone where one alone does it.
  std::vector<std::string> names;
  for (const ExecRule* other : over) {
    const ExecRule* out[] = {other};
    const analyse::Found rest = layer_.argvs().Find(in, out);
    if (!rest.words && !rest.partial) {
      names = {other->id};
      break;
    }
    names.push_back(other->id);
  }
  const analyse::Found shown = layer_.argvs().Find(in, {});
  const bool stricter =
      std::ranges::any_of(over, [&](const ExecRule* other) { return layer_.Loosest(*other) > layer_.Loosest(rule); });
  layer_.Add("covered", rule.where, rule.id,
             "every call of this rule is one of " + Listed(names, 4) + " too, at " +
                 (stricter ? "a stricter level" : "the same level or a stricter one") +
                 ": it decides nothing, wherever it stands",
             ShowWith(rule.argv[0].words.front(), *shown.words),
             stricter ? "make the stricter rule smaller: an exception to it can not be written as a looser rule"
                      : "take it out, or say what it is for");
  return true;
}

void ExecCover::Overlaps(const ExecRule& rule) {
  for (const ExecRule* other : Beside(rule)) {
    if (other < &rule || !NamesOneOf(rule, *other)) continue;  // each pair once
    if (rule.only != other->only && rule.only != Only::kBoth && other->only != Only::kBoth) continue;
    const bool differ = std::ranges::any_of(layer_.profiles(), [&](const ResolvedProfile* profile) {
      const Level a = RuleLevel(rule, profile), b = RuleLevel(*other, profile);
      // A prohibition that takes a corner of a rule is what prohibitions are for.
      return a != b && a != Level::kForbid && b != Level::kForbid;
    });
    if (!differ) continue;
    const ExecRule *both[] = {&rule, other}, *a[] = {&rule}, *b[] = {other};
    const analyse::Found met = layer_.argvs().Find(both, {});
    // An exception within a wider rule is a way to write.
    if (!met.words || !layer_.argvs().Find(a, b).words || !layer_.argvs().Find(b, a).words) continue;
    const ExecRule& looser = layer_.Loosest(rule) <= layer_.Loosest(*other) ? rule : *other;
    const ExecRule& stricter = &looser == &rule ? *other : rule;
    const auto program = std::ranges::find_if(rule.argv[0].words, [&](const std::string& word) {
      return std::ranges::find(other->argv[0].words, word) != other->argv[0].words.end();
    });
    layer_.Add("overlap", looser.where, looser.id,
               "some calls of this rule are also calls of " + stricter.id + ", which is stricter and decides them",
               ShowWith(*program, *met.words), "say in each pattern what it means, so that no call meets both");
  }
}

// ---- paths and hosts --------------------------------------------------------------------------
void CoverPaths(Layer& layer) {
  const std::vector<PathRule>& rules = layer.policy().paths;
  analyse::Paths paths;
  for (const PathRule& rule : rules) paths.AddHints(rule);
  for (const PathRule& rule : rules) {
    bool any = false, left = false;
    std::vector<std::string> names;
    std::string shown;
    for (const Act act : {Act::kRead, Act::kWrite, Act::kDelete}) {
      if ((rule.may & ActBit(act)) == 0) continue;
      const PathRule* in[] = {&rule};
      const auto found = paths.Find(in, {}, act);
      any = any || found.path || found.partial;
      if (found.path) shown = *found.path;
      std::vector<const PathRule*> over;
      for (const PathRule& other : rules) {
        if (&other == &rule || (other.may & ActBit(act)) == 0 || other.level < rule.level) continue;
        // Of two that say the same, the later one is told.
        const PathRule *later[] = {&other}, *earlier[] = {&rule};
        if (other.level == rule.level && &other > &rule && !paths.Find(later, earlier, act).path) continue;
        over.push_back(&other);
      }
      const auto rest = paths.Find(in, over, act);
      left = left || over.empty() || rest.path || rest.partial;
      for (const PathRule* other : over) {
        const PathRule* out[] = {other};
        const auto alone = paths.Find(in, out, act);
        if (alone.path || alone.partial) continue;
        if (std::ranges::find(names, other->id) == names.end()) names.push_back(other->id);
        break;
      }
    }
    if (!any)
      layer.Add("never-matches", rule.where, rule.id, "there is no path that this rule covers", "",
                "look at `unless`: it takes everything away that `match` names");
    else if (!left)
      layer.Add("covered", rule.where, rule.id,
                "every path of this rule is covered by " + (names.empty() ? "others together" : Listed(names, 4)) +
                    " too, at the same level or a stricter one: it decides nothing, wherever it stands",
                shown, "take it out, or make the stricter rule smaller: an exception to it is written as its `unless`");
  }
}

bool Within(const NetworkRule& rule, const NetworkRule& other) {
  const auto subset = [](const auto& part, const auto& whole) {
    return whole.empty() || (!part.empty() && std::ranges::all_of(part, [&](const auto& one) {
             return std::ranges::find(whole, one) != whole.end();
           }));
  };
  return subset(rule.ports, other.ports) && subset(rule.methods, other.methods) &&
         std::ranges::all_of(rule.hosts, [&](const std::string& host) {
           return std::ranges::any_of(other.hosts, [&](const std::string& over) {
             return over == host || (over.starts_with("*.") && host.ends_with(over.substr(1)) && host != over);
           });
         });
}

void CoverHosts(Layer& layer) {
  const Policy& policy = layer.policy();
  for (const NetworkRule& rule : policy.network) {
    const bool named = std::ranges::any_of(policy.exec, [&](const ExecRule& exec) {
      return std::ranges::find(exec.network, rule.id) != exec.network.end();
    });
    for (const NetworkRule& other : policy.network) {
      if (&other == &rule || other.level < rule.level || !Within(rule, other)) continue;
      if (other.level == rule.level && (named || (&other > &rule && Within(other, rule)))) continue;
      layer.Add("covered", rule.where, rule.id,
                "every host of this rule is one of " + other.id + " too, at " + LevelName(other.level) +
                    ": it decides nothing, wherever it stands",
                rule.hosts.front(), "take it out, or make the other rule smaller");
      break;
    }
  }
}

}  // namespace

void LintCover(Layer& layer) {
  ExecCover(layer).Run();
  CoverPaths(layer);
  CoverHosts(layer);
}

}  // namespace warder::policy::lint
