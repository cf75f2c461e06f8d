// `warder policy show`: what does a policy say in its long form, as it was loaded?
#include "base/file.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "policy/analyse/meaning.h"
#include "policy/analyse/show.h"

namespace warder::cli {
namespace {

int Show(const Arguments& arguments) {
  const std::string file = arguments.Text("FILE"), profile = arguments.Text("profile");
  Result<std::string> bytes = ReadFile(file, limits::kMaxPolicyBytes);
  if (!bytes) return Trouble(bytes.error()), kMisuse;
  policy::LoadResult loaded = policy::LoadPolicy(file, *bytes);
  if (!loaded.problems.empty()) return Trouble(NotUsable(file, loaded.problems).error());
  if (Status known = CheckProfile(loaded.policy, profile); !known) return Trouble(known.error());
  if (!profile.empty()) loaded.policy = policy::WithProfile(loaded.policy, profile);
  const std::string text = policy::ShowPolicy(loaded.policy, arguments.Has("all"));
  // What is shown must be what was loaded: a person decides by it.
  const policy::LoadResult again = policy::LoadPolicy(file, text);
  if (!again.problems.empty() || policy::Meaning(again.policy) != policy::Meaning(loaded.policy))
    return Trouble({Code::kSystem, file + " can not be shown without changing what it means", "report it"});
  if (arguments.json())
    Print(JsonLines({{"file", file}, {"profile", profile}, {"yaml", text}}));
  else
    Print(ForReader(text));
  return kOk;
}

}  // namespace

std::vector<Command> PolicyShowCommands() {
  return {{"policy show",
           "A policy in its long form, as it was loaded",
           "warder policy show policies/cautious.yaml --all",
           {{OptionKind::kPositional, "FILE", "A policy file", true},
            {OptionKind::kText, "profile", "This profile alone, with what it is based on", false},
            {OptionKind::kFlag, "all", "What counts for keys that it does not have, as comments", false}},
           Show}};
}

}  // namespace warder::cli
