// How is a verdict told, to people and to machines?
#include "audit/json.h"
#include "audit/verify.h"
#include "base/text.h"

namespace warder::audit {

namespace {

const char* StateName(VerifyState state) {
  switch (state) {
    case VerifyState::kOk:
      return "ok";
    case VerifyState::kNotYetSigned:
      return "not-yet-signed";
    case VerifyState::kRedacted:
      return "redacted";
    case VerifyState::kNotOk:
      break;
  }
  return "not-ok";
}

}  // namespace

std::string RenderVerify(const VerifyReport& report, bool colour) {
  auto paint = [&](const char* code, const std::string& text) {
    return colour ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  };
  std::string out = paint(report.ok ? "32" : "31", ForTerminal(report.verdict)) + "\n";
  for (const VerifyFinding& finding : report.findings)
    out += "  finding" + (finding.seq >= 0 ? " at record " + std::to_string(finding.seq) : std::string()) + ": " +
           ForTerminal(finding.what) + "\n";
  for (const std::string& note : report.notes) out += "  note: " + ForTerminal(note) + "\n";
  return out;
}

std::string VerifyJson(const VerifyReport& report) {
  Json findings = Json::array();
  for (const VerifyFinding& finding : report.findings)
    findings.push_back(
        Json{{"seq", finding.seq >= 0 ? Json(std::to_string(finding.seq)) : Json(nullptr)}, {"what", finding.what}});
  Json out{{"ok", report.ok},
           {"state", StateName(report.state)},
           {"verdict", report.verdict},
           {"findings", findings},
           {"notes", report.notes},
           {"records", report.records},
           {"signed", report.signed_records},
           {"checkpoints", report.checkpoints},
           {"calls", report.calls},
           {"intents", report.intents},
           {"outcomes", report.outcomes},
           {"orphans", report.orphans},
           {"open_intents", report.open_intents},
           {"values", report.values},
           {"redacted", report.redacted},
           {"plans", report.plans},
           {"stopped", report.stopped},
           {"running", report.running},
           {"root", report.root},
           {"key", report.key}};
  return Canonical(out);
}

}  // namespace warder::audit
