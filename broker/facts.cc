// How are the names in a call turned into facts, without ever trusting a name?
#include "broker/facts.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "policy/clocks.h"

namespace warder::broker {
namespace {

using nlohmann::json;

policy::PathFact FactOf(const wire::PathAnswer& answer) {
  policy::PathFact fact;
  fact.resolved = answer.resolved;
  fact.problem = answer.problem;
  fact.path = answer.path;
  fact.exists = answer.kind != wire::FileKind::kNone;
  fact.is_directory = answer.kind == wire::FileKind::kDirectory;
  fact.dev = answer.dev;
  fact.ino = answer.ino;
  return fact;
}

policy::ProgramFact FactOf(const wire::ProgramAnswer& answer) {
  policy::ProgramFact fact;
  fact.found = answer.found;
  fact.problem = answer.problem;
  fact.path = answer.path;
  fact.dev = answer.identity.dev;
  fact.ino = answer.identity.ino;
  fact.sha256 = answer.identity.sha256;
  fact.executable = answer.executable;
  fact.readable = answer.readable;
  fact.is_script = !answer.interpreter.empty();
  return fact;
}

policy::ScriptFile ScriptOf(const wire::ProgramAnswer& answer) {
  return {answer.path, answer.identity.dev, answer.identity.ino, answer.identity.sha256};
}

// Asks for every path whose directory is known, until all are answered: a cd feeds what follows it.
asio::awaitable<Status> ResolvePaths(WhereFrom from, const policy::Wanted& wanted,
                                     std::vector<wire::PathAnswer>& answers) {
  std::vector<bool> known(wanted.paths.size(), false);
  answers.assign(wanted.paths.size(), {});
  for (size_t left = wanted.paths.size(); left > 0;) {
    wire::ResolveRequest request;
    std::vector<size_t> asked;
    for (size_t i = 0; i < wanted.paths.size(); ++i) {
      const policy::WantedPath& path = wanted.paths[i];
      if (known[i]) continue;
      const bool at_workspace = path.directory == SIZE_MAX;
      if (!at_workspace && (path.directory >= i || !known[path.directory])) continue;
      if (!at_workspace && !answers[path.directory].resolved) {
        answers[i].problem = "its directory could not be resolved";
        known[i] = true;
        --left;
        continue;
      }
      request.paths.push_back(
          {at_workspace ? from.workspace : answers[path.directory].path, path.text, path.follow_last});
      asked.push_back(i);
    }
    if (asked.empty()) {
      if (left == 0) break;
      bool any_known = false;  // some were only marked above: another round may reach the rest
      for (size_t i = 0; i < known.size(); ++i)
        any_known = any_known || (!known[i] && wanted.paths[i].directory < i && known[wanted.paths[i].directory]);
      if (!any_known) co_return Fail(Code::kInvalid, "paths that are relative to nothing");
      continue;
    }
    auto said = co_await from.hands.Resolve(std::move(request));
    if (!said) co_return std::unexpected(said.error());
    for (size_t k = 0; k < asked.size(); ++k) {
      answers[asked[k]] = std::move(said->paths[k]);
      known[asked[k]] = true;
      --left;
    }
  }
  co_return Status();
}

// The workspace and the sources that exist: what the jail will show.
asio::awaitable<Status> ResolveTrees(WhereFrom from, const policy::ViewRules& view, std::vector<wire::Tree>& trees) {
  wire::ResolveRequest request;
  request.paths.push_back({"/", from.workspace, true});
  const bool whole = std::ranges::find(view.writable, from.workspace) != view.writable.end();
  for (const std::string& part : view.writable)
    if (!whole) request.paths.push_back({"/", part, true});
  const size_t parts = request.paths.size();
  for (const auto& source : view.sources)
    for (const std::string& bound : from.bounds.sources)
      if (wire::IsBeneath(source.path, bound) && !wire::IsBeneath(source.path, from.workspace)) {
        request.paths.push_back({"/", source.path, true});
        break;
      }
  const std::vector<std::string>& parts_asked = view.writable;
  auto said = co_await from.hands.Resolve(std::move(request));
  if (!said) co_return std::unexpected(said.error());
  for (size_t i = 0; i < said->paths.size(); ++i) {
    const wire::PathAnswer& path = said->paths[i];
    const bool good = path.resolved && path.kind == wire::FileKind::kDirectory;
    if (i == 0 && (!good || path.path != from.workspace))
      co_return Fail(Code::kConflict, "the workspace " + from.workspace + " is not the directory it was",
                     "an administrator looks at the host file");
    // A source that is a symlink may lead out of what the bounds name.
    bool bounded = i == 0;
    if (i > 0 && i < parts) {  // a part that is not there, or a symlink, is not writable
      if (good && path.path == parts_asked[i - 1]) trees.push_back({path.path, path.dev, path.ino, true, false});
      continue;
    }
    for (const std::string& bound : from.bounds.sources) bounded = bounded || wire::IsBeneath(path.path, bound);
    if (!good || !bounded) continue;
    bool inside = false;
    for (const wire::Tree& tree : trees) inside = inside || wire::IsBeneath(path.path, tree.path);
    if (!inside) trees.push_back({path.path, path.dev, path.ino, i == 0 && whole, false});
  }
  co_return Status();
}

struct Programs {
  std::vector<wire::ProgramAnswer> answers;  // as wanted.programs
  std::vector<policy::ScriptFile> scripts;
};

asio::awaitable<Result<Programs>> ResolvePrograms(HandsLink& hands, const policy::Wanted& wanted,
                                                  const policy::Call& call, bool digests) {
  wire::ResolveRequest request;
  std::vector<size_t> asked;
  Programs out;
  out.answers.resize(wanted.programs.size());
  for (size_t i = 0; i < wanted.programs.size(); ++i) {
    out.answers[i].problem = "no file is bound to this name";
    if (!wire::ValidPath(wanted.programs[i].path)) continue;
    request.programs.push_back({wanted.programs[i].path, wanted.programs[i].want_sha256 || digests});
    asked.push_back(i);
  }
  for (const policy::SimpleCommand& command : call.line.commands)
    if (!command.script.empty()) request.programs.push_back({command.script, true});
  if (request.programs.empty()) co_return out;
  auto said = co_await hands.Resolve(std::move(request));
  if (!said) co_return std::unexpected(said.error());
  for (size_t k = 0; k < said->programs.size(); ++k) {
    if (k < asked.size())
      out.answers[asked[k]] = std::move(said->programs[k]);
    else
      out.scripts.push_back(ScriptOf(said->programs[k]));
  }
  co_return out;
}

// Rewrites each command whose program is a `#!` file; true where there was one.
bool RewriteScripts(policy::Call& call, const policy::Wanted& wanted, std::vector<wire::ProgramAnswer>& answers) {
  bool any = false;
  for (size_t i = 0; i < answers.size(); ++i) {
    wire::ProgramAnswer& answer = answers[i];
    if (!answer.found || answer.interpreter.empty()) continue;
    policy::SimpleCommand& command = call.line.commands[wanted.programs[i].command];
    if (!command.script.empty() || !wire::ValidPath(answer.interpreter)) {
      answer.found = false;
      answer.problem = command.script.empty() ? "a script whose interpreter is not an absolute path"
                                              : "an interpreter that is a script itself";
      continue;
    }
    command = policy::AsInterpreter(command, answer.interpreter, answer.interpreter_argument, answer.path);
    any = true;
  }
  return any;
}

}  // namespace

asio::awaitable<Result<LookedUp>> LookUp(WhereFrom from, policy::Call call, bool digests) {
  LookedUp found;
  found.call = std::move(call);
  found.facts.workspace = from.workspace;
  Programs programs;
  for (int pass = 0; pass < 2; ++pass) {
    found.wanted = policy::Want(from.policy, found.call);
    auto looked = co_await ResolvePrograms(from.hands, found.wanted, found.call, digests);
    if (!looked) co_return std::unexpected(looked.error());
    programs = std::move(*looked);
    if (!RewriteScripts(found.call, found.wanted, programs.answers)) break;
  }
  for (const wire::ProgramAnswer& answer : programs.answers) found.facts.programs.push_back(FactOf(answer));
  found.scripts = std::move(programs.scripts);
  Status paths = co_await ResolvePaths(from, found.wanted, found.paths);
  if (!paths) co_return std::unexpected(paths.error());
  for (const wire::PathAnswer& answer : found.paths) found.facts.paths.push_back(FactOf(answer));
  if (found.call.tool == policy::Tool::kRunCommand) {
    policy::ViewRules view = policy::ViewOf(from.policy, from.workspace);
    Status trees = co_await ResolveTrees(from, view, found.trees);
    if (!trees) co_return std::unexpected(trees.error());
  }
  for (const std::string& zone : from.policy.settings().zones)
    if (auto time = policy::LocalTimeBy(from.policy, zone, std::chrono::system_clock::now()))
      found.facts.zones.push_back({zone, *time});
  co_return found;
}

namespace {
wire::CoverKind KindOf(policy::ViewRules::Cover kind) {
  switch (kind) {
    case policy::ViewRules::Cover::kFreeze:
      return wire::CoverKind::kFreeze;
    case policy::ViewRules::Cover::kPin:
      return wire::CoverKind::kPin;
    case policy::ViewRules::Cover::kHide:
      break;
  }
  return wire::CoverKind::kHide;
}

// Covers of a tree itself, which no mount can hold, become what the tree is: what is mounted is neither moved nor
// deleted, so a pin says nothing; a frozen one is read-only with all below; a source that the session can not look
// into is not shown.
void TakeWholeTrees(std::vector<wire::Tree>& trees, std::vector<wire::Cover>& covers) {
  std::erase_if(covers, [&](const wire::Cover& cover) {
    if (std::ranges::find(trees, cover.path, &wire::Tree::path) == trees.end()) return false;
    if (cover.kind == wire::CoverKind::kHide) {
      if (wire::IsBeneath(cover.path, trees[0].path)) return false;
      std::erase_if(trees, [&](const wire::Tree& tree) { return wire::IsBeneath(tree.path, cover.path); });
    } else if (cover.kind == wire::CoverKind::kFreeze) {
      for (wire::Tree& tree : trees)
        if (wire::IsBeneath(tree.path, cover.path)) tree.writable = false;
    }
    return true;
  });
}

// No rule: no walk.
asio::awaitable<Result<std::vector<wire::Cover>>> Covered(WhereFrom from, std::vector<std::string> trees,
                                                          std::vector<policy::ViewRules::CoverRule> rules) {
  if (rules.empty()) co_return std::vector<wire::Cover>();
  wire::CoverRequest request;
  request.trees = std::move(trees);
  for (const auto& rule : rules) {
    wire::CoverRule& asked =
        request.rules.emplace_back(wire::CoverRule{KindOf(rule.kind), rule.match, rule.unless, {}});
    for (const auto& grant : rule.grants) asked.grants.push_back({grant.match, grant.unless});
  }
  co_return co_await from.hands.Covers(std::move(request));
}
}  // namespace

asio::awaitable<Result<std::vector<wire::Cover>>> LookUpCovers(WhereFrom from, std::vector<wire::Tree>& trees,
                                                               std::vector<policy::ApprovedPath> approved) {
  policy::ViewRules view = policy::ViewOf(from.policy, from.workspace, approved);
  std::vector<std::string> paths;
  for (const wire::Tree& tree : trees) paths.push_back(tree.path);
  auto covers = co_await Covered(from, std::move(paths), std::move(view.covers));
  if (covers) TakeWholeTrees(trees, *covers);
  co_return covers;
}

asio::awaitable<Status> MayGoWith(WhereFrom from, std::string directory, bool approved) {
  std::vector<policy::ViewRules::CoverRule> rules = policy::KeptBelow(from.policy, from.workspace, directory, approved);
  std::vector<std::string> trees(1, std::move(directory));
  auto kept = co_await Covered(from, std::move(trees), std::move(rules));
  if (!kept) co_return std::unexpected(kept.error());
  if (kept->empty()) co_return Status();
  // Directories on the way to a pinned path are pinned too: the deepest is the path itself.
  const wire::Cover& deepest =
      *std::ranges::max_element(*kept, {}, [](const wire::Cover& cover) { return cover.path.size(); });
  co_return Fail(Code::kDenied, deepest.path + " lies in it, and no rule lets that be deleted",
                 "delete what may go, one by one");
}

Status CommandsMayWrite(const LookedUp& found) {
  for (size_t i = 0; i < found.wanted.paths.size(); ++i) {
    const policy::PathFact& fact = found.facts.paths[i];
    if (found.wanted.paths[i].act == policy::Act::kRead || !fact.resolved ||
        !wire::IsBeneath(fact.path, found.facts.workspace))
      continue;
    const bool writable = std::ranges::any_of(
        found.trees, [&](const wire::Tree& tree) { return tree.writable && wire::IsBeneath(fact.path, tree.path); });
    if (!writable)
      return Fail(
          Code::kUnsupported,
          fact.path + " can not be written by a command: no rule lets commands write a whole directory that holds it",
          "use write_file or delete_file, or let a path rule name the directory with `under`");
  }
  return {};
}

policy::LookedAt LookedAtOf(const LookedUp& found) { return {found.call, found.wanted, found.facts, found.scripts}; }

json FactsAsJson(const LookedUp& found) { return policy::FoundJson(LookedAtOf(found)); }

}  // namespace warder::broker
