// The pieces of a regular expression as its author wrote them, for the lint to look at slips of the pen.
//
// Reads what policy/load_regex.cc accepts; meant for text that RE2 took. What the language of a regex is, is asked of
// RE2 and of the automata, never of these.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace warder::policy::lint {

enum class TokenKind : uint8_t {
  kLiteral,  // one character, escaped or not
  kDot,
  kClass,       // [...]
  kEscape,      // \d, \w, \s, \pN and the like: a class too
  kOpen,        // (
  kClose,       // )
  kBar,         // |
  kQuantifier,  // * + ? {2,5}, with a lazy ? behind
};

struct Token {
  TokenKind kind = TokenKind::kLiteral;
  std::string_view text;         // as written
  char literal = 0;              // of kLiteral where it is one byte
  bool negated = false;          // of kClass
  unsigned low = 0;              // of kQuantifier
  std::optional<unsigned> high;  // nothing: without an end
};

// Points into the text.
std::vector<Token> Tokens(std::string_view regex);

// A range in a class: `a-z`.
struct ClassRange {
  std::string_view text;
  char low = 0, high = 0;
};
// Those written with plain characters at both ends; escapes are not looked at.
std::vector<ClassRange> RangesOf(std::string_view class_text);

// The branches of the alternation that is not in parentheses; one where there is none.
std::vector<std::string_view> Branches(std::string_view regex);

// A short text that the whole regex may fit, with `free` for what any character fits. RE2 has the last word.
std::string SampleOf(std::string_view regex, std::string_view free = "x");

}  // namespace warder::policy::lint
