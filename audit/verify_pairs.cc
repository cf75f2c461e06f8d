// Do the records of each call follow on each other as they must?
#include "audit/verify_pairs.h"

#include <algorithm>

namespace warder::audit {
namespace {

// How a run ended, in one word and its number: "exited 2", "signaled 9", "wall-limit".
std::string EndOf(const Json& body, const char* code_key) {
  std::string ended = TextOf(body, "ended");
  const char* number = ended == "exited" ? code_key : ended == "signaled" ? "signal" : nullptr;
  if (number == nullptr) return ended;
  return ended + " " + (body.contains(number) ? Canonical(body[number]) : "without a number");
}

}  // namespace

void PairCheck::Find(const Record& record, std::string what) {
  report_.findings.push_back(
      {static_cast<int64_t>(record.seq), "call " + std::to_string(record.call) + ": " + std::move(what)});
}

void PairCheck::TakeDecision(const Record& record, Seen& seen) {
  if (!seen.call) Find(record, "decided, but never asked");
  if (seen.has_intent) Find(record, "decided after its intent");
  seen.decision = true;
  seen.level = TextOf(record.body(), "level");
}

void PairCheck::TakeIntent(const Record& record, Seen& seen) {
  ++report_.intents;
  if (!seen.call || !seen.decision) Find(record, "an intent without call and decision before it");
  if (seen.has_intent) Find(record, "a second intent");
  if (seen.level != "auto" && seen.level != "notify" && seen.level != "approve")
    Find(record, "an intent, though the decision is " + (seen.level.empty() ? "missing" : seen.level));
  if (seen.denied || (seen.level == "approve" && !seen.approved)) Find(record, "an intent, though no person approved");
  seen.has_intent = true;
  seen.intent = record.seq;
}

// Nothing runs without an intent, so nothing ends without one: where they are gone, the end of the
// run tells of it.
void PairCheck::TakeExit(const Record& record, Seen& seen) {
  if (!seen.has_intent) Find(record, "it ran, but there is no intent of it");
  seen.exits.push_back(EndOf(record.body(), "code"));
}

void PairCheck::TakeOutcome(const Record& record, Seen& seen) {
  ++report_.outcomes;
  if (!seen.decision) Find(record, "an outcome without a decision");
  if (seen.outcome) Find(record, "a second outcome");
  seen.outcome = seen.closed = true;
  seen.said = EndOf(record.body(), "exit_code");
  seen.outcome_seq = record.seq;
}

// The outcome is the broker's word, the exits are keeper's and monitor's. "lost" claims nothing:
// the broker did not hear how it ended. Their order is not fixed, so this is asked at the end.
void PairCheck::CheckEnd(uint64_t call, const Seen& seen) {
  if (!seen.outcome || seen.exits.empty() || seen.said == "lost") return;
  if (std::find(seen.exits.begin(), seen.exits.end(), seen.said) != seen.exits.end()) return;
  report_.findings.push_back(
      {static_cast<int64_t>(seen.outcome_seq), "call " + std::to_string(call) + ": its outcome says \"" + seen.said +
                                                   "\", but it ended \"" + seen.exits.front() + "\""});
}

void PairCheck::Take(const Record& record) {
  if (record.call == 0) {
    if (record.type == "exit") Find(record, "a run without a call");
    return;
  }
  Seen& seen = calls_[record.call];
  if (record.type == "call") {
    ++report_.calls;
    if (seen.call) Find(record, "asked twice");
    seen.call = true;
    seen.session = record.session;
  } else if (seen.call && record.session != seen.session) {
    Find(record, "a record of another session");
  }
  if (record.type == "decision") TakeDecision(record, seen);
  if (record.type == "approval.answer")
    (TextOf(record.body(), "answer") == "approved" ? seen.approved : seen.denied) = true;
  if (record.type == "approval.expire") seen.denied = true;
  if (record.type == "intent") TakeIntent(record, seen);
  if (record.type == "exit") TakeExit(record, seen);
  if (record.type == "outcome") TakeOutcome(record, seen);
  if (record.type == "orphan") {
    ++report_.orphans;
    if (!seen.has_intent) Find(record, "an orphan without an intent");
    seen.closed = true;
  }
}

void PairCheck::Finish() {
  for (const auto& [call, seen] : calls_) {
    CheckEnd(call, seen);
    if (!seen.has_intent || seen.closed) continue;
    ++report_.open_intents;
    if (report_.stopped)
      report_.findings.push_back({static_cast<int64_t>(seen.intent),
                                  "call " + std::to_string(call) + ": an intent without outcome in a stopped log"});
  }
  if (report_.open_intents > 0 && !report_.stopped)
    report_.notes.push_back(std::to_string(report_.open_intents) +
                            " intents have no outcome yet: running, or cut off by a crash");
}

}  // namespace warder::audit
