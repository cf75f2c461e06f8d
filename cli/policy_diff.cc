// `warder policy diff`: what changed in meaning between two policies, with a call that shows each change.
#include "base/text.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "policy/analyse/diff.h"
#include "policy/load.h"

namespace warder::cli {
namespace {

using nlohmann::json;
using policy::analyse::Change;
using policy::analyse::Diff;

constexpr const char* kForms =
    "write `warder policy diff OLD NEW`, or `--old FILE… --new FILE…` where a policy has several layers";

std::string Place(const policy::analyse::Verdict& verdict) {
  return verdict.where.line == 0 ? verdict.file : At(verdict.file, verdict.where);
}

json VerdictJson(const policy::analyse::Verdict& verdict) {
  return {{"level", policy::LevelName(verdict.level)},
          {"rule", verdict.rule},
          {"layer", verdict.layer},
          {"at", Place(verdict)},
          {"why", verdict.why}};
}

json ChangeJson(const Change& change) {
  return {{"matter", change.matter},
          {"what", change.what},
          {"call", change.call},
          {"argv", change.argv},
          {"more", change.more},
          {"inside", change.inside || change.also_inside},
          {"as_call", !change.inside},
          {"profiles", change.profiles},
          {"times", change.times},
          {"before", VerdictJson(change.before)},
          {"after", VerdictJson(change.after)}};
}

json DiffJson(const Diff& diff) {
  json answer{{"widened", json::array()},
              {"narrowed", json::array()},
              {"neutral", json::array()},
              {"unseen", diff.unseen},
              {"calls", diff.calls}};
  for (const Change& change : diff.widened) answer["widened"].push_back(ChangeJson(change));
  for (const Change& change : diff.narrowed) answer["narrowed"].push_back(ChangeJson(change));
  for (const policy::analyse::Neutral& one : diff.neutral)
    answer["neutral"].push_back(
        {{"what", one.what}, {"before", one.before}, {"after", one.after}, {"at", At(one.file, one.where)}});
  return answer;
}

// "FILE:L:C: widened: forbid -> auto: `git push`", and below it what a reviewer asks next.
void ShowChange(const json& change, const char* kind, Colour colour) {
  const json &before = change["before"], &after = change["after"];
  const std::string what = Shown(change, "what"), call = Shown(change, "call");
  // The place that is to be read: of the rule that decides now, or of the one that is gone.
  const bool gone = !Shown(after, "at").contains(':') && Shown(before, "at").contains(':');
  std::string line = Shown(gone ? before : after, "at") + ": " + Paint(1, colour, kind) + ": ";
  line += what.empty() ? Shown(before, "level") + " -> " + Paint(1, colour, Shown(after, "level")) + ": `" + call + "`"
                       : what;
  Print(line + "\n");
  if (!what.empty() && !call.empty()) Print("  seen in   " + call + "\n");
  auto verdict = [&](const char* when, const json& one) {
    if (Shown(one, "rule").empty()) return;
    Print(std::string("  ") + when + Shown(one, "level") + " by " + Shown(one, "rule") +
          (Shown(one, "layer").empty() ? "" : ", layer " + Shown(one, "layer")) + " (" + Shown(one, "at") + ")\n");
  };
  if (what.empty() || Shown(before, "level") != Shown(after, "level")) {
    verdict("before    ", before);
    verdict("now       ", after);
  }
  for (const json& more : change["more"]) Print("  also      `" + SafeText(more.get<std::string>()) + "`\n");
  std::string profiles;
  for (const json& profile : change["profiles"])
    profiles +=
        (profiles.empty() ? "" : ", ") +
        (profile.get<std::string>().empty() ? std::string("the default") : SafeText(profile.get<std::string>()));
  if (profiles != "the default") Print("  profiles  " + profiles + "\n");
  if (const json& times = change["times"]; !times.empty())
    Print("  at        " + SafeText(times[0].get<std::string>()) +
          (times.size() > 1 ? ", and at " + Counted(times.size() - 1, "other time") : "") + "\n");
  if (!change["as_call"].get<bool>()) Print("  only where a program inside a run starts it\n");
}

void ShowDiff(const json& answer) {
  for (const json& change : answer["widened"]) ShowChange(change, "widened", Colour::kRed);
  for (const json& what : answer["unseen"])
    Print(Paint(1, Colour::kRed, "not compared") + ": " + SafeText(what.get<std::string>()) + "\n");
  for (const json& change : answer["narrowed"]) ShowChange(change, "narrowed", Colour::kGreen);
  for (const json& one : answer["neutral"])
    Print(Shown(one, "at") + ": " + Paint(1, Colour::kDim, Shown(one, "what")) + ": " + Shown(one, "before") + " -> " +
          Shown(one, "after") + "\n");
  const size_t widened = answer["widened"].size(), unseen = answer["unseen"].size();
  Print((widened == 0 ? Paint(1, Colour::kGreen, "nothing widened")
                      : Paint(1, Colour::kRed, std::to_string(widened) + " widened")) +
        ", " + std::to_string(answer["narrowed"].size()) + " narrowed, " + std::to_string(answer["neutral"].size()) +
        " without effect" + (unseen == 0 ? "" : ", " + Counted(unseen, "matter") + " not compared to the end") + "; " +
        Counted(answer["calls"].get<size_t>(), "call") + " put to both policies\n");
}

int RunDiff(const Arguments& arguments) {
  std::vector<std::string> before = arguments.List("old"), after = arguments.List("new");
  const std::vector<std::string>& files = arguments.List("FILE");
  if (files.size() == 2 && before.empty() && after.empty()) {
    before = {files[0]};
    after = {files[1]};
  } else if (!files.empty() || before.empty() || after.empty()) {
    return Trouble(Error{Code::kInvalid, "diff needs an old and a new policy", kForms});
  }
  Result<policy::PolicySet> old_set = LoadPolicyFiles(before);
  if (!old_set) return Trouble(old_set.error()), kMisuse;
  Result<policy::PolicySet> new_set = LoadPolicyFiles(after);
  if (!new_set) return Trouble(new_set.error()), kMisuse;
  const Diff diff = policy::analyse::Compare(*old_set, *new_set);
  const json answer = DiffJson(diff);
  if (arguments.json())
    Print(JsonLines(answer));
  else
    ShowDiff(answer);
  // What was not compared to the end may have widened.
  return diff.widened.empty() && diff.unseen.empty() ? kOk : kFinding;
}

}  // namespace

std::vector<Command> PolicyDiffCommands() {
  return {{"policy diff",
           "What a change of policy newly allows, each with a call that shows it; exit 1 where anything widened",
           "warder policy diff policies/cautious.yaml policies/demo.yaml",
           {{OptionKind::kPositionals, "FILE", "The old policy and the new one", false},
            {OptionKind::kTexts, "old", "The old policy's layers, a file each", false},
            {OptionKind::kTexts, "new", "The new policy's layers, a file each", false}},
           RunDiff}};
}

}  // namespace warder::cli
