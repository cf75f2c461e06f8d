// Which paths does a path rule cover? From globs to automata over components.
#include "policy/analyse/paths.h"

#include <algorithm>

#include "base/glob.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {
namespace {

std::vector<std::string> Components(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t start = path.starts_with('/') ? 1 : 0; start < path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    parts.emplace_back(path.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path.empty() ? "/" : path;
}

// Which sequences make up one rule: covered where one of `fits` accepts and none of `unless`, or one of `above`.
struct Parts {
  std::vector<size_t> fits, unless, above;
};

// A directory or file that a glob names without a wildcard; nothing where it has one.
std::optional<std::string> Plain(std::string glob) {
  if (glob.ends_with("/**")) glob.resize(glob.size() - 3);
  if (glob.contains('*')) return std::nullopt;
  return glob.empty() ? "/" : glob;
}

}  // namespace

std::string WithSymbols(const std::string& text) { return FillIn(text, kWorkspace, kTmp); }

void Paths::AddHints(const PathRule& rule) {
  std::vector<std::string> globs = rule.match;
  globs.insert(globs.end(), rule.unless.begin(), rule.unless.end());
  globs.push_back(rule.under);
  for (const std::string& glob : globs)
    for (const std::string& part : Components(WithSymbols(glob))) {
      if (!part.contains('*')) words_.AddHint(part);
      // `.env.*` is best shown by `.env.local`, `*.key` by `server.key`, `.env*` by `.env`.
      std::string filled = part;
      for (size_t star = filled.find('*'); star != std::string::npos; star = filled.find('*')) {
        const bool last = star + 1 == filled.size(), dot = star > 0 && filled[star - 1] == '.';
        filled.replace(star, 1, star == 0 ? "server" : dot ? "local" : last ? "" : "x");
      }
      if (!filled.empty()) words_.AddHint(filled);
    }
  for (const char* word : {"src", "main.c", "notes.txt"}) words_.AddHint(word);
}

const Sequence& Paths::OfGlob(const std::string& glob, bool under) {
  std::unique_ptr<Sequence>& kept = sequences_[(under ? "u" : "g") + glob];
  if (kept) return *kept;
  kept = std::make_unique<Sequence>();
  std::vector<std::string> parts = Components(glob);
  if (under) parts.push_back("**");
  Graph<SequenceEdge> graph;
  uint32_t at = graph.Add();
  for (const std::string& part : parts) {
    const uint32_t next = graph.Add();
    if (part == "**") {
      graph.Jump(at, next);
      graph.Connect(next, {words_.Any(), 0}, next);
    } else {
      graph.Connect(at, {words_.Component(part), 0}, next);
    }
    at = next;
  }
  graph.states[at].accepts = true;
  kept->graph = graph.WithoutEmpty(0);
  return *kept;
}

// The directories above a path, the root too.
const Sequence& Paths::Above(const std::string& path) {
  std::unique_ptr<Sequence>& kept = sequences_["a" + path];
  if (kept) return *kept;
  kept = std::make_unique<Sequence>();
  uint32_t at = kept->graph.Add();
  for (const std::string& part : Components(path)) {
    kept->graph.states[at].accepts = true;
    const uint32_t next = kept->graph.Add();
    kept->graph.Connect(at, {words_.Literal(part), 0}, next);
    at = next;
  }
  return *kept;
}

bool Paths::Walk(std::span<const PathRule* const> rules, Act act, const std::function<bool(const PathOutcome&)>& show) {
  std::vector<const Sequence*> sequences;
  std::vector<Parts> parts(rules.size());
  auto add = [&](const Sequence& sequence) {
    const auto found = std::ranges::find(sequences, &sequence);
    if (found != sequences.end()) return static_cast<size_t>(found - sequences.begin());
    sequences.push_back(&sequence);
    return sequences.size() - 1;
  };
  for (size_t r = 0; r < rules.size(); ++r) {
    const PathRule& rule = *rules[r];
    if ((rule.may & ActBit(act)) == 0) continue;
    std::vector<std::string> globs;
    for (const std::string& glob : rule.match) globs.push_back(WithSymbols(glob));
    for (const std::string& glob : globs) parts[r].fits.push_back(add(OfGlob(glob, false)));
    if (!rule.under.empty()) parts[r].fits.push_back(add(OfGlob(WithSymbols(rule.under), true)));
    for (const std::string& glob : rule.unless) parts[r].unless.push_back(add(OfGlob(WithSymbols(glob), false)));
    if (act != Act::kDelete || rule.level != Level::kForbid) continue;
    // Deleting a directory deletes what a rule names below it (1-policy, "Semantics").
    if (!rule.under.empty()) globs.push_back(WithSymbols(rule.under));
    for (const std::string& glob : globs) {
      const std::optional<std::string> plain = Plain(glob);
      const bool excepted = plain && std::ranges::any_of(rule.unless, [&](const std::string& unless) {
                              return GlobMatch(WithSymbols(unless), *plain);
                            });
      if (plain && !excepted) parts[r].above.push_back(add(Above(*plain)));
    }
  }
  std::vector<bool> last;
  return analyse::Walk(words_, sequences, Marks::kNo,
                       [&](const Outcome& outcome) {
                         std::vector<bool> fits(sequences.size());
                         for (const Accepted& accepted : outcome.accepted) fits[accepted.sequence] = true;
                         auto any = [&](const std::vector<size_t>& list) {
                           return std::ranges::any_of(list, [&](size_t s) { return fits[s]; });
                         };
                         PathOutcome path{Joined(outcome.words), {}};
                         for (const Parts& rule : parts)
                           path.covers.push_back((any(rule.fits) && !any(rule.unless)) || any(rule.above));
                         return show(path);
                       },
                       {20'000, 128});
}

Paths::FoundPath Paths::Find(std::span<const PathRule* const> in, std::span<const PathRule* const> out, Act act) {
  std::vector<const PathRule*> all(in.begin(), in.end());
  all.insert(all.end(), out.begin(), out.end());
  FoundPath found;
  found.partial = !Walk(all, act, [&](const PathOutcome& outcome) {
    for (size_t i = 0; i < all.size(); ++i)
      if (outcome.covers[i] != (i < in.size())) return true;
    found.path = outcome.path;
    return false;
  });
  if (found.path) found.partial = false;
  return found;
}

}  // namespace warder::policy::analyse
