// How is a policy learned that allows what was seen and refuses what was refused? See learn.h.
//
// Rules are made from parts, written out, loaded as any policy, and asked about every call of the log. What comes out
// looser than it was decided takes something back: a widening, or else the part that fewest other calls need. Then all
// is made again, until nothing comes out looser. Each round takes something back, so it ends.
#include "policy/learn/learn.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/text.h"
#include "policy/analyse/layout.h"
#include "policy/analyse/show.h"
#include "policy/learn/build.h"
#include "policy/load.h"
#include "policy/record/arguments.h"

namespace warder::policy {
namespace {

using learn::Built;
using learn::Grant;
using learn::Made;
using learn::Part;
using learn::PartKind;
using learn::Parts;

// Calls that no log tells apart, once.
struct Distinct {
  SeenCall seen;
  std::vector<uint64_t> records;
  std::vector<size_t> grants;  // of its parts, where they were learned
  std::vector<std::string> keys;
  bool learned = false;
};

Level FloorOf(const SeenCall& seen) {
  if (seen.fate == Fate::kForbidden) return Level::kForbid;
  if (seen.fate == Fate::kNotApproved) return Level::kApprove;
  return seen.level;
}

std::string Same(const SeenCall& seen) {
  const RecordedCall& r = seen.recorded;
  std::string key = std::to_string(static_cast<int>(seen.fate)) + LevelName(seen.level) +
                    (seen.for_reason ? "1" : "0") + (r.has_reason ? "1" : "0") + r.tool;
  for (const auto& text : {r.arguments, r.facts}) {
    key += '|' + (text ? std::to_string(text->size()) : "-");
    if (text) key += ':' + Hex(AsBytes(HashSha256(*text)));
  }
  return key;
}

class Learner {
 public:
  Learner(const std::vector<SeenCall>& calls, const LearnTerms& terms) : terms_(terms) {
    out_.calls = calls.size();
    std::unordered_map<std::string, size_t> known;
    for (const SeenCall& seen : calls) {
      auto [at, fresh] = known.try_emplace(Same(seen), calls_.size());
      if (fresh) calls_.push_back({seen, {}, {}, {}, false});
      calls_[at->second].records.push_back(seen.record);
    }
  }

  Result<Learned> Run() {
    for (Distinct& call : calls_) Take(call);
    if (std::ranges::all_of(grants_, [](const Grant& grant) { return grant.dropped; }))
      return Fail(Code::kInvalid, "no call of this log can be learned from" + FirstReason(),
                  "name a log with calls that were allowed and done");
    for (;;) {
      WARDER_TRY(const bool settled, Round());
      if (settled) break;
    }
    WARDER_TRY_STATUS(Write());
    Tell();
    return std::move(out_);
  }

 private:
  void LeaveOut(const Distinct& call, const std::string& why) {
    auto found = std::ranges::find(out_.left_out, why, &LeftOut::why);
    if (found == out_.left_out.end()) found = out_.left_out.insert(found, {why, 0, call.seen.call});
    found->count += call.records.size();
  }
  std::string FirstReason() const { return out_.left_out.empty() ? "" : ": " + out_.left_out[0].why; }

  static const char* WhyNotDone(Fate fate) {
    switch (fate) {
      case Fate::kForbidden:
        return "forbidden by policy";
      case Fate::kNotApproved:
        return "nobody approved it";
      case Fate::kByHost:
        return "refused by the host itself";
      case Fate::kFailed:
        return "it failed before it was done";
      case Fate::kNoEnd:
        return "the log does not say how it ended";
      case Fate::kDone:
        break;
    }
    return "";
  }

  void Take(Distinct& call) {
    const SeenCall& seen = call.seen;
    Parts parts = learn::PartsOf(seen.recorded);
    for (const Part& part : parts.parts) call.keys.push_back(part.Key());
    if (seen.fate != Fate::kDone) return LeaveOut(call, WhyNotDone(seen.fate));
    if (parts.nothing) {
      out_.free_of_rules += call.records.size();
      return;
    }
    if (parts.problem.empty() && !parts.variables.empty() && !terms_.widen.contains(Widen::kEnvironment))
      parts.problem = "it set variables, and no rule says with which value: --generalise environment";
    for (const Part& part : parts.parts)
      if (parts.problem.empty() && part.kind == PartKind::kCommand && !SameFile(part))
        parts.problem = "a program whose name stood for another file in an earlier call";
    if (!parts.problem.empty()) return LeaveOut(call, parts.problem);
    for (const std::string& name : parts.variables) {
      variables_.insert(name);
    }
    call.learned = true;
    for (Part& part : parts.parts) call.grants.push_back(GrantOf(std::move(part), call));
  }

  // A name stands for one file; of which content only as long as all calls agree on it.
  bool SameFile(const Part& part) {
    if (part.argv[0].contains('/')) return true;
    return files_.try_emplace(part.argv[0], part.file).first->second == part.file;
  }

  size_t GrantOf(Part part, const Distinct& call) {
    auto [at, fresh] = by_key_.try_emplace(part.Key(), grants_.size());
    if (fresh) grants_.push_back({std::move(part), call.seen.level, {}, 0, false, false});
    Grant& grant = grants_[at->second];
    if (!fresh) Agree(grant.part, part);
    grant.level = std::min(grant.level, call.seen.level);
    ++grant.calls;
    grant.records.insert(grant.records.end(), call.records.begin(), call.records.end());
    return at->second;
  }

  // What two calls say of the same command: only what both do.
  static void Agree(Part& kept, const Part& other) {
    if (kept.sha256 != other.sha256 && kept.sha256 && other.sha256) kept.sha256.reset();
    if (!kept.sha256) kept.sha256 = other.sha256;
    for (size_t i = 0; i < kept.paths.size(); ++i)
      if (kept.paths[i] != other.paths[i]) kept.paths[i].reset();
  }

  struct Loaded {
    Built built;
    std::shared_ptr<Policy> policy;
    std::string yaml;
  };
  Result<Loaded> Load(Built built) const {
    Loaded loaded{std::move(built), nullptr, {}};
    loaded.yaml = ShowPolicy(loaded.built.policy, false);
    auto laid = LayOut("learned.yaml", loaded.yaml);
    if (laid) loaded.yaml = std::move(*laid);
    LoadResult result = LoadPolicy("learned.yaml", loaded.yaml);
    if (!laid || !result.problems.empty())
      return Fail(Code::kLimit,
                  "what was learned is no policy: " +
                      (result.problems.empty() ? laid.error().front().what : result.problems.front().what),
                  "learn from one --session or one --agent, or --generalise more");
    loaded.policy = std::make_shared<Policy>(std::move(result.policy));
    return loaded;
  }

  // One policy made and asked. True: nothing comes out looser than it was.
  Result<bool> Round() {
    WARDER_TRY(Loaded loaded, Load(learn::BuildRules(grants_, variables_, terms_, blocked_)));
    AssumeFiles(*loaded.policy);
    auto set = PolicySet::Make({loaded.policy});
    if (!set) return Fail(Code::kInvalid, "what was learned does not stand together: " + set.error()[0].problem.what);
    const Replayer replayer(*set, {});
    bool settled = true;
    taken_.clear();
    out_.same = out_.stricter = out_.refused = 0;
    for (Distinct& call : calls_) {
      const Fate fate = call.seen.fate;
      const bool evidence = fate == Fate::kForbidden || fate == Fate::kNotApproved;
      if (!evidence && (fate != Fate::kDone || (!call.learned && call.keys.empty()))) continue;
      const Level floor = FloorOf(call.seen);
      const Replayed now = replayer.Decide(call.seen.recorded);
      const bool looser = now.decision ? now.decision->level < floor : evidence && MayPass(loaded.built, call);
      if (looser) {
        if (!TakeBack(loaded.built, call, now, floor))
          return Fail(Code::kSystem, "call " + std::to_string(call.seen.call) + " can not be kept as strict as it was",
                      "report it");
        settled = false;
      }
      if (evidence || call.learned) Count(call, evidence, now.decision && now.decision->level == floor);
    }
    if (settled) settled = Review(*set, loaded.built);
    return settled;
  }

  void Count(const Distinct& call, bool evidence, bool same) {
    (evidence ? out_.refused : same ? out_.same : out_.stricter) += call.records.size();
  }

  // A refused call that can not be decided again: whether what was learned may have an answer that allows. A rule that
  // was widened might; exact ones only where each of its parts was learned.
  bool MayPass(const Built& built, const Distinct& call) const {
    if (call.keys.empty()) return false;  // not even its words are known
    for (const auto& [id, made] : built.rules)
      if (!made.widened_as.empty() && made.kind == "exec" && SharesProgram(made, call)) return true;
    return std::ranges::all_of(call.keys, [&](const std::string& key) {
      auto found = by_key_.find(key);
      return found != by_key_.end() && !grants_[found->second].dropped &&
             grants_[found->second].level < FloorOf(call.seen);
    });
  }
  bool SharesProgram(const Made& made, const Distinct& call) const {
    const Parts parts = learn::PartsOf(call.seen.recorded);
    return std::ranges::any_of(parts.parts, [&](const Part& part) {
      return part.kind == PartKind::kCommand && part.argv[0] == grants_[made.grants[0]].part.argv[0];
    });
  }

  // Makes what let the call through stricter by one step. False: there was nothing left.
  bool TakeBack(const Built& built, const Distinct& call, const Replayed& now, Level floor) {
    if (Narrow(built, call, now)) return true;
    auto is_loose = [&](size_t g) { return !grants_[g].dropped && grants_[g].level < floor; };
    std::vector<size_t> used;
    for (const std::string& key : call.keys)
      if (auto found = by_key_.find(key); found != by_key_.end()) used.push_back(found->second);
    if (std::ranges::any_of(used, [&](size_t g) { return taken_.contains(g); })) return true;  // see the next round
    std::erase_if(used, [&](size_t g) { return !is_loose(g); });
    if (used.empty() && now.decision)
      for (const Applied& applied : now.decision->applied)
        if (auto rule = built.rules.find(applied.id); rule != built.rules.end())
          std::ranges::copy_if(rule->second.grants, std::back_inserter(used), is_loose);
    if (used.empty()) return false;
    if (call.seen.for_reason && NeedReason(used)) return true;
    // Commands before paths, paths before actions; of them the one that fewest calls need.
    const size_t least = *std::ranges::min_element(
        used, {}, [&](size_t g) { return std::pair(static_cast<int>(grants_[g].part.kind), grants_[g].calls); });
    taken_.insert(least);
    if (floor == Level::kForbid)
      grants_[least].dropped = true;
    else
      grants_[least].level = floor;
    return true;
  }
  // Takes back each widening that had a part in it.
  bool Narrow(const Built& built, const Distinct& call, const Replayed& now) {
    bool any = false;
    auto block = [&](const Made& made) {
      if (made.widened_as.empty()) return;
      any = true;
      if (blocked_.insert(made.widened_as).second)
        out_.not_widened.push_back({made.says, "it would let through a call that was refused", call.seen.call});
    };
    if (now.decision) {
      for (const Applied& applied : now.decision->applied)
        if (auto rule = built.rules.find(applied.id); rule != built.rules.end()) block(rule->second);
    } else {
      for (const auto& [id, made] : built.rules)
        if (made.kind == "exec" && !made.widened_as.empty() && SharesProgram(made, call)) block(made);
    }
    return any;
  }

  bool NeedReason(const std::vector<size_t>& used) {
    bool any = false;
    for (size_t g : used)
      if (grants_[g].part.kind != PartKind::kPath && !grants_[g].reason) {
        grants_[g].reason = true;
        any = true;
      }
    return any;
  }

  // A widening with which a reviewer would find fault is not made. True: there was none.
  bool Review(const PolicySet& set, const Built& built) {
    bool good = true;
    for (const lint::Found& found : lint::Lint(set)) {
      auto rule = built.rules.find(found.rule);
      if (lint::KindOf(found.id).weight == lint::Weight::kNote || found.id == "no-examples") continue;
      if (rule == built.rules.end() || rule->second.widened_as.empty()) continue;
      good = false;
      if (blocked_.insert(rule->second.widened_as).second)
        out_.not_widened.push_back({rule->second.says, std::string(found.id) + ": " + found.what, 0});
    }
    return good;
  }

  std::vector<learn::AskedBefore> Asked() const {
    std::vector<learn::AskedBefore> asked;
    for (const Distinct& call : calls_) {
      const SeenCall& seen = call.seen;
      const bool refused = seen.fate == Fate::kForbidden && !call.keys.empty();
      if (!call.learned && !refused) continue;
      const auto arguments = nlohmann::json::parse(*seen.recorded.arguments, nullptr, false);
      const auto tool = ToolNamed(seen.recorded.tool);
      Result<Call> read = CallOf(*tool, arguments);
      if (!read || !read->directory.empty() || !read->environment.empty() || *tool == Tool::kRestoreFile) continue;
      Test test;
      test.expect = refused ? Level::kForbid : seen.level;
      if (*tool == Tool::kRunCommand)
        test.run = read->opaque_text;
      else
        test.tool = seen.recorded.tool;
      test.path = read->path;
      if (learn::LooksSecret(test.run) || learn::LooksSecret(test.path) ||
          !learn::WordProblem(test.run + test.path).empty())
        continue;
      if (*tool == Tool::kWriteFile)
        if (auto facts = ReadFacts(*seen.recorded.facts); facts && !facts->paths.empty())
          test.is_new = !facts->paths[0].fact.exists;
      asked.push_back({std::move(test)});
    }
    return asked;
  }

  // The text, with examples and tests.
  Status Write() {
    WARDER_TRY(Loaded plain, Load(learn::BuildRules(grants_, variables_, terms_, blocked_)));
    Built whole = plain.built;
    learn::AddExamples(whole.policy, *plain.policy, Asked());
    WARDER_TRY(Loaded loaded, Load(std::move(whole)));
    const PolicySet set(*loaded.policy);
    for (const Finding& finding : RunExamples(set))
      if (finding.fails) return Fail(Code::kSystem, "a test of what was learned fails: " + finding.what, "report it");
    for (lint::Found& found : lint::Lint(set))
      if (lint::KindOf(found.id).weight == lint::Weight::kFinding) out_.findings.push_back(std::move(found));
    out_.yaml = loaded.yaml;
    for (const auto& [id, made] : loaded.built.rules) {
      LearnedRule rule{id, made.kind, made.level, made.says, {}, made.stands_for};
      for (size_t g : made.grants)
        rule.records.insert(rule.records.end(), grants_[g].records.begin(), grants_[g].records.end());
      std::ranges::sort(rule.records);
      rule.records.erase(std::unique(rule.records.begin(), rule.records.end()), rule.records.end());
      out_.rules.push_back(std::move(rule));
    }
    return {};
  }

  // Calls whose parts were taken back are left out too.
  void Tell() {
    for (const Distinct& call : calls_) {
      if (!call.learned) continue;
      for (size_t g : call.grants)
        if (grants_[g].dropped) {
          LeaveOut(call, "a part of it was refused in another call");
          break;
        }
    }
    if (std::ranges::all_of(grants_, [](const Grant& grant) { return grant.dropped; })) out_.rules.clear();
  }

  const LearnTerms& terms_;
  Learned out_;
  std::vector<Distinct> calls_;
  std::vector<Grant> grants_;
  std::unordered_map<std::string, size_t> by_key_;
  std::map<std::string, std::string> files_;  // of program names
  std::set<std::string> variables_, blocked_;
  std::set<size_t> taken_;  // made stricter in this round
};

}  // namespace

const char* WidenName(Widen widen) {
  constexpr const char* kNames[] = {"numbers", "paths", "folders", "trees", "workspace", "environment"};
  return kNames[static_cast<size_t>(widen)];
}

const char* WidenText(Widen widen) {
  constexpr const char* kTexts[] = {
      "arguments that are numbers: any number from the smallest to the largest seen",
      "arguments that were judged as paths: any path that the path rules allow",
      "files of one directory: every name in it",
      "files of one directory: everything below it, which commands then see, or write, whole",
      "commands may read the whole workspace, also what they do not name",
      "variables that calls set: with any value"};
  return kTexts[static_cast<size_t>(widen)];
}

Result<Learned> Learn(const std::vector<SeenCall>& calls, const LearnTerms& terms) {
  return Learner(calls, terms).Run();
}

}  // namespace warder::policy
