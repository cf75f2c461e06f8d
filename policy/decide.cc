// Which level does a call get, by which rule of which layer, and why?
#include "policy/decide.h"

#include <algorithm>

#include "base/text.h"
#include "policy/decider.h"
#include "policy/line_words.h"

namespace warder::policy {
namespace {

using LimitField = std::optional<uint64_t> Limits::*;
constexpr LimitField kLimitFields[] = {&Limits::wall_ms,    &Limits::cpu_ms,          &Limits::memory_bytes,
                                       &Limits::pids,       &Limits::files,           &Limits::output_bytes,
                                       &Limits::disk_bytes, &Limits::read_file_bytes, &Limits::concurrent};

// Where two are equally strict, the first layer names the decision, then the first place in its
// file; what stands in no file comes last.
bool Decides(const Applied& a, const Applied& b) {
  if (a.level != b.level) return a.level > b.level;
  if ((a.where.line == 0) != (b.where.line == 0)) return a.where.line != 0;
  if (a.layer != b.layer) return a.layer < b.layer;
  if (a.where.line != b.where.line) return a.where.line < b.where.line;
  return a.where.column < b.where.column;
}

// Each field of `own` where it is set, else of `layer`.
Limits Replaced(const Limits& layer, const Limits& own) {
  Limits limits = layer;
  for (LimitField field : kLimitFields)
    if (own.*field) limits.*field = own.*field;
  return limits;
}

void Narrow(Limits& limits, const Limits& other) {
  for (LimitField field : kLimitFields)
    if (other.*field) limits.*field = std::min((limits.*field).value_or(*(other.*field)), *(other.*field));
}

void NarrowTerms(ApprovalTerms& terms, const ApprovalTerms& other) {
  terms.people = std::max(terms.people, other.people);
  terms.expires_ms = std::min(terms.expires_ms, other.expires_ms);
}

}  // namespace

Decider::Decider(const PolicySet& set, const Call& call, const Analysis& analysis, const Facts& facts,
                 const std::string& profile)
    : set_(set),
      call_(call),
      facts_(facts),
      analysis_(analysis),
      place_{facts.workspace, facts.tmp},
      place_problem_(PlaceProblem(place_)),
      path_judged_(analysis_.wanted.paths.size()),
      reach_(call.line.commands.size()),
      shown_(call.line.commands.size()) {
  judged_.reserve(16);
  bool known = profile.empty();
  for (size_t layer = 0; layer < set.size(); ++layer) {
    const ResolvedProfile* found = nullptr;
    if (!profile.empty()) found = set.index(layer).FindProfile(profile);
    // A workspace's own profile does not make a name known: its files only narrow.
    known = known || (found != nullptr && set.Answers(layer));
    if (found == nullptr) found = set.index(layer).FindProfile(set.layer(layer).default_profile);
    profiles_.push_back(found);
    any_approve_becomes_forbid_ |= found != nullptr && found->approve_becomes_forbid();
    if (found != nullptr && profile_problem_.empty()) profile_problem_ = found->problem();
  }
  if (!known) profile_problem_ = "no policy here has a profile named " + ForTerminal(profile);
}

void Decider::Forbid(std::string id, std::string object, std::string text, size_t command, size_t layer, Where where) {
  Judged& judged = Add();
  judged.applied = {std::move(id), Level::kForbid, where, std::move(object),    std::move(text),
                    Act::kRead,    false,          layer, Applied::Text::kWhole};
  judged.command = command;
}

Decision Decider::Run() {
  if (!profile_problem_.empty()) Forbid("profile", "", profile_problem_);
  if (!FactsFit()) {
    Forbid("facts", "", "what was looked up is not what this call names");
  } else if (call_.tool == Tool::kRunCommand) {
    JudgeLine();
  } else if (call_.tool == Tool::kNone) {
    Add().applied = {"own-session", Level::kAuto, {}, "", "it looks at the own session only"};
  } else {
    JudgeTool();
  }
  JudgeActions();
  JudgeWindows();
  JudgeReason();
  if (FactsFit() && !call_.inside) JudgeCounters();
  return Finish();
}

Decision Decider::RunHost(const HostPort& host) {
  JudgeHost(host, SIZE_MAX);
  return Finish();
}

bool Decider::FactsFit() const {
  return facts_.paths.size() == analysis_.wanted.paths.size() &&
         facts_.programs.size() == analysis_.wanted.programs.size();
}

void Decider::JudgeLine() {
  if (call_.inside && !JudgeInside()) return;
  if (!call_.inside) JudgeEnvironment(call_.environment, SIZE_MAX);
  if (analysis_.directory != SIZE_MAX && !call_.inside) JudgePath(analysis_.directory, SIZE_MAX);
  if (call_.line.commands.empty()) {
    Forbid("opaque", ShowCommand({call_.opaque_text}), call_.line.why_opaque);
    return;
  }
  for (size_t i = 0; i < call_.line.commands.size(); ++i) {
    JudgeEnvironment(call_.line.commands[i].assignments, i);
    for (size_t path : analysis_.commands[i].paths) JudgePath(path, i);
    if (!call_.line.commands[i].change_directory) JudgeProgram(i);
  }
}

void Decider::JudgeTool() {
  auto name = [&](std::string_view action) { actions_.push_back({action, SIZE_MAX, SIZE_MAX}); };
  auto changes = [&](size_t path) { name(facts_.paths[path].exists ? "modify_file" : "create_file"); };
  for (size_t path : analysis_.tool_paths) JudgePath(path, SIZE_MAX);
  switch (call_.tool) {
    case Tool::kReadFile:
    case Tool::kSearchFiles:
      return name("read_file");
    case Tool::kListDirectory:
      return name("list_directory");
    case Tool::kDeleteFile:
      return name("delete_file");
    case Tool::kEditFile:
      return name("modify_file");
    case Tool::kWriteFile:
    case Tool::kRestoreFile:
      return changes(analysis_.tool_paths[0]);
    case Tool::kMoveFile:
      name("delete_file");
      return changes(analysis_.tool_paths.back());
    case Tool::kUndoCall:
      for (size_t path : analysis_.tool_paths)
        analysis_.wanted.paths[path].act == Act::kDelete ? name("delete_file") : changes(path);
      return;
    case Tool::kHttpRequest:
      JudgeHost(call_.host, SIZE_MAX);
      return name("http_request");
    case Tool::kRunCommand:
    case Tool::kNone:
      return;
  }
}

// Every program and every other path adds something to judged_; this says so once more, of the call
// itself.
bool Decider::OnlyFree() const {
  if (call_.tool == Tool::kHttpRequest || call_.tool == Tool::kNone) return false;
  if (call_.tool != Tool::kRunCommand)
    return std::ranges::all_of(analysis_.tool_paths,
                               [&](size_t path) { return facts_.paths[path].path == "/dev/null"; });
  return !call_.line.commands.empty() && std::ranges::all_of(call_.line.commands, [](const SimpleCommand& command) {
    return command.change_directory;
  });
}

Decision Decider::Finish() {
  Decision decision;
  const Judged* first = nullptr;
  for (const Judged& judged : judged_)
    if (first == nullptr || Decides(judged.applied, first->applied)) first = &judged;
  FinishTerms(decision);
  FinishCounts(decision);
  const size_t layer = first == nullptr ? SIZE_MAX : first->applied.layer;
  const size_t shown = layer == SIZE_MAX ? 0 : layer;
  decision.file = set_.layer(shown).file;
  if (layer != SIZE_MAX) decision.layer = LayerName(set_.layer(layer).layer);
  for (size_t i = 0; i < profiles_.size() && decision.profile.empty(); ++i)
    if (profiles_[layer == SIZE_MAX ? i : layer] != nullptr)
      decision.profile = profiles_[layer == SIZE_MAX ? i : layer]->profile().name;
  if (first == nullptr) {  // only what is free was named: the workspace as a directory, /dev/null
    decision.rule = "free";
    decision.level = OnlyFree() ? Level::kAuto : Level::kForbid;
    decision.why = "it names nothing but the workspace itself or /dev/null";
  } else {
    decision.level = first->applied.level;
    decision.rule = first->applied.id;
    decision.where = first->applied.where;
    decision.action = first->action;
    decision.why = Why(*first);
  }
  if (decision.level == Level::kApprove) FinishApprove(decision);
  decision.reach = std::move(reach_);
  decision.applied.reserve(judged_.size());
  for (Judged& judged : judged_) decision.applied.push_back(std::move(judged.applied));
  return decision;
}

// What was nearest is only worth its work for what is told.
std::string Decider::Why(const Judged& first) {
  const bool of_command = first.command < call_.line.commands.size();
  const std::string& shown = of_command ? Shown(first.command) : std::string();
  if (!of_command || first.applied.id != "no-rule" || call_.inside ||
      IsShellOnly(call_.line.commands[first.command].argv[0]))
    return WhyDecided(call_, first, shown, TellWhy(first.applied));
  return WhyDecided(call_, first, shown, WhyNoRule(set_, call_.line.commands[first.command], first.applied.layer));
}

// Where nobody is asked, what a person would have to say yes to is forbidden.
void Decider::FinishApprove(Decision& decision) const {
  if (any_approve_becomes_forbid_) {
    decision.level = Level::kForbid;
    decision.why += "; under the profile " + decision.profile + " nobody is asked, so it is forbidden";
  } else if (call_.inside && set_.settings().inside.approve == InsideApprove::kForbid) {
    decision.level = Level::kForbid;
    decision.why += "; nobody is asked about a program that was started inside a run, so it is forbidden";
  }
}

// Limits of every layer, guard of every matched rule, approval terms of those that ask.
void Decider::FinishTerms(Decision& decision) const {
  std::vector<bool> replaced(set_.size());
  bool guarded = false, asked = false, reusable = true;
  std::optional<ApprovalTerms> terms;
  for (const Judged& judged : judged_) {
    const bool asks = judged.applied.level == Level::kApprove;
    asked = asked || asks;
    const bool reuses = asks && judged.rule != nullptr && judged.rule->approval && judged.rule->approval->reuse;
    reusable = reusable && (!asks || reuses);
    if (judged.rule == nullptr || judged.applied.level == Level::kForbid) continue;
    const ExecRule& rule = *judged.rule;
    Narrow(decision.limits, Replaced(set_.layer(judged.applied.layer).limits, rule.limits.value_or(Limits{})));
    replaced[judged.applied.layer] = true;
    decision.guard = guarded ? std::min(decision.guard, rule.guard) : rule.guard;
    guarded = true;
    if (!asks || !rule.approval) continue;
    if (terms)
      NarrowTerms(*terms, *rule.approval);
    else
      terms = *rule.approval;
    if (reuses) {
      const Rate& rate = *rule.approval->reuse;
      terms->reuse = {std::min(terms->reuse.value_or(rate).max, rate.max),
                      std::min(terms->reuse.value_or(rate).per_ms, rate.per_ms)};
    }
  }
  for (size_t layer = 0; layer < set_.size(); ++layer)
    if (!replaced[layer]) Narrow(decision.limits, set_.layer(layer).limits);
  if (terms) decision.approval = *terms;
  if (!asked || !reusable) decision.approval.reuse.reset();
  if (call_.line.opaque) decision.guard = Guard::kEnforce;
}

// What must be counted in one step before it runs.
void Decider::FinishCounts(Decision& decision) const {
  if (call_.inside || call_.tool == Tool::kNone) return;
  AddSessionNeeds(set_, decision.counts);
  for (const Judged& judged : judged_) {
    if (judged.rule == nullptr || judged.applied.level == Level::kForbid) continue;
    AddNeeds(set_.layer(judged.applied.layer), *judged.rule, decision.counts);
    const std::string& lease = judged.rule->lease;
    if (!lease.empty() && std::ranges::find(decision.leases, lease) == decision.leases.end())
      decision.leases.push_back(lease);
  }
}

Decision Decide(const PolicySet& set, const Call& call, const Facts& facts, const std::string& profile) {
  return Question(set, call).Decide(facts, profile);
}

Question::Question(const PolicySet& set, const Call& call)
    : set_(set), call_(call), analysis_(std::make_unique<const Analysis>(Analyse(set, call))) {}
Question::~Question() = default;

const Wanted& Question::wanted() const { return analysis_->wanted; }

Decision Question::Decide(const Facts& facts, const std::string& profile) const {
  return Decider(set_, call_, *analysis_, facts, profile).Run();
}

Decision DecideHost(const PolicySet& set, const HostPort& host, const std::string& profile) {
  Call call;
  call.tool = Tool::kHttpRequest;
  return Decider(set, call, Analyse(set, call), Facts{}, profile).RunHost(host);
}

}  // namespace warder::policy
