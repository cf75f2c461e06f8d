// Which rules say exactly what these parts are, and which say more where more was asked for? See build.h.
#include "policy/learn/build.h"

#include <algorithm>

#include "base/text.h"
#include "policy/layer_index.h"

namespace warder::policy::learn {
namespace {

constexpr const char* kAsked = "asked_with_reason";  // the action of commands that were refused without a reason

struct Slot {
  ElementKind kind = ElementKind::kWords;
  std::set<std::string> words;
  Act act = Act::kRead;
  uint64_t low = 0, high = 0;
  auto operator<=>(const Slot&) const = default;
};

struct Draft {
  std::vector<Slot> slots;
  Level level = Level::kForbid;
  bool reason = false;
  std::vector<size_t> grants;
  std::string stands_for, widened_as;
  auto Order() const { return std::tie(slots, level, reason); }
};

std::string Shown(const Slot& slot) {
  switch (slot.kind) {
    case ElementKind::kInt:
      return "{int: " + std::to_string(slot.low) + ".." + std::to_string(slot.high) + "}";
    case ElementKind::kPath:
      return std::string("{path: ") + ActName(slot.act) + "}";
    default:
      break;
  }
  if (slot.words.size() == 1) return ShellQuote(*slot.words.begin());
  std::string out;
  for (const std::string& word : slot.words) out += (out.empty() ? "[" : ", ") + ShellQuote(word);
  return out + "]";
}

std::string Shown(const std::vector<Slot>& slots) {
  std::string out;
  for (const Slot& slot : slots) out += (out.empty() ? "" : " ") + Shown(slot);
  return out;
}

std::string KeyOf(const Draft& draft, size_t skip = SIZE_MAX) {
  std::string key = std::string(LevelName(draft.level)) + (draft.reason ? "!" : "");
  for (size_t i = 0; i < draft.slots.size(); ++i) {
    const Slot& slot = draft.slots[i];
    key += "|" + std::to_string(static_cast<int>(slot.kind));
    if (i == skip) continue;
    key += ActName(slot.act) + std::to_string(slot.low) + "-" + std::to_string(slot.high);
    for (const std::string& word : slot.words) key += "," + std::to_string(word.size()) + ":" + word;
  }
  return key;
}

class Builder {
 public:
  Builder(const std::vector<Grant>& grants, const LearnTerms& terms, const std::set<std::string>& blocked)
      : grants_(grants), terms_(terms), blocked_(blocked) {}

  Built Build(const std::set<std::string>& variables) {
    Policy& policy = out_.policy;
    policy.id = terms_.id;
    policy.layer = terms_.layer;
    policy.description = "Learned from an audit log. Read each rule before it is used.";
    policy.workspace.mode = WorkspaceMode::kDirect;
    if (!variables.empty()) {
      policy.environment_pass.emplace(variables.begin(), variables.end());
      Made& made = out_.rules["environment"];
      made.kind = "environment";
      made.level = Level::kAuto;
      made.stands_for = "any value of these variables, in any call";
      for (const std::string& name : variables) made.says += (made.says.empty() ? "" : ", ") + name;
    }
    Exec();
    Paths();
    Actions();
    return std::move(out_);
  }

 private:
  bool Wants(Widen widen) const { return terms_.widen.contains(widen); }
  bool Live(size_t g, PartKind kind) const { return !grants_[g].dropped && grants_[g].part.kind == kind; }

  // ---- commands
  void Exec() {
    for (size_t g = 0; g < grants_.size(); ++g) {
      if (!Live(g, PartKind::kCommand)) continue;
      Draft draft;
      for (const std::string& word : grants_[g].part.argv) draft.slots.push_back({ElementKind::kWords, {word}});
      draft.level = grants_[g].level;
      draft.reason = grants_[g].reason;
      draft.grants = {g};
      drafts_.push_back(std::move(draft));
      NameProgram(grants_[g].part);
    }
    if (Wants(Widen::kPaths)) WidenBy(Widen::kPaths);
    if (Wants(Widen::kNumbers)) WidenBy(Widen::kNumbers);
    while (Merge()) {
    }
    std::ranges::sort(drafts_, [](const Draft& a, const Draft& b) { return a.Order() < b.Order(); });
    for (const Draft& draft : drafts_) Rule(draft);
    out_.policy.has_exec = !drafts_.empty();
  }

  void NameProgram(const Part& part) {
    if (part.file.empty()) return;
    std::vector<Program>& programs = out_.policy.programs;
    if (std::ranges::find(programs, part.argv[0], &Program::name) != programs.end()) return;
    Program program;
    program.name = part.argv[0];
    program.declared = true;
    program.paths = {part.file};
    program.sha256 = part.sha256;
    programs.push_back(std::move(program));
  }

  // The slot in the place of word i, where it can be one.
  std::optional<Slot> Wider(Widen widen, const Draft& draft, size_t i) const {
    const Slot& slot = draft.slots[i];
    if (i == 0 || slot.kind != ElementKind::kWords) return std::nullopt;
    Slot wide;
    if (widen == Widen::kPaths) {
      const std::optional<Act>& act = grants_[draft.grants[0]].part.paths[i];
      if (!act) return std::nullopt;
      wide.kind = ElementKind::kPath;
      wide.act = *act;
      return wide;
    }
    const auto number = ParseDecimal(*slot.words.begin());
    if (!number) return std::nullopt;
    wide.kind = ElementKind::kInt;
    wide.low = wide.high = *number;
    return wide;
  }

  // Drafts alike but for words that can be wider become one, where there are enough. A word that is the same in all of
  // them stays.
  void WidenBy(Widen widen) {
    std::map<std::string, std::vector<size_t>> alike;
    for (size_t d = 0; d < drafts_.size(); ++d) {
      Draft shape = drafts_[d];
      bool any = false;
      for (size_t i = 0; i < shape.slots.size(); ++i)
        if (auto wide = Wider(widen, drafts_[d], i)) {
          wide->low = wide->high = 0;
          shape.slots[i] = *wide;
          any = true;
        }
      if (any) alike[KeyOf(shape)].push_back(d);
    }
    std::set<size_t> gone;
    std::vector<Draft> made;
    for (const auto& [key, members] : alike) {
      const std::string name = std::string(WidenName(widen)) + key;
      if (members.size() < terms_.least || blocked_.contains(name)) continue;
      made.push_back(Join(widen, members));
      made.back().widened_as = name;
      gone.insert(members.begin(), members.end());
    }
    for (size_t d = 0; d < drafts_.size(); ++d)
      if (!gone.contains(d)) made.push_back(std::move(drafts_[d]));
    drafts_ = std::move(made);
  }

  Draft Join(Widen widen, const std::vector<size_t>& members) {
    Draft joined = drafts_[members[0]];
    for (size_t m = 1; m < members.size(); ++m)
      joined.grants.insert(joined.grants.end(), drafts_[members[m]].grants.begin(), drafts_[members[m]].grants.end());
    for (size_t i = 1; i < joined.slots.size(); ++i) {
      const auto first = Wider(widen, drafts_[members[0]], i);
      const bool same =
          std::ranges::all_of(members, [&](size_t m) { return drafts_[m].slots[i] == drafts_[members[0]].slots[i]; });
      if (!first || same) continue;
      Slot wide = *first;
      std::set<std::string> seen;
      for (size_t m : members) {
        seen.insert(*drafts_[m].slots[i].words.begin());
        const auto one = Wider(widen, drafts_[m], i);
        wide.low = std::min(wide.low, one->low);
        wide.high = std::max(wide.high, one->high);
      }
      const std::string what =
          widen == Widen::kPaths
              ? std::string("any path that the path rules let be ") + (wide.act == Act::kRead    ? "read"
                                                                       : wide.act == Act::kWrite ? "written"
                                                                                                 : "deleted")
              : "any number from " + std::to_string(wide.low) + " to " + std::to_string(wide.high);
      joined.stands_for += (joined.stands_for.empty() ? "" : "; ") + std::string("argument ") + std::to_string(i) +
                           ": " + what + " (" + std::to_string(seen.size()) + " seen)";
      joined.slots[i] = std::move(wide);
    }
    return joined;
  }

  // Drafts that differ in one list of words become one: the same calls fit. True where there were any.
  bool Merge() {
    const size_t before = drafts_.size();
    size_t longest = 0;
    for (const Draft& draft : drafts_) longest = std::max(longest, draft.slots.size());
    for (size_t p = longest; p-- > 1;) {
      std::map<std::string, size_t> first;
      std::vector<Draft> kept;
      for (Draft& draft : drafts_) {
        const bool may =
            draft.widened_as.empty() && p < draft.slots.size() && draft.slots[p].kind == ElementKind::kWords;
        auto [at, fresh] = may ? first.try_emplace(KeyOf(draft, p), kept.size()) : std::pair(first.end(), true);
        if (fresh) {
          kept.push_back(std::move(draft));
          continue;
        }
        Draft& into = kept[at->second];
        into.slots[p].words.insert(draft.slots[p].words.begin(), draft.slots[p].words.end());
        into.grants.insert(into.grants.end(), draft.grants.begin(), draft.grants.end());
      }
      drafts_ = std::move(kept);
    }
    return drafts_.size() < before;
  }

  // Ids are made of the program's name; whatever else is in it does not reach them.
  std::string FreshId(std::string_view from) {
    std::string id;
    for (char c : from.substr(0, 40)) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (good && (!id.empty() || c > '9'))
        id += c;
      else if (!id.empty() && !id.ends_with('-'))
        id += '-';
    }
    while (id.ends_with('-')) id.pop_back();
    if (id.empty() || id.starts_with("no-")) id = "run" + (id.empty() ? "" : "-" + id);
    std::string whole = id;
    for (size_t n = 2; out_.rules.contains(whole); ++n) whole = id + "-" + std::to_string(n);
    return whole;
  }

  void Rule(const Draft& draft) {
    ExecRule rule;
    rule.id = FreshId(BaseName(*draft.slots[0].words.begin()));
    rule.level = draft.level;
    if (draft.reason) rule.action = kAsked;
    if (draft.level == Level::kApprove)
      rule.why = "A person was asked each time in the log. Look at the whole command.";
    for (const Slot& slot : draft.slots) {
      Element element;
      element.kind = slot.kind;
      element.words.assign(slot.words.begin(), slot.words.end());
      if (slot.kind != ElementKind::kWords) element.words.clear();
      element.low = slot.low;
      element.high = slot.high;
      element.act = slot.act;
      rule.argv.push_back(std::move(element));
    }
    Made made{"exec", Shown(draft.slots), draft.stands_for, draft.level, draft.grants, draft.widened_as};
    if (draft.reason) require_reason_.insert(kAsked);
    out_.rules.emplace(rule.id, std::move(made));
    out_.policy.exec.push_back(std::move(rule));
  }

  // ---- paths
  struct Granted {
    std::string path;
    std::vector<size_t> grants;
  };

  static std::string DirectoryOf(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "" : path.substr(0, slash);
  }

  void Paths() {
    // By level and act, each path once.
    std::map<std::pair<Level, Act>, std::map<std::string, std::vector<size_t>>> all;
    for (size_t g = 0; g < grants_.size(); ++g)
      if (Live(g, PartKind::kPath)) all[{grants_[g].level, grants_[g].part.act}][grants_[g].part.path].push_back(g);
    for (auto& [key, paths] : all) {
      if (Wants(Widen::kTrees)) Directories(Widen::kTrees, key, paths);
      if (Wants(Widen::kFolders)) Directories(Widen::kFolders, key, paths);
    }
    if (Wants(Widen::kWorkspace)) WholeWorkspace();
    // Paths of the same level and the same acts share a rule.
    std::map<Level, std::map<std::string, std::pair<uint8_t, std::vector<size_t>>>> by_level;
    for (const auto& [key, paths] : all)
      for (const auto& [path, grants] : paths) {
        auto& [may, from] = by_level[key.first][path];
        may = static_cast<uint8_t>(may | ActBit(key.second));
        from.insert(from.end(), grants.begin(), grants.end());
      }
    for (const auto& [level, paths] : by_level)
      for (uint8_t may = 1; may < 8; ++may) {
        std::vector<std::string> globs;
        std::vector<size_t> grants;
        for (const auto& [path, said] : paths) {
          if (said.first != may) continue;
          globs.push_back(path);
          grants.insert(grants.end(), said.second.begin(), said.second.end());
        }
        if (!globs.empty()) PathRuleOf(level, may, std::move(globs), std::move(grants), {}, {});
      }
    out_.policy.has_paths = !out_.policy.paths.empty();
  }

  void Directories(Widen widen, std::pair<Level, Act> key, std::map<std::string, std::vector<size_t>>& paths) {
    std::map<std::string, std::vector<std::string>> by_directory;
    for (const auto& [path, grants] : paths)
      if (std::string directory = DirectoryOf(path); !directory.empty()) by_directory[directory].push_back(path);
    for (const auto& [directory, files] : by_directory) {
      const std::string name = std::string(WidenName(widen)) + LevelName(key.first) + ActName(key.second) + directory;
      const bool tree = widen == Widen::kTrees;
      if (files.size() < terms_.least || blocked_.contains(name)) continue;
      std::vector<size_t> grants;
      std::erase_if(paths, [&](const auto& one) {
        const bool in = tree ? IsUnder(one.first, directory) : DirectoryOf(one.first) == directory;
        if (in) grants.insert(grants.end(), one.second.begin(), one.second.end());
        return in;
      });
      if (grants.empty()) continue;  // of a tree that holds it
      PathRuleOf(key.first, ActBit(key.second), {directory + (tree ? "/**" : "/*")}, std::move(grants),
                 std::string(tree ? "everything below " : "every name in ") + directory + " (" + Counted(files.size()) +
                     " seen there)",
                 name);
    }
  }
  static std::string Counted(size_t files) { return std::to_string(files) + (files == 1 ? " path" : " paths"); }

  void WholeWorkspace() {
    Level level = Level::kForbid;
    std::vector<size_t> grants;
    for (size_t g = 0; g < grants_.size(); ++g)
      if (Live(g, PartKind::kCommand)) {
        level = std::min(level, grants_[g].level);
        grants.push_back(g);
      }
    if (level == Level::kForbid || blocked_.contains("workspace")) return;
    PathRuleOf(level, ActBit(Act::kRead), {"${workspace}/**"}, std::move(grants),
               "every file of the workspace, also those that come later", "workspace");
  }

  void PathRuleOf(Level level, uint8_t may, std::vector<std::string> globs, std::vector<size_t> grants,
                  std::string stands_for, std::string widened_as) {
    std::string acts;
    for (Act act : {Act::kRead, Act::kWrite, Act::kDelete})
      if ((may & ActBit(act)) != 0) acts += (acts.empty() ? "" : "-") + std::string(ActName(act));
    PathRule rule;
    rule.id = FreshId("path-" + acts + "-" + LevelName(level));
    rule.level = level;
    if (level == Level::kApprove) rule.why = "A person was asked each time in the log. Look at the path.";
    rule.may = may;
    std::string says = acts + ":";
    for (const std::string& glob : globs) says += " " + ShellQuote(glob);
    rule.match = std::move(globs);
    out_.rules.emplace(
        rule.id, Made{"path", std::move(says), std::move(stands_for), level, std::move(grants), std::move(widened_as)});
    out_.policy.paths.push_back(std::move(rule));
  }

  // ---- actions of tools: what was not seen is forbidden
  void Actions() {
    Profile profile;
    profile.name = "learned";
    profile.otherwise = Level::kForbid;
    for (size_t g = 0; g < grants_.size(); ++g) {
      if (!Live(g, PartKind::kAction)) continue;
      const Grant& grant = grants_[g];
      profile.actions.emplace_back(grant.part.action, grant.level);
      if (grant.reason) require_reason_.insert(grant.part.action);
      out_.rules.emplace(grant.part.action, Made{"action", grant.part.action, {}, grant.level, {g}, {}});
    }
    if (require_reason_.contains(kAsked)) profile.actions.emplace_back(kAsked, Level::kAuto);
    std::ranges::sort(profile.actions);
    out_.policy.require_reason.assign(require_reason_.begin(), require_reason_.end());
    out_.policy.default_profile = profile.name;
    out_.policy.profiles.push_back(std::move(profile));
  }

  const std::vector<Grant>& grants_;
  const LearnTerms& terms_;
  const std::set<std::string>& blocked_;
  std::vector<Draft> drafts_;
  std::set<std::string> require_reason_;
  Built out_;
};

}  // namespace

Built BuildRules(const std::vector<Grant>& grants, const std::set<std::string>& variables, const LearnTerms& terms,
                 const std::set<std::string>& blocked) {
  return Builder(grants, terms, blocked).Build(variables);
}

}  // namespace warder::policy::learn
