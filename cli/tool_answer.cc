// How is the answer of a tool shown to a person, and which exit code does it become? See tool_answer.h.
#include "cli/tool_answer.h"

#include <pwd.h>

#include <csignal>
#include <cstdint>

#include "base/text.h"
#include "cli/command.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {

using nlohmann::json;

json Structured(const json& result) {
  if (auto found = result.find("structuredContent"); found != result.end() && found->is_object()) return *found;
  std::string text;
  for (const json& item : result.value("content", json::array())) text += item.value("text", "");
  return {{"failed", true}, {"code", "invalid"}, {"why", text.empty() ? "an answer without content" : text}};
}

namespace {
// session_info has a counter of the same name.
bool Says(const json& answer, const char* flag) {
  auto found = answer.find(flag);
  return found != answer.end() && found->is_boolean() && found->get<bool>();
}
}  // namespace

bool WasRefused(const json& answer) { return Says(answer, "refused"); }
bool HasFailed(const json& answer) { return Says(answer, "failed"); }

namespace {

// "root (uid 0)": a host tells the number, people know the name.
std::string Person(const json& approval) {
  auto by = approval.find("by");
  if (by == approval.end() || !by->is_number_integer()) return Shown(approval, "by");
  const passwd* user = getpwuid(by->get<uid_t>());
  const std::string number = "uid " + by->dump();
  return user == nullptr ? number : SafeText(user->pw_name) + " (" + number + ")";
}

}  // namespace

std::string RefusalText(const json& answer, const std::string& explain) {
  std::string text = "refused: " + Shown(answer, "part") + "\n";
  text += "  rule " + Shown(answer, "rule") + " (" + Shown(answer, "level") + ")";
  if (std::string file = Shown(answer, "file"); !file.empty()) text += " at " + file;
  text += ": " + Shown(answer, "why") + "\n";
  if (auto approval = answer.find("approval"); approval != answer.end() && approval->is_object()) {
    bool timeout = approval->value("answer", "") == "timeout";
    text += timeout ? "  nobody answered in time" : "  denied by " + Person(*approval);
    if (std::string message = Shown(*approval, "message"); !message.empty()) text += ": " + message;
    text += "\n";
  }
  if (std::string instead = Shown(answer, "instead"); !instead.empty())
    text += "  instead: " +
            (instead.starts_with("session_info") ? "`warder call session_info`" + instead.substr(12) : instead) + "\n";
  if (!explain.empty()) return text + "  explain: " + explain + "\n";
  return text + "  explain: who runs this host sees it with `" + Shown(answer, "explain") + "`\n";
}

std::string FailureText(const json& answer) {
  std::string text = Shown(answer, "why");
  if (std::string instead = Shown(answer, "instead"); !instead.empty()) text += "; " + instead;
  return text;
}

namespace {

std::string FromBase64(const std::string& text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;  // padding ends it
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
  return out;
}

}  // namespace

std::string OutputBytes(const json& answer, const char* stream) {
  std::string whole = std::string(stream) + "_b64";
  if (auto found = answer.find(whole); found != answer.end() && found->is_string())
    return FromBase64(found->get<std::string>());
  auto found = answer.find(stream);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int RunExitCode(const json& answer) {
  if (WasRefused(answer)) return answer.contains("no_program") ? kRunNoProgram : kRunRefused;
  if (HasFailed(answer)) return answer.value("code", "") == "invalid" ? kMisuse : kRunHostCould;
  std::string ended = answer.value("ended", "");
  if (ended == "exited") return answer.value("exit_code", kRunHostCould) & 0xff;
  if (ended == "signaled") return 128 + answer.value("signal", 0);
  if (ended == "wall-limit") return kRunWallLimit;
  if (ended == "cpu-limit") return 128 + SIGXCPU;
  if (ended == "memory-limit") return 128 + SIGKILL;
  if (ended == "disk-limit") return 128 + SIGXFSZ;
  if (ended == "cancelled") return 128 + SIGTERM;
  return kRunHostCould;
}

int CallExitCode(const json& answer) {
  if (WasRefused(answer)) return kFinding;
  if (!HasFailed(answer)) return kOk;
  const std::string code = answer.value("code", "");
  if (code == "invalid") return kMisuse;
  return code == "unavailable" || code == "unsupported" || code == "system" ? kHostCould : kFinding;
}

json RunObject(const json& answer) {
  json object = answer;
  std::string ended = answer.value("ended", "");
  if (ended == "exited") object["exit"] = answer.value("exit_code", 0);
  if (ended.ends_with("-limit")) object["limit"] = ended.substr(0, ended.size() - 6);
  // In mode direct nobody can know them (2-jail, Workspace).
  object["changes"] = nullptr;
  object["exit_status"] = RunExitCode(answer);
  return object;
}

}  // namespace warder::cli
