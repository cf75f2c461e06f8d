// Which prohibitions does the same call evade in another spelling?
//
// A rule that asks or forbids is met by calls; each is written in the other ways that its program takes for the same.
// Where such a way meets only rules that are looser, it is told, with the call and the rule that lets it by.
#include <algorithm>

#include "policy/analyse/lint_parts.h"
#include "policy/analyse/programs.h"
#include "policy/line.h"

namespace warder::policy::lint {
namespace {

struct Respelled {
  Argv argv;
  std::string_view how;
};

// An option that changes nothing here and may stand before the subcommand.
struct Harmless {
  std::string_view program, option;
};
constexpr Harmless kHarmless[] = {{"git", "--no-pager"}, {"kubectl", "-v=1"}, {"docker", "--debug"},
                                  {"npm", "--silent"},   {"apt-get", "-y"},   {"systemctl", "--no-pager"}};
// Two spellings of one option: the program's manual page.
struct Alias {
  std::string_view program, one, other;
};
constexpr Alias kAliases[] = {{"git", "--force", "-f"},       {"git", "--delete", "-d"},
                              {"git", "--all", "-a"},         {"rm", "-r", "-R"},
                              {"rm", "-r", "--recursive"},    {"rm", "-f", "--force"},
                              {"chmod", "-R", "--recursive"}, {"chown", "-R", "--recursive"}};

bool IsOptionWord(const std::string& word) { return word.size() > 1 && word[0] == '-' && word != "--"; }

class Respelling {
 public:
  explicit Respelling(const Argv& call) : call_(call), known_(FindKnownProgram(call[0])) {
    for (const Means& means : known_ == nullptr ? std::span<const Means>() : known_->means) {
      starts_ = starts_ || means.form == Form::kCommand;
      long_by_one_dash_ = long_by_one_dash_ || (means.form == Form::kWord && means.spelling.size() > 2);
    }
  }

  std::vector<Respelled> All() {
    // What stands behind the program that env and its like start is that program's.
    if (!starts_) {
      Move();
      EndOfOptions();
      Bundles();
    }
    BeforeTheSubcommand();
    Aliases();
    Names();
    return std::move(all_);
  }

 private:
  std::string_view Program() const { return BaseName(call_[0]); }
  void Put(Argv argv, std::string_view how) {
    if (argv != call_) all_.push_back({std::move(argv), how});
  }
  bool TakesValue(const std::string& option) const {
    if (known_ == nullptr) return false;
    const std::vector<std::string_view> valued = SplitWords(known_->valued);
    return std::ranges::find(valued, option) != valued.end();
  }

  // An option elsewhere: behind the subcommand where there is one, before `--`.
  void Move() {
    const size_t end = static_cast<size_t>(std::ranges::find(call_, "--") - call_.begin());
    const size_t first = call_.size() > 1 && !IsOptionWord(call_[1]) ? 2 : 1;
    for (size_t i = first; i < end; ++i) {
      if (!IsOptionWord(call_[i])) continue;
      const size_t count = TakesValue(call_[i]) && i + 1 < end ? 2 : 1;
      Argv without = call_;
      const auto from = without.begin() + static_cast<long>(i);
      const Argv taken(from, from + static_cast<long>(count));
      without.erase(from, from + static_cast<long>(count));
      for (size_t to = first; to + count <= end; ++to) {
        Argv moved = without;
        moved.insert(moved.begin() + static_cast<long>(to), taken.begin(), taken.end());
        Put(std::move(moved), "the option in another place");
      }
      Argv last = without;
      if (end == call_.size()) {
        last.insert(last.end(), {"x"});
        last.insert(last.end(), taken.begin(), taken.end());
        Put(std::move(last), "the option behind another operand");
      }
    }
  }

  void EndOfOptions() {
    if (std::ranges::find(call_, "--") != call_.end()) return;
    const size_t first = call_.size() > 1 && !IsOptionWord(call_[1]) ? 2 : 1;
    for (size_t i = first; i < call_.size(); ++i) {
      if (IsOptionWord(call_[i]) || (i > first && TakesValue(call_[i - 1]))) continue;
      if (std::any_of(call_.begin() + static_cast<long>(i), call_.end(), IsOptionWord)) continue;
      Argv put = call_;
      put.insert(put.begin() + static_cast<long>(i), "--");
      return Put(std::move(put), "with `--` before the operands");
    }
  }

  // `-rf` is `-fr` and `-r -f`, where the program has no long options of one dash.
  void Bundles() {
    if (known_ == nullptr || long_by_one_dash_) return;
    for (size_t i = 1; i < call_.size(); ++i) {
      const std::string& word = call_[i];
      if (word.size() != 3 || word[0] != '-' || word[1] == '-') continue;
      Argv turned = call_, apart = call_;
      turned[i] = {'-', word[2], word[1]};
      Put(std::move(turned), "the letters in another order");
      apart[i] = word.substr(0, 2);
      apart.insert(apart.begin() + static_cast<long>(i) + 1, std::string{'-', word[2]});
      Put(std::move(apart), "each letter alone");
    }
  }

  void BeforeTheSubcommand() {
    for (const auto& [program, option] : kHarmless) {
      if (Program() != program || call_.size() < 2) continue;
      Argv put = call_;
      put.insert(put.begin() + 1, std::string(option));
      Put(std::move(put), "with an option before the subcommand");
    }
  }

  void Aliases() {
    for (const auto& [program, one, other] : kAliases)
      for (size_t i = 1; i < call_.size() && Program() == program; ++i)
        for (const auto& [from, to] : {std::pair(one, other), std::pair(other, one)}) {
          if (call_[i] != from) continue;
          Argv renamed = call_;
          renamed[i] = to;
          Put(std::move(renamed), "the option by its other name");
        }
  }

  // Other names of the same branch (gitrevisions(7), git-push(1)) and of the same file.
  void Names() {
    const bool is_push = Program() == "git" && call_.size() > 3 && call_[1] == "push";
    for (size_t i = 1; i < call_.size(); ++i) {
      if (IsOptionWord(call_[i]) || call_[i] == "--") continue;
      std::vector<std::string> names;
      if (is_push && i > 2 && call_[i].find_first_of(":/+") == std::string::npos)
        for (std::string_view before : {"refs/heads/", "heads/", "+", "HEAD:", "HEAD:refs/heads/"})
          names.push_back(std::string(before) + call_[i]);
      if (!is_push && call_[i].contains('.') && call_[i][0] != '/' && call_[i][0] != '.')
        names.push_back("./" + call_[i]);
      for (std::string& name : names) {
        Argv renamed = call_;
        renamed[i] = std::move(name);
        Put(std::move(renamed), "the same thing by another name");
      }
    }
  }

  const Argv& call_;
  const KnownProgram* known_;
  bool starts_ = false, long_by_one_dash_ = false;
  std::vector<Respelled> all_;
};

void LintRule(Layer& layer, const ExecRule& rule) {
  const bool inside = rule.only == Only::kInside;
  const Level strict = layer.Loosest(rule);
  const bool passes = layer.set().Passes(layer.number(), Matter::kExec);
  for (const Argv& call : layer.Calls(rule))
    for (const Respelled& other : Respelling(call).All()) {
      const std::optional<Level> level = layer.LoosestOf(other.argv, inside);
      if (level ? *level >= strict : !(passes && strict == Level::kForbid)) continue;
      const ExecRule* by = layer.Deciding(other.argv, inside);
      layer.Add("evadable-forbid", rule.where, rule.id,
                std::string(LevelName(strict)) + " for " + ShowCommand(call) + ", and " +
                    (by == nullptr ? std::string("left to the other layers")
                                   : std::string(LevelName(*level)) + " by " + by->id) +
                    " when it is spelled otherwise: " + std::string(other.how),
                ShowCommand(other.argv),
                "let the looser rule take only what it means, by { flags: […] } and words; or forbid each spelling");
      return;
    }
}

}  // namespace

void LintOrder(Layer& layer) {
  for (const ExecRule& rule : layer.policy().exec)
    if (!rule.argv.empty() && layer.Loosest(rule) >= Level::kApprove) LintRule(layer, rule);
}

}  // namespace warder::policy::lint
