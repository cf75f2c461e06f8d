// What would the candidate have said, and who is told? See candidate.h.
#include "broker/candidate.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "base/text.h"
#include "policy/record/again.h"
#include "wire/config_answer.h"

namespace warder::broker {
namespace {

using nlohmann::json;

// Sets in force that one candidate has met: the host's, and one for each workspace with a policy of its own.
constexpr size_t kMostBeside = 16;

std::shared_ptr<const policy::Policy> LayerOf(const policy::PolicySet& set, policy::LayerKind kind) {
  for (const auto& layer : set.layers())
    if (layer->layer == kind) return layer;
  return nullptr;
}

Result<policy::PolicySet> Replaced(const policy::PolicySet& set, std::shared_ptr<const policy::Policy> by) {
  std::vector<std::shared_ptr<const policy::Policy>> layers;
  for (const auto& layer : set.layers())
    if (layer->layer != by->layer) layers.push_back(layer);
  layers.push_back(std::move(by));
  auto made = policy::PolicySet::Make(std::move(layers));
  if (!made) return Fail(Code::kInvalid, made.error().front().file + ": " + made.error().front().problem.what);
  return std::move(*made);
}

std::string WhereText(const policy::Decision& decision) {
  audit::Body body;
  body.Text("level", policy::LevelName(decision.level)).Text("rule", decision.rule).Text("file", decision.file);
  body.Number("line", decision.where.line);
  if (!decision.layer.empty()) body.Text("layer", decision.layer);
  return body.Take();
}

audit::Draft Record(CallId id, audit::Body& body) { return {"policy.candidate", id.session, id.call, body.Take()}; }

asio::awaitable<void> Write(Broker& broker, std::vector<audit::Draft> drafts) {
  if (Status written = co_await broker.ledger.Append(std::move(drafts)); !written)
    LogWarning("a candidate's record was not written: " + written.error().what);
}
void WriteLater(Broker& broker, audit::Draft draft) {
  std::vector<audit::Draft> drafts;
  drafts.push_back(std::move(draft));
  asio::co_spawn(broker.executor, Write(broker, std::move(drafts)), asio::detached);
}

}  // namespace

struct Candidate::Beside {
  Beside(std::shared_ptr<const policy::PolicySet> in_force, policy::PolicySet with)
      : active(std::move(in_force)), set(std::move(with)), replayer(set, {}) {}
  const std::shared_ptr<const policy::PolicySet> active;
  const policy::PolicySet set;
  const policy::Replayer replayer;
};

Candidate::~Candidate() = default;

Result<std::shared_ptr<Candidate>> Candidate::Make(CandidateTerms terms, std::shared_ptr<const Generation> generation,
                                                   policy::Policy policy) {
  const auto active = generation->policies.find(terms.agent);
  if (active == generation->policies.end()) return Fail(Code::kNotFound, "no agent " + terms.agent);
  if (policy::LayerName(policy.layer) != terms.layer)
    return Fail(Code::kInvalid, "the loader gave another layer than " + terms.layer);
  std::shared_ptr<Candidate> made(new Candidate());
  made->terms_ = std::move(terms);
  made->generation_ = std::move(generation);
  made->policy_ = std::make_shared<const policy::Policy>(std::move(policy));
  made->since_ = std::chrono::system_clock::now();
  if (auto old = LayerOf(*active->second, made->policy_->layer)) made->replaces_ = old->id;
  WARDER_TRY([[maybe_unused]] Beside * beside, made->For(active->second));
  return made;
}

Result<Candidate::Beside*> Candidate::For(const std::shared_ptr<const policy::PolicySet>& active) {
  for (const auto& known : beside_)
    if (known->active == active) return known.get();
  WARDER_TRY(policy::PolicySet set, Replaced(*active, policy_));
  if (beside_.size() >= kMostBeside) beside_.erase(beside_.begin());
  beside_.push_back(std::make_unique<Beside>(active, std::move(set)));
  return beside_.back().get();
}

std::optional<audit::Draft> Candidate::Decide(CallId id, const std::shared_ptr<const policy::PolicySet>& active,
                                              const CallRequest& request, const LookedUp& found,
                                              const policy::Decision& decision, const std::string& profile) {
  ++counts_.decided;
  audit::Body body;
  auto failed = [&](const std::string& why) {
    ++counts_.failed;
    body = audit::Body();
    body.Text("what", "failed").Text("agent", terms_.agent).Text("digest", Hex(AsBytes(policy_->digest)));
    body.Free("text", why.substr(0, 4096));
    return Record(id, body);
  };
  try {
    auto beside = For(active);
    if (!beside) return failed(beside.error().ToString());
    policy::RecordedCall call;
    call.tool = request.tool->name;
    call.arguments = request.arguments.dump(-1, ' ', false, json::error_handler_t::replace);
    call.has_reason = !found.call.reason.empty();
    if (call.has_reason) call.reason = found.call.reason;
    call.has_facts = true;
    call.facts =
        policy::FactsForLog(*active, LookedAtOf(found), profile).dump(-1, ' ', false, json::error_handler_t::replace);
    call.time = std::chrono::system_clock::now();
    const policy::Replayed now = (*beside)->replayer.Decide(call);
    if (now.decision && now.decision->level == decision.level) {
      ++counts_.same;
      counts_.other_rule += now.decision->rule != decision.rule ? 1 : 0;
      return std::nullopt;
    }
    body.Text("what", now.decision ? "difference" : "unknown").Text("agent", terms_.agent);
    body.Text("digest", Hex(AsBytes(policy_->digest))).Raw("active", WhereText(decision));
    if (now.decision) {
      const bool looser = now.decision->level < decision.level;
      ++(looser ? counts_.looser : counts_.stricter);
      body.Text("change", looser ? "looser" : "stricter").Raw("candidate", WhereText(*now.decision));
      body.Free("text", now.decision->why.substr(0, 4096));
    } else {
      ++counts_.unknown;
      body.Text("needs", policy::WhyNotName(now.why)).Free("text", now.what.substr(0, 4096));
    }
    return Record(id, body);
  } catch (const std::exception& thrown) {
    return failed(thrown.what());
  }
}

json Candidate::Describe() const {
  return {{"agent", terms_.agent},
          {"layer", terms_.layer},
          {"file", terms_.file},
          {"id", policy_->id},
          {"digest", Hex(AsBytes(policy_->digest))},
          {"replaces", replaces_},
          {"uid", terms_.uid},
          {"since", Rfc3339(since_)},
          {"decided", counts_.decided},
          {"same", counts_.same},
          {"other_rule", counts_.other_rule},
          {"stricter", counts_.stricter},
          {"looser", counts_.looser},
          {"unknown", counts_.unknown},
          {"failed", counts_.failed}};
}

audit::Draft Candidate::Began() const {
  audit::Body body;
  body.Text("what", "begin").Text("agent", terms_.agent).Text("digest", Hex(AsBytes(policy_->digest)));
  body.Text("layer", terms_.layer).Text("id", policy_->id).Text("replaces", replaces_).Number("uid", terms_.uid);
  body.Free("text", terms_.file);
  return Record({}, body);
}

audit::Draft Candidate::Ended(const std::string& why) const {
  audit::Body body;
  body.Text("what", "end").Text("agent", terms_.agent).Text("digest", Hex(AsBytes(policy_->digest)));
  body.Decimal("decided", counts_.decided).Decimal("same", counts_.same).Decimal("stricter", counts_.stricter);
  body.Decimal("looser", counts_.looser).Decimal("unknown", counts_.unknown).Decimal("failed", counts_.failed);
  body.Free("text", why);
  return Record({}, body);
}

asio::awaitable<Result<std::shared_ptr<Candidate>>> SetCandidate(Broker& broker, CandidateTerms terms) {
  auto said = co_await broker.monitor.ReadCandidate(terms.agent, terms.layer, terms.file);
  if (!said) co_return std::unexpected(said.error());
  auto answer = flat::DecodeMessage<wire::ConfigAnswer>(*said);
  if (!answer)
    co_return warder::Fail(Code::kInvalid, "its loader ended badly: past its limits of time or memory, or broken");
  if (!answer->ok) {
    while (answer->problems.ends_with('\n')) answer->problems.pop_back();
    co_return warder::Fail(Code::kInvalid, answer->problems);
  }
  auto policy = flat::DecodeMessage<policy::Policy>(answer->bytes);
  if (!policy) co_return std::unexpected(policy.error());
  const std::string agent = terms.agent;
  auto made = Candidate::Make(std::move(terms), broker.generation, std::move(*policy));
  if (!made) co_return made;
  std::vector<audit::Draft> drafts;
  if (auto old = broker.candidates.find(agent); old != broker.candidates.end())
    drafts.push_back(old->second->Ended("another one was set"));
  drafts.push_back((*made)->Began());
  Status written = co_await broker.ledger.Append(std::move(drafts));
  if (!written) co_return std::unexpected(written.error());
  if (&(*made)->generation() != broker.generation.get())
    co_return warder::Fail(Code::kConflict, "a reload came in between", "ask again");
  broker.candidates[agent] = *made;
  co_return made;
}

asio::awaitable<Result<bool>> StopCandidate(Broker& broker, std::string agent, std::string why) {
  auto found = broker.candidates.find(agent);
  if (found == broker.candidates.end()) co_return false;
  std::vector<audit::Draft> drafts;
  drafts.push_back(found->second->Ended(why));
  broker.candidates.erase(found);
  Status written = co_await broker.ledger.Append(std::move(drafts));
  if (!written) co_return std::unexpected(written.error());
  co_return true;
}

void EndCandidates(Broker& broker, const std::string& why) {
  for (const auto& [agent, candidate] : broker.candidates) WriteLater(broker, candidate->Ended(why));
  broker.candidates.clear();
}

void DecideInShadow(Broker& broker, DecidedCall call) {
  auto found = broker.candidates.find(call.agent);
  if (found == broker.candidates.end() || &found->second->generation() != call.generation.get()) return;
  asio::post(broker.executor, [&broker, candidate = found->second, call = std::move(call)] {
    if (auto draft = candidate->Decide(call.id, call.policy, call.request, call.found, call.decision, call.profile))
      WriteLater(broker, std::move(*draft));
  });
}

}  // namespace warder::broker
