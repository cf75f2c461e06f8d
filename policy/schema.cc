// How are maps read by a table of keys, and problems told?
#include "policy/schema.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace warder::policy {
namespace {

// Edits from one text to the other, a swap of neighbours counting once; both texts short.
size_t Edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string Joined(std::span<const std::string_view> words) {
  std::string all;
  for (std::string_view word : words) {
    if (!all.empty()) all += ", ";
    all += word;
  }
  return all;
}

}  // namespace

std::string DescribeProblems(const std::string& file, const std::vector<LoadProblem>& problems) {
  std::string all;
  for (const LoadProblem& problem : problems) {
    all += file + ":" + std::to_string(problem.where.line) + ":" + std::to_string(problem.where.column) + ": " +
           problem.what;
    if (!problem.remedy.empty()) all += "; " + problem.remedy;
    all += '\n';
  }
  return all;
}

std::string Quote(std::string_view text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return "\"" + ForTerminal(text) + "\"";
  size_t cut = kShown;
  while (cut > 0 && (static_cast<uint8_t>(text[cut]) & 0xc0) == 0x80) --cut;
  return "\"" + ForTerminal(text.substr(0, cut)) + "…\"";
}

std::optional<std::string> Nearest(std::string_view text, std::span<const std::string_view> candidates) {
  constexpr size_t kLongest = 64;  // beyond it nothing is a slip of a known word
  constexpr size_t kShortest = 3;
  if (text.size() > kLongest || text.size() < kShortest) return std::nullopt;
  std::optional<std::string> best;
  size_t fewest = std::max<size_t>(1, text.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kLongest) continue;
    size_t edits = Edits(text, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = std::string(candidate);
    }
  }
  return best;
}

std::string DidYouMean(std::string_view text, std::span<const std::string_view> candidates) {
  if (auto nearest = Nearest(text, candidates)) return "did you mean `" + *nearest + "`?";
  if (candidates.empty()) return "there is none";
  constexpr size_t kListed = 40;
  return "known: " + Joined(candidates.subspan(0, std::min(kListed, candidates.size())));
}

void Reading::Problem(Where where, std::string what, std::string remedy) {
  constexpr size_t kMostProblems = 50;  // a person reads no more; a hostile file must not fill memory
  if (problems_.size() < kMostProblems) problems_.push_back({where, std::move(what), std::move(remedy)});
}

bool Reading::IsMap(const YamlNode& node, std::string_view remedy) {
  if (node.kind == YamlKind::kMap) return true;
  Problem(node.where, node.kind == YamlKind::kList ? "a list where a map belongs" : Quote(node.text) + " is not a map",
          std::string(remedy));
  return false;
}

bool Reading::IsList(const YamlNode& node, std::string_view remedy) {
  if (node.kind == YamlKind::kList) {
    if (!node.items.empty()) return true;
    Problem(node.where, "an empty list", "write at least one entry, or take the key out");
    return false;
  }
  Problem(node.where, node.kind == YamlKind::kMap ? "a map where a list belongs" : Quote(node.text) + " is not a list",
          std::string(remedy));
  return false;
}

std::vector<std::optional<size_t>> MeetKeys(Reading& reading, const YamlNode& node, std::string_view what,
                                            std::span<const KeyNeed> table) {
  if (!reading.IsMap(node, "write " + std::string(what) + " as `key: value` pairs")) return {};
  std::vector<std::optional<size_t>> met(node.keys.size());
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const YamlKey& key = node.keys[i];
    auto rule = std::find_if(table.begin(), table.end(), [&](const KeyNeed& r) { return r.key == key.text; });
    if (rule == table.end()) {
      std::vector<std::string_view> known;
      for (const KeyNeed& r : table)
        if (r.need != Need::kNotBuilt) known.push_back(r.key);
      reading.Problem(key.where, Quote(key.text) + " is not a key of " + std::string(what),
                      DidYouMean(key.text, known));
    } else if (rule->need == Need::kNotBuilt) {
      reading.Problem(key.where, Quote(key.text) + " is not built in this version", std::string(rule->hint));
    } else {
      met[i] = static_cast<size_t>(rule - table.begin());
      if (rule->need == Need::kNoted) reading.used().push_back({std::string(what) + ": " + key.text, key.where});
    }
  }
  for (const KeyNeed& rule : table)
    if (rule.need == Need::kRequired && node.Find(rule.key) == nullptr)
      reading.Problem(node.where, std::string(what) + " without `" + std::string(rule.key) + "`",
                      "write " + std::string(rule.hint));
  return met;
}

}  // namespace warder::policy
