// Who may say yes to what, and until when?
#include "broker/approvals.h"

#include <algorithm>

#include "base/limits.h"

namespace warder::broker {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t MillisecondsSince(Clock::time_point then) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - then).count());
}

}  // namespace

bool Names(const wire::Subject& subject, const PersonSeen& person) {
  if (!subject.group) return subject.id == person.uid;
  return std::ranges::find(person.groups, subject.id) != person.groups.end();
}

void Approvals::SetLimits(uint32_t waiting, uint32_t per_session, size_t agents) {
  max_waiting_ = std::min<uint32_t>(waiting, limits::kMaxApprovalsWaiting);
  max_per_session_ = per_session;
  max_per_agent_ = std::max<uint32_t>(1, max_waiting_ / static_cast<uint32_t>(std::max<size_t>(agents, 1)));
}

Result<Approvals::Place> Approvals::Take(uint64_t session, const std::string& agent) {
  if (taken_->size() >= max_waiting_)
    return Fail(Code::kLimit, std::to_string(max_waiting_) + " calls wait for people already", "try again later");
  auto own = std::ranges::count_if(*taken_, [&](const auto& taken) { return taken.second.session == session; });
  if (static_cast<uint32_t>(own) >= max_per_session_)
    return Fail(Code::kLimit, std::to_string(own) + " calls of this session wait for people already",
                "wait for their answers");
  // Many sessions of one agent must not take the places of the others.
  auto of_agent = std::ranges::count_if(*taken_, [&](const auto& taken) { return taken.second.agent == agent; });
  if (static_cast<uint32_t>(of_agent) >= max_per_agent_)
    return Fail(Code::kLimit,
                std::to_string(of_agent) + " calls of this agent wait for people already, which is its share",
                "wait for their answers");
  const uint64_t id = next_id_++;
  taken_->emplace(id, Place::By{session, agent});
  return Place(taken_, id);
}

asio::awaitable<ApprovalAnswer> Approvals::Ask(Place place, ApprovalRequest request, Cancellation& cancellation) {
  const uint64_t id = place.id();
  const auto since = Clock::now();
  const auto life = request.life;
  const uint64_t call = request.call;
  const Digest digest = request.digest;
  auto answer = std::make_shared<Answer<ApprovalAnswer>>(executor_);
  waiting_[id] = Waiting{std::move(request), since, {}, answer};
  std::weak_ptr<Answer<ApprovalAnswer>> weak = answer;
  cancellation.WhenRequested([weak]() {
    if (auto waits = weak.lock()) {
      ApprovalAnswer withdrawn;
      withdrawn.word = PersonsWord::kWithdrawn;
      waits->Set(std::move(withdrawn));
    }
  });
  auto said = co_await answer->Wait(life);
  cancellation.WhenRequested({});
  waiting_.erase(id);
  ApprovalAnswer out;
  if (said) out = std::move(*said);
  out.id = id;
  out.waited_ms = MillisecondsSince(since);
  if (out.word == PersonsWord::kApproved) out.grant = Grant(call, digest);
  co_return out;
}

nlohmann::json Approvals::Shown(uint64_t id, const Waiting& waiting) const {
  nlohmann::json shown = waiting.request.shown;
  const uint64_t waited = MillisecondsSince(waiting.since);
  const auto life = static_cast<uint64_t>(waiting.request.life.count());
  shown["id"] = id;
  shown["waited_ms"] = waited;
  shown["left_ms"] = waited < life ? life - waited : 0;
  shown["at_timeout"] = "denied";
  shown["people_needed"] = waiting.request.people - waiting.approved_by.size();
  return shown;
}

nlohmann::json Approvals::List() const {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [id, waiting] : waiting_) list.push_back(Shown(id, waiting));
  return list;
}

Result<nlohmann::json> Approvals::Show(uint64_t id) const {
  auto found = waiting_.find(id);
  if (found == waiting_.end()) return Fail(Code::kNotFound, "no approval " + std::to_string(id) + " is waiting");
  return Shown(id, found->second);
}

Status Approvals::Check(uint64_t id, const Digest* digest, const PersonSeen& person) const {
  auto found = waiting_.find(id);
  if (found == waiting_.end())
    return Fail(Code::kNotFound, "no approval " + std::to_string(id) + " is waiting: answered, expired or withdrawn");
  const Waiting& waiting = found->second;
  if (waiting.answer->ready()) return Fail(Code::kConflict, "this request was answered already");
  if (std::ranges::find(waiting.request.own_uids, person.uid) != waiting.request.own_uids.end())
    return Fail(Code::kDenied, "nobody answers for a session under their own uid");
  const auto& approvers = waiting.request.approvers;
  if (!approvers.empty() && std::ranges::none_of(approvers, [&](const wire::Subject& s) { return Names(s, person); }))
    return Fail(Code::kDenied, "the agent's list of approvers in the host file does not name you");
  if (digest != nullptr && !SameDigest(*digest, waiting.request.digest))
    return Fail(Code::kConflict, "this is not the text that waits for an answer", "show it again, then answer");
  if (digest != nullptr &&
      std::ranges::any_of(waiting.approved_by, [&](const AnsweredBy& a) { return a.uid == person.uid; }))
    return Fail(Code::kConflict, "you said yes already; the policy asks for another person too");
  return {};
}

Result<uint64_t> Approvals::Approve(uint64_t id, const Digest& digest, const PersonSeen& person) {
  WARDER_TRY_STATUS(Check(id, &digest, person));
  Waiting& waiting = waiting_.at(id);
  waiting.approved_by.push_back({person.uid, MillisecondsSince(waiting.since)});
  if (waiting.approved_by.size() >= std::max<uint32_t>(waiting.request.people, 1)) {
    ApprovalAnswer yes;
    yes.word = PersonsWord::kApproved;
    yes.people = waiting.approved_by;
    waiting.answer->Set(std::move(yes));
  }
  return waiting.request.call;
}

Result<uint64_t> Approvals::Deny(uint64_t id, const PersonSeen& person, std::string message) {
  WARDER_TRY_STATUS(Check(id, nullptr, person));
  Waiting& waiting = waiting_.at(id);
  ApprovalAnswer no;
  no.word = PersonsWord::kDenied;
  no.people.push_back({person.uid, MillisecondsSince(waiting.since)});
  no.message = std::move(message);
  waiting.answer->Set(std::move(no));
  return waiting.request.call;
}

}  // namespace warder::broker
