// What does an embedded host serve? See embedded_entries.h.
#include "cli/embedded_entries.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "wire/plan.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string EntriesPath(const std::string& directory) { return directory + "/entries.json"; }

// Paths and names in the host file; each was checked by YamlQuote before it became an entry.
std::string Quoted(const std::string& text) {
  Result<std::string> quoted = YamlQuote(text);
  WARDER_CHECK(quoted.has_value());
  return *quoted;
}

}  // namespace

uid_t EntryUid(const std::string& name) {
  // `ws-` and 8 hex digits, of which 24 bits keep the sum below the ids that systems reserve.
  return kEmbeddedAgents + static_cast<uid_t>(std::strtoul(name.substr(3, 6).c_str(), nullptr, 16));
}

std::string EntryName(const std::string& workspace, const std::string& policy, const std::string& profile) {
  std::string key = workspace + '\0' + policy + '\0' + profile;
  Digest digest = HashSha256(key);
  return "ws-" + Hex({reinterpret_cast<const char*>(digest.data()), 4});
}

bool EntriesOverlap(const Entry& a, const Entry& b) {
  return wire::IsBeneath(a.workspace, b.workspace) || wire::IsBeneath(b.workspace, a.workspace);
}

Result<Served> ReadServed(const std::string& embedded_directory) {
  std::string path = EntriesPath(embedded_directory);
  if (access(path.c_str(), F_OK) != 0) return Served{};
  WARDER_TRY(std::string text, ReadFile(path, limits::kMaxPolicyBytes));
  Served served;
  try {
    json root = json::parse(text);
    if (root.at("v") != 1) return Fail(Code::kUnsupported, path + " is of another version of warder", "remove it");
    served.state = root.at("state");
    for (const json& item : root.at("entries"))
      served.entries.push_back({item.at("name"), item.at("workspace"), item.at("owner"), item.at("policy"),
                                item.at("policy_digest"), item.at("profile")});
  } catch (const json::exception& error) {
    return Fail(Code::kInvalid, path + " can not be read: " + error.what(), "remove it and start again");
  }
  return served;
}

Status WriteServed(const std::string& embedded_directory, const Served& served) {
  json list = json::array();
  for (const Entry& e : served.entries)
    list.push_back({{"name", e.name},
                    {"workspace", e.workspace},
                    {"owner", e.owner},
                    {"policy", e.policy},
                    {"policy_digest", e.policy_digest},
                    {"profile", e.profile}});
  return ReplaceFile(EntriesPath(embedded_directory),
                     json{{"v", 1}, {"state", served.state}, {"entries", list}}.dump(1) + "\n", 0600);
}

Result<std::string> YamlQuote(const std::string& text) {
  if (!IsUtf8(text)) return Fail(Code::kInvalid, "a path that is not UTF-8: " + ForTerminal(text), "rename it");
  std::string out = "\"";
  for (char c : text) {
    // The host file's reader refuses control characters, also escaped ones that could hide in a path.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return Fail(Code::kInvalid, "a path with a control character: " + ForTerminal(text), "rename it");
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Status ReplaceFile(const std::string& path, const std::string& text, mode_t mode) {
  std::string next = path + ".next";
  UniqueFd fd(open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd) return FailErrno("open " + next);
  if (fchmod(fd.get(), mode) != 0) return FailErrno("chmod " + next);
  WARDER_TRY_STATUS(WriteAll(fd.get(), text));
  if (rename(next.c_str(), path.c_str()) != 0) return FailErrno("rename " + next);
  return {};
}

std::string HostFileText(const std::string& embedded_directory, const Served& served,
                         const std::vector<uid_t>& policy_owners) {
  std::string trees, projects, agents, owners = "root";
  for (uid_t uid : policy_owners) owners += ", " + std::to_string(uid);
  for (const Entry& e : served.entries) {
    trees += (trees.empty() ? "" : ", ") + Quoted(e.workspace);
    projects += "      " + e.name + ": " + Quoted(e.policy) + "\n";
    agents += "  " + e.name + ":\n    uid: " + std::to_string(EntryUid(e.name)) + "\n    layers: { project: " + e.name +
              " }\n" + (e.profile.empty() ? "" : "    profile: " + Quoted(e.profile) + "\n") +
              "    workspaces: [{ dir: " + Quoted(e.workspace) + ", owner: " + std::to_string(e.owner) +
              " }]\n    sessions: 64\n    approvers: [\"user:0\"]\n";
  }
  return "# Written by `warder` for its embedded host; written again at the next `warder run`.\n"
         "host: 1\n"
         "paths: { state: " +
         Quoted(served.state) + ", run: " + Quoted(embedded_directory + "/run") +
         ", stop-file: " + Quoted(embedded_directory + "/stop") +
         " }\n"
         "identities:\n  broker: " +
         std::to_string(kEmbeddedBroker) + "\n  ledger: " + std::to_string(kEmbeddedLedger) +
         "\n  admin-group: 0\n  session-uids: 1900000000..1900065535\n"
         "people:\n  - { who: \"user:0\", may: [status, sessions, policy, reload, drain, approve, audit-read, trash] "
         "}\n"
         "bounds:\n  trees: [" +
         trees +
         "]\n  sources: [/var/log]\n  roots: [host-usr]\n"
         "  limits: { wall: 12h, cpu: 24h, memory: 64GiB, pids: 4096, disk: 100GiB, output: 64MiB }\n"
         "  jails: { running: 64 }\n"
         "policy:\n  owners: [" +
         owners + "]\n  layers:\n    project:\n" + projects + "agents:\n" + agents +
         "ledger: { dir: " + Quoted(served.state + "/log") +
         " }\n"
         "approvals: { timeout: 10m, waiting: 100, per-session: 5 }\n";
}

}  // namespace warder::cli
