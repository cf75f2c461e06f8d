// Which allowed calls start other programs, or write files that no path rule judges?
//
// Every call that a rule is known to fit gets each dangerous argument of the table put in, at every place where the
// program would take it; where the rule still fits, that call is the witness. So nothing is told that does not fit.
#include <algorithm>
#include <map>

#include "policy/analyse/lint_parts.h"
#include "policy/analyse/programs.h"
#include "policy/line.h"
#include "policy/match.h"

namespace warder::policy::lint {
namespace {

// What the words behind a program are to it.
struct Behind {
  const KnownProgram* program = nullptr;
  size_t at = 0;             // index of the program in argv
  bool more_arrive = false;  // further words come from its input
};

// Indexes of the operands of the program; an option's value is none.
std::vector<size_t> Operands(const Argv& argv, const Behind& behind) {
  const std::vector<std::string_view> valued = SplitWords(behind.program->valued);
  std::vector<size_t> operands;
  bool options = true;
  for (size_t i = behind.at + 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (options && word == "--") {
      options = false;
    } else if (options && word.size() > 1 && word[0] == '-') {
      i += std::ranges::find(valued, word) != valued.end() ? 1 : 0;
    } else {
      operands.push_back(i);
    }
  }
  return operands;
}

const Means* CommandOf(const KnownProgram& program) {
  for (const Means& means : program.means)
    if (means.form == Form::kCommand) return &means;
  return nullptr;
}

// The index of the program that it starts, by a name of the table; 0: none is there.
size_t StartedAt(const Argv& argv, const Behind& behind) {
  if (!behind.program->module.empty()) {
    const auto option = std::find(argv.begin() + static_cast<long>(behind.at), argv.end(), behind.program->module);
    if (option != argv.end() && option + 1 != argv.end()) return static_cast<size_t>(option + 1 - argv.begin());
  }
  const Means* command = CommandOf(*behind.program);
  if (command == nullptr) return 0;
  std::vector<size_t> operands = Operands(argv, behind);
  std::erase_if(operands, [&](size_t i) { return argv[i].contains('='); });  // env NAME=VALUE
  return operands.size() < command->nth ? 0 : operands[command->nth - 1u];
}

// Words to be put in for one dangerous argument; of an operand, its number.
struct Trial {
  Argv words;
  size_t nth = 0;
};

std::vector<Trial> Trials(const Means& means) {
  const Argv value = ReadWords(means.value);
  const std::string spelling(means.spelling);
  Argv apart{spelling}, glued = value;
  apart.insert(apart.end(), value.begin(), value.end());
  if (!glued.empty()) glued[0] = spelling + (means.form == Form::kLong ? "=" : "") + glued[0];
  switch (means.form) {
    case Form::kShort:
    case Form::kLong:
      return value.empty() ? std::vector<Trial>{{apart}} : std::vector<Trial>{{apart}, {glued}};
    case Form::kWord:
      return {{apart}};
    case Form::kGlued:
      return {{value.empty() ? apart : glued}};
    case Form::kBare:
      return {{value}};
    case Form::kOperand:
    case Form::kCommand:
      if (means.nth < 2 || !means.where.empty() || value.size() < 2) return {{value, means.nth}};
      // All operands up to the one that counts; or that one alone, where a rule fixes the others.
      return {{value, 1}, {{value.back()}, means.nth}};
  }
  return {};
}

bool IsOption(const Means& means) {
  return means.form == Form::kShort || means.form == Form::kLong || means.form == Form::kWord ||
         means.form == Form::kGlued;
}

// Whether the program takes the words at `at` for what the table says.
bool IsTaken(const Means& means, size_t nth, const Argv& argv, size_t at, const Behind& behind) {
  if (!means.unless.empty()) {
    std::vector<std::string> unless;
    for (std::string_view option : SplitWords(means.unless)) unless.emplace_back(option);
    if (FindNeverArg(unless, {argv.begin() + static_cast<long>(behind.at), argv.end()})) return false;
  }
  const std::vector<size_t> operands = Operands(argv, behind);
  const size_t before = static_cast<size_t>(std::ranges::count_if(operands, [&](size_t i) { return i < at; }));
  const bool is_operand = std::ranges::find(operands, at) != operands.end();
  if (means.form == Form::kOperand || means.form == Form::kCommand) {
    if (!is_operand) return false;
    if (!means.where.empty()) {
      const std::vector<std::string_view> commands = SplitWords(means.where);
      if (before == 0 || std::ranges::find(commands, argv[operands[0]]) == commands.end()) return false;
    }
    return nth == 0 || before + 1 == nth;
  }
  // Behind `--` nothing is an option; the words of another option's value are none either.
  if (is_operand && means.form != Form::kGlued) return false;
  if (at > behind.at + 1 && means.form != Form::kGlued) {
    const std::vector<std::string_view> valued = SplitWords(behind.program->valued);
    if (std::ranges::find(valued, argv[at - 1]) != valued.end()) return false;
  }
  if (means.where == "^") return before == 0;
  if (!means.where.empty()) {
    const std::vector<std::string_view> commands = SplitWords(means.where);
    return before > 0 && std::ranges::find(commands, argv[operands[0]]) != commands.end();
  }
  // Options behind the command are the command's.
  const Means* command = CommandOf(*behind.program);
  return command == nullptr || before < command->nth;
}

struct Hit {
  const Means* means = nullptr;
  Argv witness;
  bool read_only = false;  // a path rule judges it, as another act than it is
  bool typed = false;      // a path rule judges it
};

class ProgramCheck {
 public:
  ProgramCheck(Layer& layer, const ExecRule& rule) : layer_(layer), rule_(rule), calls_(layer.Calls(rule)) {}

  void Run() {
    for (const std::string& name : rule_.argv[0].words) {
      const KnownProgram* known = FindKnownProgram(name);
      if (known == nullptr) continue;
      hits_.clear();
      for (Argv call : calls_) {
        call[0] = name;
        Look(call, {known, 0, false});
      }
      Tell(name, *known);
    }
  }

 private:
  void Look(const Argv& call, const Behind& behind);
  void Try(const Means& means, const Trial& trial, const Argv& call, const Behind& behind);
  bool ForbiddenPath(const Argv& argv, const NamedPath& path) const;
  bool Judge(const Means& means, const Argv& argv, size_t at, size_t count, const Behind& behind);
  void Tell(const std::string& name, const KnownProgram& known);
  void TellStrongest(const std::string& name, const KnownProgram& known, const std::vector<const Hit*>& hits,
                     std::string_view id);

  Layer& layer_;
  const ExecRule& rule_;
  const std::vector<Argv> calls_;
  std::map<const Means*, Hit> hits_;
};

void ProgramCheck::Look(const Argv& call, const Behind& behind) {
  for (const Means& means : behind.program->means) {
    if (auto hit = hits_.find(&means); hit != hits_.end() && !hit->second.typed) continue;
    if (means.form == Form::kBare) {
      Argv bare(call.begin(), call.begin() + static_cast<long>(behind.at) + 1);
      for (const std::string& word : ReadWords(means.value)) bare.push_back(word);
      if (!behind.more_arrive) Judge(means, bare, behind.at, 1, behind);
      continue;
    }
    for (const Trial& trial : Trials(means)) Try(means, trial, call, behind);
  }
  const size_t started = StartedAt(call, behind);
  if (started == 0) return;
  const KnownProgram* inner = FindKnownProgram(call[started]);
  if (inner != nullptr && inner != behind.program)
    Look(call, {inner, started, behind.more_arrive || behind.program->adds_arguments});
}

void ProgramCheck::Try(const Means& means, const Trial& trial, const Argv& call, const Behind& behind) {
  for (size_t at = behind.at + 1; at <= call.size(); ++at) {
    if (behind.more_arrive && at != call.size()) continue;
    for (const bool replace : {false, true}) {
      // In place of one word; of an option that is there already with its value, in place of both.
      const bool again = IsOption(means) && at < call.size() && call[at] == trial.words.front();
      const size_t replaced = !replace ? 0 : again ? trial.words.size() : 1;
      if (replace && !again && IsOption(means) && means.form != Form::kGlued) continue;
      if (at + replaced > call.size()) continue;
      Argv tried(call.begin(), call.begin() + static_cast<long>(at));
      tried.insert(tried.end(), trial.words.begin(), trial.words.end());
      tried.insert(tried.end(), call.begin() + static_cast<long>(at + replaced), call.end());
      if (!IsTaken(means, trial.nth, tried, at, behind)) continue;
      if (Judge(means, tried, at, trial.words.size(), behind)) return;
    }
  }
}

// Whether the path rules stop the word as the path that the rule takes it for: one that forbids `**/@*/**` does.
bool ProgramCheck::ForbiddenPath(const Argv& argv, const NamedPath& path) const {
  if (!layer_.policy().has_paths) return false;
  const std::string text = argv[path.word].substr(path.offset);
  const std::optional<Level> level =
      LevelOfPath(layer_.set(), text.starts_with('/') ? text : "/workspace/" + text, path.act);
  return !level || *level > Level::kNotify;
}

// Whether the call is one that the rule lets run, and no path rule judges the argument for what it is.
bool ProgramCheck::Judge(const Means& means, const Argv& argv, size_t at, size_t count, const Behind& behind) {
  Fit fit;
  if (!behind.more_arrive) {
    fit = FitArgv(rule_.argv, argv);
    if (!fit.fits || FindNeverArg(rule_.never_args, argv)) return false;
    const std::optional<Level> level = layer_.LoosestOf(argv, rule_.only == Only::kInside);
    if (!level || *level > Level::kNotify) return false;
  }
  Hit hit{&means, argv, false, false};
  for (const NamedPath& path : fit.paths) {
    if (path.word < at || path.word >= at + count) continue;
    // What the rule takes for a path must be the path that the program takes: `@args` is the file args.
    if (means.form == Form::kGlued && path.offset != means.spelling.size()) {
      if (ForbiddenPath(argv, path)) return false;
      continue;
    }
    const bool as_it_is = means.effect == Effect::kDeletes  ? path.act == Act::kDelete
                          : means.effect == Effect::kWrites ? path.act != Act::kRead
                                                            : true;
    hit.read_only = hit.read_only || !as_it_is;
    hit.typed = hit.typed || as_it_is;
  }
  if (means.effect == Effect::kRuns) hit.typed = false;
  auto [known, fresh] = hits_.try_emplace(&means, hit);
  if (!fresh && known->second.typed && !hit.typed) known->second = std::move(hit);
  return !hits_.at(&means).typed;
}

std::string Named(const Means& means, const std::string& name) {
  switch (means.form) {
    case Form::kOperand:
    case Form::kCommand:
      return "an operand of `" + name + "`";
    case Form::kBare:
      return "`" + name + "` alone";
    default:
      return "`" + name + " " + std::string(means.spelling) + "`";
  }
}

void ProgramCheck::TellStrongest(const std::string& name, const KnownProgram& known,
                                 const std::vector<const Hit*>& hits, std::string_view id) {
  if (hits.empty()) return;
  const Hit& first = *hits.front();
  std::vector<std::string> others;
  for (const Hit* hit : hits)
    if (hit != &first && !hit->means->spelling.empty()) others.push_back(std::string(hit->means->spelling));
  std::ranges::sort(others);
  others.erase(std::ranges::unique(others).begin(), others.end());
  std::string what = Named(*first.means, name) + " " + std::string(first.means->reason) + " (" +
                     std::string(known.source) + "), and the rule lets it through at " +
                     LevelName(layer_.Loosest(rule_));
  if (!others.empty()) what += "; so does it " + Listed(others, 6);
  std::string remedy = "write the arguments that are needed, as { flags: […] } and { path: read }, or `level: approve`";
  if (!rule_.never_args.empty())
    remedy = "never-args can not be complete: write { flags: […] } with the options that are needed";
  if (first.means->spelling == "@" && !HasRest(rule_))
    remedy = "forbid to read such names by a path rule: `may: [read, write], match: [\"**/@*/**\"]`";
  if (id == "wrong-act")
    remedy = first.means->effect == Effect::kDeletes ? "write { path: delete }" : "write { path: write }";
  if (id == "runs-file")
    remedy = "know that only the jail bounds it; forbid writing such files, or write `level: approve`";
  layer_.Add(id, rule_.where, rule_.id, std::move(what), ShowCommand(first.witness), std::move(remedy));
}

void ProgramCheck::Tell(const std::string& name, const KnownProgram& known) {
  std::vector<const Hit*> runs, writes, wrong, files;
  // In the order of the table, which has the plainest first.
  std::vector<const Hit*> all;
  for (const auto& [means, hit] : hits_) all.push_back(&hit);
  std::ranges::sort(all, {}, &Hit::means);
  for (const Hit* hit : all) {
    const Effect effect = hit->means->effect;
    const bool changes = effect == Effect::kWrites || effect == Effect::kDeletes;
    if (hit->typed)
      (changes ? static_cast<void>(0) : files.push_back(hit));
    else if (hit->read_only)
      wrong.push_back(hit);
    else
      (changes ? writes : runs).push_back(hit);
  }
  TellStrongest(name, known, runs, "runs-others");
  if (runs.empty()) TellStrongest(name, known, writes, "writes-files");
  TellStrongest(name, known, wrong, "wrong-act");
  if (runs.empty()) TellStrongest(name, known, files, "runs-file");
  if (runs.empty() && writes.empty() && !rule_.never_args.empty() && HasRest(rule_))
    layer_.Add("deny-list", rule_.where, rule_.id,
               "never-args of `" + name + "`, whose options are known (" + std::string(known.source) +
                   "): they stop what is known today, and a list of what is forbidden can not be complete",
               "", "write { flags: […] } with the options that are needed");
}

}  // namespace

void LintPrograms(Layer& layer) {
  for (const ExecRule& rule : layer.policy().exec)
    if (!rule.argv.empty() && layer.Loosest(rule) <= Level::kNotify) ProgramCheck(layer, rule).Run();
}

}  // namespace warder::policy::lint
