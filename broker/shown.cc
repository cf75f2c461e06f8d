// What does the approver read, and what exactly do they say yes to?
#include "broker/shown.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "broker/results.h"

namespace warder::broker {
namespace {

using nlohmann::json;

// Of content that is to be written: enough to judge it, the digest stands for the rest.
constexpr size_t kMaxContentShown = 4000;

json ArgvOf(const LookedUp& found) {
  json list = json::array();
  for (const policy::SimpleCommand& command : found.call.line.commands) list.push_back(command.argv);
  return list;
}

json EnvironmentOf(const LookedUp& found) {
  json list = json::array();
  for (const auto& [name, value] : found.call.environment) list.push_back({name, value});
  return list;
}

// Bytes of the agent's, each line behind a mark of ours, so that none of them passes for one of our
// own.
std::string Quoted(const std::string& content) {
  std::string text = "  | ";
  for (char c : ForTerminal(content.substr(0, kMaxContentShown), true)) {
    text += c;
    if (c == '\n') text += "  | ";
  }
  if (content.size() > kMaxContentShown)
    text += "\n[cut here: " + std::to_string(content.size() - kMaxContentShown) + " more bytes are not shown]";
  return text + "\n";
}

// What is ours comes first: rule and who asks. What the agent wrote follows, marked.
std::string TextFor(const Shown& s) {
  std::string text = "agent " + s.agent.name + " (uid " + std::to_string(s.session.uid) + "), session " +
                     std::to_string(s.id.session) + ", call " + std::to_string(s.id.call) + "\n";
  text += "rule: " + s.decision.rule + " (" + s.decision.file + ":" + std::to_string(s.decision.where.line) +
          "): " + s.decision.why + "\n";
  text += "asks: " + ForTerminal(s.asked.line) + "\n";
  for (const policy::SimpleCommand& command : s.found.call.line.commands) {
    text += "runs:";
    for (const std::string& word : command.argv) text += " " + ForTerminal(ShellQuote(word));
    text += "\n";
  }
  const std::string& cwd = s.found.call.directory.empty() ? s.agent.workspace.directory : s.found.call.directory;
  text += "in: " + ForTerminal(cwd) + "\n";
  for (const auto& [name, value] : s.found.call.environment)
    text += "with: " + ForTerminal(name) + "=" + ForTerminal(value) + "\n";
  for (const policy::ProgramFact& program : s.found.facts.programs)
    text += "program: " + ForTerminal(program.path) +
            (program.sha256 ? " sha256 " + Hex(AsBytes(*program.sha256)) : "") + "\n";
  for (size_t i = 0; i < s.found.facts.paths.size(); ++i)
    text += std::string(policy::ActName(s.found.wanted.paths[i].act)) + ": " +
            ForTerminal(s.found.facts.paths[i].path) + (s.found.facts.paths[i].exists ? "" : " (not there yet)") + "\n";
  if (s.asked.input) text += "stdin: " + std::to_string(s.asked.input->size()) + " bytes:\n" + Quoted(*s.asked.input);
  if (s.asked.call.tool == policy::Tool::kWriteFile)
    text += "content: " + std::to_string(s.asked.content.size()) + " bytes, sha256 " +
            Hex(AsBytes(HashSha256(s.asked.content))) + ":\n" + Quoted(s.asked.content);
  text += "the agent's own words, not checked: " +
          (s.asked.call.reason.empty() ? std::string("(none)") : ForTerminal(s.asked.call.reason)) + "\n";
  return text;
}

}  // namespace

Digest ShownDigest(const Shown& s) {
  // JSON by nlohmann sorts keys and escapes delimiters: one value, one text. Bytes that are not UTF-8 can
  // only come from file names; they are escaped first.
  json facts = json::parse(FactsAsJson(s.found).dump(-1, ' ', false, json::error_handler_t::replace));
  const json bound = {{"argv", ArgvOf(s.found)},
                      {"cwd", s.found.call.directory},
                      {"environment", EnvironmentOf(s.found)},
                      {"stdin", s.asked.input ? Hex(AsBytes(HashSha256(*s.asked.input))) : ""},
                      {"content", Hex(AsBytes(HashSha256(s.asked.content)))},
                      {"trash_entry", s.asked.trash_entry},
                      {"timeout_ms", s.asked.timeout_ms.value_or(0)},
                      {"facts", std::move(facts)},
                      {"policy", Hex(AsBytes(s.policy.digest()))},
                      {"text", TextFor(s)}};
  return HashSha256(bound.dump(-1, ' ', false, json::error_handler_t::replace));
}

ApprovalRequest MakeApprovalRequest(const Shown& s, const std::string& tool) {
  ApprovalRequest request;
  request.call = s.id.call;
  request.session = s.id.session;
  request.own_uids = {s.session.uid, s.session.session_uid};
  for (const wire::Agent& agent : s.host.agents) request.own_uids.push_back(agent.uid);
  request.approvers = s.agent.approvers;
  request.people = std::max<uint32_t>(s.decision.approval.people, 1);
  request.life = std::chrono::milliseconds(std::min(s.decision.approval.expires_ms, s.host.approval_timeout_ms));
  request.digest = ShownDigest(s);
  json paths = json::array();
  for (const policy::PathFact& path : s.found.facts.paths) paths.push_back(ForTerminal(path.path));
  const auto& programs = s.found.facts.programs;
  request.shown = {
      {"digest", Hex(AsBytes(request.digest))},
      {"call", s.id.call},
      {"session", s.id.session},
      {"agent", s.agent.name},
      {"tool", tool},
      {"line", s.asked.line},
      {"argv", ArgvOf(s.found)},
      {"cwd", ForTerminal(s.found.call.directory.empty() ? s.agent.workspace.directory : s.found.call.directory)},
      {"program", programs.empty() ? std::string() : ForTerminal(programs[0].path)},
      {"paths", std::move(paths)},
      {"rule", s.decision.rule},
      {"file", s.decision.file + ":" + std::to_string(s.decision.where.line)},
      {"why", s.decision.why},
      {"reason", ForTerminal(s.asked.call.reason)},
      {"text", TextFor(s)}};
  return request;
}

}  // namespace warder::broker
