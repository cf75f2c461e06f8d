// What differs in what surrounds every run: workspace, jail, trash, environment, redaction, the jail's view?
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "policy/analyse/differ.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {

// A setting has no level of its own: the call is one that runs under it.
void Differ::TellSetting(bool widened, const std::string& what) {
  Change change;
  if (base_) {
    change.call = base_->shown;
    change.argv = base_->argv;
  }
  change.matter = "settings";
  change.widened = widened;
  change.what = what;
  change.profiles = {""};
  change.before.file = Set(Side::kOld).layer(0).file;
  change.after.file = Set(Side::kNew).layer(0).file;
  Tell(std::move(change));
}

void Differ::CompareSettings() {
  const Settings &before = Set(Side::kOld).settings(), &after = Set(Side::kNew).settings();
  auto ordered = [&](const char* name, auto a, auto b, bool greater_is_stricter, auto text) {
    if (a == b) return;
    TellSetting(greater_is_stricter ? b < a : a < b, std::string(name) + ": " + text(a) + " -> " + text(b));
  };
  auto index = [](auto... names) {
    return [names...](auto value) {
      const char* list[] = {names...};
      return std::string(list[static_cast<size_t>(value)]);
    };
  };
  ordered("workspace.mode", before.workspace_mode, after.workspace_mode, true, index("direct", "copy-on-write"));
  ordered("workspace.apply", before.apply, after.apply, true, index("auto", "review", "never"));
  ordered("workspace.executable", before.executable, after.executable, false, index("no", "yes"));
  ordered("jail.tier", before.tier, after.tier, true, index("landlock", "namespace", "oci", "microvm"));
  auto by = [](const std::optional<LimitsBy>& limits) {
    return std::string(!limits ? "the host's own" : *limits == LimitsBy::kProcess ? "process" : "cgroup");
  };
  ordered("jail.limits", before.limits_by, after.limits_by, true, by);
  auto number = [](const std::optional<uint64_t>& value) { return value ? std::to_string(*value) : "the host's own"; };
  ordered("workspace.trash.keep (ms)", before.trash.keep_ms, after.trash.keep_ms, true, number);
  ordered("workspace.trash.max (bytes)", before.trash.max_bytes, after.trash.max_bytes, false, number);
  // Which of two file systems shows more is not seen here, so it counts as more.
  if (before.root != after.root) TellSetting(true, "jail.root: " + before.root + " -> " + after.root);
  ordered("inside.no-rule", before.inside.no_rule, after.inside.no_rule, false, index("forbid", "allow"));
  ordered("inside.approve", before.inside.approve, after.inside.approve, false, index("forbid", "ask"));
}

void Differ::CompareEnvironment() {
  if (!run_) return;
  std::vector<std::string> names = Set(Side::kOld).settings().environment_pass;
  for (const std::string& name : Set(Side::kNew).settings().environment_pass)
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  const Case plain = *run_;
  for (const std::string& name : names) {
    Case one = plain;
    one.call.environment = {{name, "1"}};
    one.shown = name + "=1 " + plain.shown;
    Try(one, "environment");
  }
}

// A text that the old policy blacked out and the new one shows.
void Differ::CompareRedactions() {
  for (const bool widened : {true, false}) {
    const PolicySet &from = Set(widened ? Side::kOld : Side::kNew), &other = Set(widened ? Side::kNew : Side::kOld);
    std::vector<std::string> kept;
    for (const auto& layer : other.layers())
      for (const Redaction& redaction : layer->redact) kept.push_back(redaction.find);
    for (const auto& layer : from.layers())
      for (const Redaction& redaction : layer->redact) {
        if (std::ranges::find(kept, redaction.find) != kept.end()) continue;
        Words words(Alphabet::kArgument);
        const uint32_t wanted = words.Holding(redaction.find);
        std::vector<uint32_t> all{wanted};
        for (const std::string& find : kept) all.push_back(words.Holding(find));
        std::ranges::sort(all);
        all.erase(std::unique(all.begin(), all.end()), all.end());
        const WordClasses& classes = words.Classes(all);
        const WordClass* shown = nullptr;
        for (const WordClass& one : classes.classes) {
          const bool alone = static_cast<size_t>(std::ranges::count(one.fits, true)) == 1 &&
                             one.fits[static_cast<size_t>(std::ranges::find(all, wanted) - all.begin())];
          auto finds = [&](const std::string& find) { return RE2::PartialMatch(one.word, RE2(find, RE2::Quiet)); };
          if (shown == nullptr && alone && finds(redaction.find) && std::ranges::none_of(kept, finds)) shown = &one;
        }
        if (shown == nullptr && classes.partial && widened)
          Unseen("redact " + redaction.id + ": whether another rule of the new policy finds all that it found");
        if (shown == nullptr) continue;
        Change change;
        change.matter = "redact";
        change.widened = widened;
        change.what = "a text as `" + ForTerminal(shown->word) + "` was " + (widened ? "" : "not ") + "taken out by " +
                      (widened ? redaction.id : "any rule") + " and is " + (widened ? "shown" : "not shown");
        change.profiles = {""};
        Verdict& verdict = widened ? change.before : change.after;
        verdict = {Level::kForbid, redaction.id, LayerName(layer->layer), layer->file, redaction.where, ""};
        (widened ? change.after : change.before).level = Level::kAuto;
        Tell(std::move(change));
      }
  }
}

// Trees that jails show or let be written follow from `under` rules, whatever calls name.
void Differ::CompareView() {
  const ViewRules before = ViewOf(Set(Side::kOld), kWorkspace), after = ViewOf(Set(Side::kNew), kWorkspace);
  auto trees = [](const ViewRules& view, bool writable) {
    std::vector<std::string> out = writable ? view.writable : std::vector<std::string>();
    if (!writable)
      for (const ViewRules::Source& source : view.sources) out.push_back(source.path);
    return out;
  };
  for (const bool writable : {false, true})
    for (const bool widened : {true, false})
      for (const std::string& tree : trees(widened ? after : before, writable)) {
        const std::vector<std::string> other = trees(widened ? before : after, writable);
        if (std::ranges::any_of(other, [&](const std::string& above) { return IsUnder(tree, above); })) continue;
        TellSetting(widened, std::string("jails ") + (widened ? "" : "no longer ") +
                                 (writable ? "let programs write " : "show ") + tree);
      }
}

}  // namespace warder::policy::analyse
