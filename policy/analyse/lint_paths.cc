// Which trees do path rules open that hold more than data, and what of a workspace do they leave open?
#include <algorithm>

#include "base/glob.h"
#include "policy/analyse/lint_parts.h"
#include "policy/schema.h"

namespace warder::policy::lint {
namespace {

constexpr std::string_view kWorkspace = "/workspace";
constexpr std::string_view kTmp = "/tmp/of-the-jail";

struct Tree {
  std::string_view path, reason;
};
// Trees in which data of everybody lies, or things that are no data. Their parts may well be named.
constexpr Tree kTrees[] = {
    {"/", "the whole host"},
    {"/boot", "kernels and their keys"},
    {"/dev", "devices"},
    {"/etc", "passwords, keys and settings of the whole host"},
    {"/home", "the files of all people, their keys among them"},
    {"/media", "whatever is plugged in"},
    {"/mnt", "whatever is mounted"},
    {"/proc", "every process, with its environment and memory"},
    {"/root", "the files of the administrator"},
    {"/run", "sockets of services, and their secrets"},
    {"/sys", "the kernel's own switches"},
    {"/var", "logs, mail, databases and backups of the whole host"},
    {"/var/lib", "databases and states of every service"},
    {"/var/run", "sockets of services, and their secrets"},
};

// What the pattern covers for sure, as one directory: `/etc`, of `/etc/**` too. Empty: no whole tree.
std::string WholeTree(const std::string& text, bool under) {
  if (under) return text;
  if (!text.ends_with("/**")) return text == "**" ? "/" : "";
  const std::string directory = text.substr(0, text.size() - 3);
  return directory.empty() ? "/" : directory;
}

void LintTree(Layer& layer, const PathRule& rule, const std::string& text, bool under) {
  if (text.starts_with("**/"))
    return layer.Add("broad-tree", rule.where, rule.id,
                     Quote(text) + " begins anywhere on the host: the home of everybody, /etc and /proc too",
                     "/root/" + text.substr(text.rfind('/') + 1),
                     "begin with ${workspace}, ${tmp} or the directory that is meant");
  const std::string tree = WholeTree(text, under);
  const std::string_view first = std::string_view(text).substr(1, text.find('/', 1) - 1);
  if (!under && text[0] == '/' && tree != "/" && first.contains('*'))
    return layer.Add("broad-tree", rule.where, rule.id,
                     Quote(text) + " begins with a wildcard: every directory of the host",
                     "/root" + text.substr(1 + first.size()), "begin with the directory that is meant");
  if (tree.empty()) return;
  for (const Tree& known : kTrees)
    if (GlobMatch(tree, known.path))
      return layer.Add("broad-tree", rule.where, rule.id, Quote(text) + " is " + std::string(known.reason),
                       std::string(known.path), "name the directories below it that are needed");
}

void LintTrees(Layer& layer) {
  for (const PathRule& rule : layer.policy().paths) {
    if (rule.level > Level::kNotify) continue;
    if (!rule.under.empty()) LintTree(layer, rule, rule.under, true);
    for (const std::string& glob : rule.match) LintTree(layer, rule, glob, false);
  }
}

bool Open(const PolicySet& set, const std::string& path, Act act) {
  const std::optional<Level> level = LevelOfPath(set, path, act);
  return level && *level <= Level::kNotify;
}

struct Place {
  std::string_view path, what;
};
// Files of a workspace that other programs take code or commands from, outside of any jail.
constexpr Place kHooks[] = {
    {".git/hooks/pre-commit", "git starts it at the next commit"},
    {".git/config", "git takes pagers, editors and aliases from it"},
    {".git/modules/x/hooks/post-checkout", "git starts it in a submodule"},
    {".github/workflows/x.yml", "the forge runs it with its own secrets"},
    {".gitlab-ci.yml", "the forge runs it with its own secrets"},
    {".envrc", "direnv runs it when a person enters the directory"},
    {".vscode/tasks.json", "an editor runs it when a person opens the directory"},
    {".npmrc", "npm takes registries and scripts' shells from it"},
    {".mcp.json", "agents start the servers that it names"},
};
constexpr Place kSecrets[] = {
    {".env", "passwords of the application"},   {"deploy/server.key", "a private key"},
    {"deploy/server.pem", "a private key"},     {".ssh/id_ed25519", "a private key"},
    {".netrc", "passwords for other machines"}, {".aws/credentials", "keys of a cloud"},
};

// The rule that opens the workspace for this act, in this layer.
const PathRule* Opening(Layer& layer, Act act) {
  for (uint32_t r :
       layer.set().index(layer.number()).paths.Covering(std::string(kWorkspace) + "/x/y", act, {kWorkspace, kTmp}))
    if (layer.policy().paths[r].level <= Level::kNotify) return &layer.policy().paths[r];
  return nullptr;
}

void LintPlaces(Layer& layer, Act act, std::span<const Place> places, std::string_view id, const std::string& what,
                const std::string& remedy) {
  const PathRule* opening = Opening(layer, act);
  if (opening == nullptr) return;
  std::vector<std::string> open;
  const Place* first = nullptr;
  for (const Place& place : places) {
    if (!Open(layer.set(), std::string(kWorkspace) + "/" + std::string(place.path), act)) continue;
    first = first == nullptr ? &place : first;
    open.push_back(std::string(place.path));
  }
  if (first == nullptr) return;
  layer.Add(id, opening->where, opening->id,
            what + Listed(open, 12) + " (" + open.front() + ": " + std::string(first->what) + ")",
            "${workspace}/" + open.front(), remedy);
}

}  // namespace

std::optional<Level> LevelOfPath(const PolicySet& set, const std::string& path, Act act) {
  std::optional<Level> strictest;
  for (size_t i = 0; i < set.size(); ++i) {
    if (!set.Speaks(i, Matter::kPaths)) continue;
    const std::vector<uint32_t> rules = set.index(i).paths.Covering(path, act, {kWorkspace, kTmp});
    if (rules.empty() && !set.Passes(i, Matter::kPaths)) return std::nullopt;
    for (uint32_t r : rules) {
      const Level level = set.layer(i).paths[r].level;
      strictest = std::max(strictest.value_or(Level::kAuto), level);
    }
  }
  return strictest;
}

void LintPaths(Layer& layer) {
  LintTrees(layer);
  LintPlaces(layer, Act::kWrite, kHooks, "unprotected-hooks",
             "a session may write what others run outside of the jail: ",
             "forbid `may: [write, delete]` of them, as in policies/developer-c.yaml");
  LintPlaces(layer, Act::kRead, kSecrets, "readable-secrets", "a session may read usual places of keys and passwords: ",
             "forbid `may: [read, write, delete]` of them, as in policies/developer-c.yaml");
  const Policy& policy = layer.policy();
  if (!policy.workspace.executable.value_or(false) || !layer.set().settings().executable) return;
  for (const PathRule& rule : policy.paths)
    if (rule.level <= Level::kNotify && (rule.may & ActBit(Act::kWrite)) != 0)
      return layer.Add(
          "writable-executable", rule.where, rule.id,
          "a session may write here, and `workspace.executable: yes` lets it start what it wrote: which programs "
          "run is then bounded by the jail alone",
          "", "leave `executable` out where nothing that was built must run");
}

}  // namespace warder::policy::lint
