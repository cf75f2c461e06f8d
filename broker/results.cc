// In which words does an agent learn what became of its call?
#include "broker/results.h"

#include "audit/base64.h"
#include "base/limits.h"
#include "base/text.h"

namespace warder::broker {
namespace {

using nlohmann::json;

std::string Explain(uint64_t call) { return "warder audit show " + std::to_string(call); }

void AddStream(json& out, const char* name, const std::string& bytes, uint64_t written, uint64_t kept) {
  const std::string key = name;
  if (IsUtf8(bytes)) {
    out[key] = bytes;
  } else {
    // The writer shows bytes that are not UTF-8 as U+FFFD; the whole is beside it.
    out[key] = json::parse(json(bytes).dump(-1, ' ', false, json::error_handler_t::replace), nullptr, false);
    out[key + "_b64"] = audit::Base64(bytes);
  }
  out[key + "_bytes"] = written;
  out[key + "_truncated"] = written > kept;
}

// The text stands in the structured content too: where it is long, only its begin and end are
// carried twice.
std::string Shortened(const std::string& text) {
  if (text.size() <= limits::kMaxAnswerTextBytes) return text;
  constexpr size_t kHalf = limits::kMaxAnswerTextBytes / 2;
  auto inside = [&](size_t at) {
    return at > 0 && at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80;
  };
  size_t end = kHalf, begin = text.size() - kHalf;
  while (inside(end)) --end;  // no character is cut in two
  while (inside(begin)) ++begin;
  return text.substr(0, end) + "\n[" + std::to_string(begin - end) +
         " bytes left out here; structuredContent has all]\n" + text.substr(begin);
}

}  // namespace

json ToolResult(json structured, const std::string& text, bool is_error) {
  json result = {{"content", json::array({{{"type", "text"}, {"text", Shortened(text)}}})},
                 {"structuredContent", std::move(structured)}};
  if (is_error) result["isError"] = true;
  return result;
}

std::string PartOf(const policy::Decision& decision, const std::string& line) {
  for (const policy::Applied& applied : decision.applied)
    if (applied.id == decision.rule && applied.level == decision.level && !applied.object.empty())
      return applied.object;
  return line;
}

json Refusal(uint64_t call, const policy::Decision& decision, const std::string& part, const ApprovalAnswer* approval) {
  const std::string instead = decision.level == policy::Level::kApprove
                                  ? "call again when a person can answer, or do without"
                                  : "session_info lists what is allowed";
  std::string file = decision.file;
  if (decision.where.line > 0) file += ":" + std::to_string(decision.where.line);
  json out = {{"call", call},          {"refused", true},    {"level", policy::LevelName(decision.level)},
              {"rule", decision.rule}, {"file", file},       {"part", part},
              {"why", decision.why},   {"instead", instead}, {"explain", Explain(call)}};
  std::string text = "Refused: " + part + "\nrule " + decision.rule + (file.empty() ? "" : " (" + file + ")") + ": " +
                     decision.why + "\n";
  if (approval != nullptr) {
    const bool denied = approval->word == PersonsWord::kDenied;
    json answer = {{"answer", denied ? "denied" : "timeout"}, {"message", approval->message}, {"by", nullptr}};
    if (denied) answer["by"] = approval->people.front().uid;
    text += denied ? "A person denied it" + (approval->message.empty() ? "" : ": " + approval->message) + "\n"
                   : "No person answered in time, which is a no.\n";
    out["approval"] = std::move(answer);
  }
  text += "Instead: " + instead + ". (" + Explain(call) + ")";
  return ToolResult(std::move(out), std::move(text), true);
}

json Failure(uint64_t call, const Error& error) {
  json out = {
      {"call", call}, {"failed", true}, {"code", CodeName(error.code)}, {"why", error.what}, {"instead", error.remedy}};
  return ToolResult(std::move(out), "Not done: " + error.ToString(), true);
}

json RunAnswerFor(uint64_t call, const policy::Decision& decision, const RunResult& result) {
  const wire::RunEnd& end = result.end;
  json out = {{"call", call},
              {"level", policy::LevelName(decision.level)},
              {"rule", decision.rule},
              {"ended", EndName(end.kind)},
              {"command", end.command},
              {"duration_ms", end.wall_ns / 1'000'000},
              {"cpu_ms", end.cpu_ns / 1'000'000},
              {"max_rss_bytes", end.max_rss_bytes},
              {"workspace", "direct"},
              {"undo", nullptr}};
  if (end.kind == wire::EndKind::kExited) out["exit_code"] = end.code;
  if (end.kind == wire::EndKind::kSignaled) out["signal"] = end.signal;
  AddStream(out, "stdout", result.out, std::max(end.stdout_bytes, result.out.size()), end.stdout_kept);
  AddStream(out, "stderr", result.err, std::max(end.stderr_bytes, result.err.size()), end.stderr_kept);
  const bool good = end.kind == wire::EndKind::kExited && end.code == 0;
  std::string text = out["stdout"].get<std::string>();
  if (!result.err.empty()) text += (text.empty() ? "stderr:\n" : "\nstderr:\n") + out["stderr"].get<std::string>();
  if (out["stdout_truncated"] == true || out["stderr_truncated"] == true) text += "\n[output cut at the limit]";
  if (end.kind == wire::EndKind::kExited && end.code != 0) text += "\n[exit code " + std::to_string(end.code) + "]";
  if (end.kind != wire::EndKind::kExited) text += "\n[" + std::string(EndName(end.kind)) + "]";
  if (end.kind == wire::EndKind::kSetupFailed || end.kind == wire::EndKind::kLost) {
    const std::string why = result.problem.empty() ? end.step + ": " + end.detail : result.problem;
    out["why"] = why;
    text += "\n" + why;
  }
  return ToolResult(std::move(out), std::move(text), !good);
}

}  // namespace warder::broker
