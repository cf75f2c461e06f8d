// What does the ledger take from whom, and when does it give a receipt?
#include "audit/ledger.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "audit/plan_body.h"
#include "base/text.h"

namespace warder::audit {
namespace {

// Calls that the ledger remembers; older ones without an open intent are forgotten, their ids
// refused.
constexpr size_t kMaxCallsKnown = 65'536;
// Ended sessions that are remembered for outcomes that come late.
constexpr size_t kMaxSessionsKnown = 4'096;
constexpr size_t kMaxDrafts = 64;
// Call ids only go up, by at most this: one far away would leave none for the calls after it.
constexpr uint64_t kMaxCallStep = 65'536;

}  // namespace

Ledger::Ledger(int log_directory, int state_directory, const wire::LedgerStart& start, FileLayer& files)
    : log_directory_(log_directory), state_directory_(state_directory), start_(start), files_(files) {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  WARDER_CHECK(page != MAP_FAILED);
  madvise(page, 4096, MADV_DONTDUMP);
  madvise(page, 4096, MADV_WIPEONFORK);
  key_ = static_cast<wire::EpochKey*>(page);
  *key_ = start.key;
  explicit_bzero(start_.key.data(), start_.key.size());
}

Ledger::~Ledger() {
  explicit_bzero(key_, sizeof *key_);
  munmap(key_, 4096);
}

Entry Ledger::MakeEntry(Prepared prepared, uint64_t session, uint64_t call) const {
  Entry entry;
  entry.prepared = std::move(prepared);
  if (session != 0) entry.session = session;
  if (call != 0) entry.call = call;
  if (auto known = sessions_.find(session); known != sessions_.end()) entry.agent = known->second.agent;
  return entry;
}

Result<uint64_t> Ledger::Record(std::string_view type, Writer writer, const std::string& body, uint64_t session,
                                uint64_t call) {
  WARDER_TRY(Prepared prepared, Prepare(type, writer, body));
  WARDER_TRY(auto seqs, writer_->Stage({MakeEntry(std::move(prepared), session, call)}));
  return seqs[0];
}

void Ledger::Take(const wire::SessionBegan& began) {
  if (sessions_.size() >= kMaxSessionsKnown)
    std::erase_if(sessions_, [](const auto& item) { return item.second.over; });
  Session session{{began.agent, began.uid, began.pid}, false, {}};
  if (!sessions_.emplace(began.session, session).second) return;  // an id is one session's, for ever
  Body body;
  body.Free("workspace", began.workspace).Number("session_uid", began.session_uid);
  if (!began.program.empty())
    body.Free("program", began.program)
        .Text("program_id", std::to_string(began.program_dev) + ":" + std::to_string(began.program_ino));
  // A session of which nothing is recorded may record nothing, and is told why.
  if (auto begun = Record("session.start", kMonitor, body.Take(), began.session, 0); !begun) {
    sessions_[began.session].unrecorded = "the start of this session could not be recorded: " + begun.error().what;
    ++refused_;
    NoteFull(begun.error());
  }
}

void Ledger::Take(const wire::SessionOver& over) {
  auto known = sessions_.find(over.session);
  if (known == sessions_.end() || known->second.over) return;
  if (!known->second.unrecorded.empty()) {
    sessions_.erase(known);
    return;
  }
  known->second.over = true;
  if (!Record("session.end", kMonitor, Body().Free("reason", over.reason).Take(), over.session, 0)) ++refused_;
}

void Ledger::Take(const wire::JailEnded& ended) {
  auto seq =
      Record("exit", kMonitor, Body().Text("ended", "lost").Free("how", ended.how).Take(), ended.session, ended.call);
  if (!seq) ++refused_;
  auto call = calls_.find(ended.call);
  if (seq && call != calls_.end() && call->second.session == ended.session) call->second.exit_seq = *seq;
}

void Ledger::Take(const wire::HostEvent& event) {
  std::string body =
      Body().Text("object", event.object).Text("digest", Hex(AsBytes(event.digest))).Free("text", event.text).Take();
  if (!Record(event.type, kMonitor, body, 0, 0)) ++refused_;
}

Status Ledger::TakeRequest(std::string_view packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<AppendRequest>(packet));
  Answer answer;
  answer.reply.request = request.request;
  auto staged = StageRequest(request, answer);
  answer.reply.ok = staged.has_value();
  if (!staged) {
    if (staged.error().code == Code::kUnavailable && !request.drafts.empty()) ++refused_;
    NoteFull(staged.error());
    answer.wants_receipt = false;
    answer.reply.seqs.clear();
    answer.reply.code = static_cast<uint8_t>(staged.error().code);
    answer.reply.error = staged.error().ToString();
  }
  answers_.push_back(std::move(answer));
  return {};
}

void Ledger::NoteFull(const Error& refused) {
  if (refused.code == Code::kUnavailable && !shut() && full_.empty()) full_ = refused.ToString();
}

Status Ledger::StageRequest(const AppendRequest& request, Answer& answer) {
  if (request.drafts.empty() && request.plan.empty()) {
    WARDER_TRY_STATUS(writer_->TakesNew());
    full_.clear();
    return {};
  }
  if (request.drafts.empty() || request.drafts.size() > kMaxDrafts)
    return Fail(Code::kInvalid, "a request of " + std::to_string(request.drafts.size()) + " records");
  Calls changed;
  std::vector<Entry> entries;
  size_t intents = 0, intent_at = 0;
  for (const Draft& draft : request.drafts) {
    WARDER_TRY(Prepared prepared, Prepare(draft.type, kBroker, draft.body_json));
    WARDER_TRY_STATUS(CheckDraft(draft, changed));
    if (draft.type == "intent") {
      if (++intents > 1) return Fail(Code::kInvalid, "two intents in one request");
      intent_at = entries.size();
      WARDER_TRY_STATUS(AddPlan(request, draft, prepared, answer));
    }
    entries.push_back(MakeEntry(std::move(prepared), draft.session, draft.call));
  }
  if (intents == 0 && !request.plan.empty()) return Fail(Code::kInvalid, "a plan without an intent");
  WARDER_TRY(answer.reply.seqs, writer_->Stage(entries));
  if (intents == 1) {
    answer.seq = answer.reply.seqs[intent_at];
    changed[answer.call].intent_seq = answer.seq;
  }
  RememberCalls(changed);
  for (const Entry& entry : entries) took_new_ = took_new_ || !entry.prepared.rule->closing;
  if (took_new_) full_.clear();
  return {};
}

Status Ledger::CheckDraft(const Draft& draft, Calls& changed) {
  const bool of_the_host = draft.type == "admin" || draft.type == "policy.candidate";
  if (of_the_host && draft.session == 0 && draft.call == 0) return {};
  auto session = sessions_.find(draft.session);
  if (session == sessions_.end())
    return Fail(Code::kDenied, "session " + std::to_string(draft.session) + " is not known here");
  if (!session->second.unrecorded.empty())
    return Fail(Code::kUnavailable, session->second.unrecorded,
                "free space on the disk of the log, then connect again");
  if (draft.call == 0) {
    bool of_call = draft.type == "call" || draft.type == "decision" || draft.type == "intent" ||
                   draft.type == "outcome" || draft.type.starts_with("approval.");
    return of_call ? Status(Fail(Code::kInvalid, draft.type + " without a call")) : Status();
  }
  CallState state{draft.session, 0, 0, std::nullopt};
  if (auto known = changed.find(draft.call); known != changed.end()) {
    state = known->second;
  } else if (auto old = calls_.find(draft.call); old != calls_.end()) {
    state = old->second;
  }
  if (state.session != draft.session)
    return Fail(Code::kDenied, "call " + std::to_string(draft.call) + " is of another session");
  // What comes first, which step a record is, and whether it may come once only.
  struct Order {
    std::string_view type;
    uint8_t needs, never_after, sets;
    bool begins;  // not for a session that is over
  };
  constexpr Order kOrder[] = {{"call", 0, kCall, kCall, true},
                              {"decision", kCall, kIntent | kOutcome, kDecision, false},
                              {"approval.request", kCall | kDecision, kIntent | kOutcome, 0, true},
                              {"approval.answer", kCall | kDecision, kIntent | kOutcome, 0, false},
                              {"approval.expire", kCall | kDecision, kIntent | kOutcome, 0, false},
                              {"intent", kCall | kDecision, kIntent | kOutcome, kIntent, true},
                              {"outcome", kCall | kDecision, kOutcome, kOutcome, false}};
  Order order{draft.type, kCall, 0, 0, false};
  for (const Order& row : kOrder)
    if (row.type == draft.type) order = row;
  if (draft.type == "call" && draft.call <= forgotten_below_)
    return Fail(Code::kConflict, "call id " + std::to_string(draft.call) + " was used before");
  if (draft.call > last_call_ && draft.call - last_call_ > kMaxCallStep)
    return Fail(Code::kDenied, "call id " + std::to_string(draft.call) + " is too far above " +
                                   std::to_string(last_call_) + ", the last one");
  if ((state.steps & order.needs) != order.needs || (state.steps & order.never_after) != 0)
    return Fail(Code::kConflict, draft.type + " of call " + std::to_string(draft.call) + " is out of order");
  if (order.begins && session->second.over)
    return Fail(Code::kConflict, "session " + std::to_string(draft.session) + " is over");
  state.steps |= order.sets;
  changed[draft.call] = state;
  return {};
}

Status Ledger::AddPlan(const AppendRequest& request, const Draft& draft, Prepared& prepared, Answer& answer) {
  if (request.plan.empty()) return Fail(Code::kInvalid, "an intent without a plan");
  for (const char* field : {"plan", "plan_kind", "plan_bytes", "workspace_mode", "commands", "change"})
    if (prepared.body.contains(field))
      return Fail(Code::kDenied, std::string("the ledger says ") + field + ", from the plan itself");
  WARDER_TRY(PlanSummary summary, SummarizePlan(request.plan));
  const Session& session = sessions_.at(draft.session);
  if (summary.session != draft.session || summary.call != draft.call || summary.agent != session.agent.name)
    return Fail(Code::kDenied, "the plan is of another session, call or agent than its intent");
  DescribePlan(summary, request.plan, prepared.body, prepared.sides);
  answer.wants_receipt = true;
  answer.session = draft.session;
  answer.call = draft.call;
  answer.plan = FastSha256(request.plan);
  return {};
}

void Ledger::RememberCalls(const Calls& changed) {
  for (const auto& [id, state] : changed) {
    calls_[id] = state;
    last_call_ = std::max(last_call_, id);
  }
  for (auto it = calls_.begin(); calls_.size() > kMaxCallsKnown && it != calls_.end();) {
    if (it->second.open()) {
      ++it;
      continue;
    }
    forgotten_below_ = std::max(forgotten_below_, it->first);
    it = calls_.erase(it);
  }
}

std::vector<std::string> Ledger::Commit() {
  auto noted = NoteSpace();  // a failure shows in Commit below, or in the next request
  auto durable = writer_->Commit();
  if (durable && !noted && shut()) durable = noted;
  std::vector<std::string> out;
  for (Answer& answer : answers_) {
    AppendReply& reply = answer.reply;
    if (reply.ok && !durable) {
      reply = AppendReply{
          reply.request, false, static_cast<uint8_t>(Code::kUnavailable), durable.error().ToString(), {}, std::nullopt};
    } else if (reply.ok && answer.wants_receipt) {
      wire::Receipt receipt;
      receipt.boot = start_.boot;
      receipt.epoch = start_.epoch;
      receipt.session = answer.session;
      receipt.call = answer.call;
      receipt.seq = answer.seq;
      receipt.time_ns = files_.BootTimeNs();
      receipt.plan = answer.plan;
      receipt.mac = wire::ReceiptMac(*key_, receipt);
      reply.receipt = receipt;
    }
    out.push_back(flat::EncodeMessage(reply));
  }
  answers_.clear();
  return out;
}

}  // namespace warder::audit
