// Does one argument fit one element of a pattern?
#include <re2/re2.h>

#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/text.h"
#include "policy/match.h"

namespace warder::policy {
namespace {

constexpr size_t kMaxFlagText = 256;   // 1-policy: kind TEXT
constexpr size_t kMaxHostBytes = 253;  // RFC 1035, 2.3.4, without the last dot

// Compiled once for each text and process: a policy is a plain value and carries no automata. Only
// texts out of policies come here, so it is bounded by them; a process that reads many policies
// starts over.
std::shared_ptr<const RE2> Compiled(const std::string& text) {
  constexpr size_t kMaxKept = 20'000;
  static std::mutex mutex;
  static std::unordered_map<std::string, std::shared_ptr<const RE2>> kept;
  std::lock_guard lock(mutex);
  auto found = kept.find(text);
  if (found != kept.end()) return found->second;
  if (kept.size() >= kMaxKept) kept.clear();
  RE2::Options options;
  options.set_log_errors(false);
  return kept.emplace(text, std::make_shared<const RE2>(text, options)).first->second;
}

bool IsHost(std::string_view word) {
  if (word.empty() || word.size() > kMaxHostBytes || word[0] == '.') return false;
  return word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
         std::string_view::npos;
}

bool IsValue(FlagValue kind, std::string_view value) {
  if (value.empty()) return false;
  if (kind == FlagValue::kInt) return ParseDecimal(value).has_value();
  if (kind == FlagValue::kText) return value.size() <= kMaxFlagText;
  return kind != FlagValue::kNone;  // a path
}

std::string List(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size() && i < 12; ++i) out += (i > 0 ? ", `" : "`") + ForTerminal(words[i]) + "`";
  return words.size() > 12 ? out + ", …" : out;
}

std::string DescribeFlag(const Flag& flag) {
  constexpr const char* kKinds[] = {"", "INT", "TEXT", "READ", "WRITE", "DELETE"};
  std::string kind = kKinds[static_cast<size_t>(flag.value)];
  switch (flag.form) {
    case FlagForm::kExact:
      return flag.text;
    case FlagForm::kBundle:
      return "-[" + flag.text + "]";
    case FlagForm::kSeparate:
      return flag.text + " " + kind;
    case FlagForm::kGlued:
      return flag.text + kind;
  }
  return flag.text;
}

}  // namespace

bool FitsWord(const Element& element, const std::string& word, bool after_dashes) {
  const bool free_text = !word.empty() && (word[0] != '-' || after_dashes);
  switch (element.kind) {
    case ElementKind::kWords:
      for (const std::string& one : element.words)
        if (one == word) return true;
      return false;
    case ElementKind::kRegex:
      return free_text && RE2::FullMatch(word, *Compiled(element.regex));
    case ElementKind::kText:
      return free_text && word.size() <= element.high;
    case ElementKind::kInt: {
      std::optional<uint64_t> value = ParseDecimal(word, element.high);
      return value && *value >= element.low;
    }
    case ElementKind::kPath:
      return free_text;
    case ElementKind::kHost:
      return free_text && IsHost(word);
    case ElementKind::kFlags:
    case ElementKind::kRest:
      return false;  // they take more than one argument a time
  }
  return false;
}

std::string ProblemOf(const Element& element) {
  if (element.kind != ElementKind::kRegex) return {};
  std::shared_ptr<const RE2> regex = Compiled(element.regex);
  return regex->ok() ? "" : "its regular expression is not usable: " + regex->error();
}

size_t FlagWords(const Flag& flag, const std::vector<std::string>& argv, size_t at) {
  std::string_view word = argv[at];
  switch (flag.form) {
    case FlagForm::kExact:
      return word == flag.text ? 1 : 0;
    case FlagForm::kBundle:
      return word.size() > 1 && word[0] == '-' && word[1] != '-' &&
                     word.find_first_not_of(flag.text, 1) == std::string_view::npos
                 ? 1
                 : 0;
    case FlagForm::kSeparate: {
      if (word != flag.text || at + 1 >= argv.size()) return 0;
      // A value that looks like an option may be read as one: some options take a value only when
      // glued.
      const std::string& value = argv[at + 1];
      return IsValue(flag.value, value) && value[0] != '-' ? 2 : 0;
    }
    case FlagForm::kGlued:
      return word.starts_with(flag.text) && IsValue(flag.value, word.substr(flag.text.size())) ? 1 : 0;
  }
  return 0;
}

std::string DescribeElement(const Element& element) {
  switch (element.kind) {
    case ElementKind::kWords:
      return (element.words.size() > 1 ? "one of " : "") + List(element.words);
    case ElementKind::kRegex:
      return "an argument that fits /" + ForTerminal(element.regex) + "/";
    case ElementKind::kText:
      return "a text of 1 to " + std::to_string(element.high) + " bytes";
    case ElementKind::kInt:
      return "a number from " + std::to_string(element.low) + " to " + std::to_string(element.high);
    case ElementKind::kPath:
      return std::string("a path to ") + ActName(element.act);
    case ElementKind::kHost:
      return "a host name";
    case ElementKind::kRest:
      return "any arguments";
    case ElementKind::kFlags: {
      std::vector<std::string> flags;
      for (const Flag& flag : element.flags) flags.push_back(DescribeFlag(flag));
      return "a flag of " + List(flags);
    }
  }
  return "nothing";
}

}  // namespace warder::policy
