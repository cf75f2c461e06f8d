// How is a regular expression taken apart into what its author wrote?
#include "policy/analyse/regex_tokens.h"

#include <algorithm>

namespace warder::policy::lint {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// One past the `]` of a class that begins at `at` (as policy/load_regex.cc reads it).
size_t EndOfClass(std::string_view text, size_t at) {
  size_t i = at + 1;
  if (i < text.size() && text[i] == '^') ++i;
  if (i < text.size() && text[i] == ']') ++i;
  for (; i < text.size() && text[i] != ']'; ++i) {
    if (text[i] == '\\') ++i;
    if (!text.substr(std::min(i, text.size())).starts_with("[:")) continue;
    const size_t end = text.find(":]", i + 2);
    if (end != std::string_view::npos) i = end + 1;
  }
  return std::min(i + 1, text.size());
}

// `{2}`, `{2,}`, `{2,5}` from `at` on; nothing where the brace is a character.
std::optional<Token> Counted(std::string_view text, size_t at) {
  size_t i = at + 1;
  Token token{TokenKind::kQuantifier, {}, 0, false, 0, 0u};
  const auto number = [&](unsigned& value) {
    const size_t from = i;
    for (; i < text.size() && IsDigit(text[i]) && i < from + 4; ++i)
      value = value * 10 + static_cast<unsigned>(text[i] - '0');
    return i > from;
  };
  if (!number(token.low)) return std::nullopt;
  token.high = token.low;
  if (i < text.size() && text[i] == ',') {
    ++i;
    unsigned high = 0;
    token.high = number(high) ? std::optional(high) : std::nullopt;
  }
  if (i >= text.size() || text[i] != '}') return std::nullopt;
  token.text = text.substr(at, i + 1 - at);
  return token;
}

Token Escape(std::string_view text, size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\\';
  size_t end = std::min(at + 2, text.size());
  if ((next == 'p' || next == 'P' || next == 'x') && end < text.size() && text[end] == '{')
    end = std::min(text.find('}', end), text.size() - 1) + 1;
  else if (next == 'p' || next == 'P')
    end = std::min(end + 1, text.size());
  else if (next == 'x')
    end = std::min(end + 2, text.size());
  constexpr std::string_view kClasses = "dDwWsSpPxntrfav01234567";
  if (kClasses.find(next) != std::string_view::npos)
    return {TokenKind::kEscape, text.substr(at, end - at), 0, false, 0, {}};
  return {TokenKind::kLiteral, text.substr(at, end - at), next, false, 0, {}};
}

Token TokenAt(std::string_view text, size_t at) {
  const char c = text[at];
  const std::string_view one = text.substr(at, 1);
  switch (c) {
    case '.':
      return {TokenKind::kDot, one, 0, false, 0, {}};
    case '(':
      return {TokenKind::kOpen, one, 0, false, 0, {}};
    case ')':
      return {TokenKind::kClose, one, 0, false, 0, {}};
    case '|':
      return {TokenKind::kBar, one, 0, false, 0, {}};
    case '*':
      return {TokenKind::kQuantifier, one, 0, false, 0, std::nullopt};
    case '+':
      return {TokenKind::kQuantifier, one, 0, false, 1, std::nullopt};
    case '?':
      return {TokenKind::kQuantifier, one, 0, false, 0, 1u};
    case '\\':
      return Escape(text, at);
    case '[': {
      const size_t end = EndOfClass(text, at);
      return {TokenKind::kClass, text.substr(at, end - at), 0, text.substr(at).starts_with("[^"), 0, {}};
    }
    case '{':
      if (auto counted = Counted(text, at)) return *counted;
      break;
    default:
      break;
  }
  return {TokenKind::kLiteral, one, c, false, 0, {}};
}

// Writes a text for the tokens from `at` on to the end of their branch or group, and stops there.
class Sampler {
 public:
  Sampler(const std::vector<Token>& tokens, std::string_view free) : tokens_(tokens), free_(free) {}

  std::string Branch() {
    std::string out;
    while (at_ < tokens_.size() && tokens_[at_].kind != TokenKind::kClose && tokens_[at_].kind != TokenKind::kBar) {
      const std::string atom = Atom();
      unsigned times = 1;
      if (at_ < tokens_.size() && tokens_[at_].kind == TokenKind::kQuantifier) {
        const Token& quantifier = tokens_[at_++];
        times = std::max(quantifier.low, wide_ ? std::min(1u, quantifier.high.value_or(1)) : 0u);
        if (at_ < tokens_.size() && tokens_[at_].text == "?") ++at_;
      }
      for (unsigned i = 0; i < times; ++i) out += atom;
      wide_ = false;
    }
    return out;
  }

 private:
  std::string Atom() {
    const Token& token = tokens_[at_++];
    if (token.kind == TokenKind::kDot || (token.kind == TokenKind::kClass && token.negated)) {
      wide_ = true;
      return std::string(free_);
    }
    if (token.kind == TokenKind::kOpen) return Group();
    if (token.kind == TokenKind::kLiteral) return std::string(1, token.literal);
    if (token.kind == TokenKind::kEscape) return token.text == "\\d" ? "1" : token.text == "\\s" ? " " : "x";
    // The first of a class: `[` is not it, nor `]` in first place of an odd one.
    const std::string_view inside = token.text.substr(1);
    if (inside.starts_with("[:"))
      return inside.starts_with("[:digit") ? "1" : inside.starts_with("[:upper") ? "X" : "x";
    if (inside.starts_with("\\"))
      return inside.substr(1, 1) == "d" ? "1" : inside.substr(1, 1) == "w" ? "x" : std::string(inside.substr(1, 1));
    return std::string(inside.substr(0, 1));
  }

  std::string Group() {
    const std::string first = Branch();
    unsigned depth = 0;
    for (; at_ < tokens_.size(); ++at_) {  // the other branches
      if (tokens_[at_].kind == TokenKind::kOpen) ++depth;
      if (tokens_[at_].kind == TokenKind::kClose && depth-- == 0) break;
    }
    if (at_ < tokens_.size()) ++at_;
    wide_ = false;
    return first;
  }

  const std::vector<Token>& tokens_;
  std::string_view free_;
  size_t at_ = 0;
  bool wide_ = false;  // the atom just made is one that any character fits
};

}  // namespace

std::vector<Token> Tokens(std::string_view regex) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < regex.size();) {
    tokens.push_back(TokenAt(regex, at));
    at += std::max<size_t>(tokens.back().text.size(), 1);
  }
  return tokens;
}

std::vector<ClassRange> RangesOf(std::string_view class_text) {
  std::vector<ClassRange> ranges;
  for (size_t i = class_text.starts_with("[^") ? 2 : 1; i + 3 < class_text.size(); ++i) {
    if (class_text[i] == '\\') {
      ++i;
      continue;
    }
    if (class_text.substr(i).starts_with("[:")) {
      i = std::min(class_text.find(":]", i), class_text.size() - 1) + 1;
      continue;
    }
    if (class_text[i + 1] != '-' || class_text[i + 2] == '\\' || i + 2 >= class_text.size() - 1) continue;
    ranges.push_back({class_text.substr(i, 3), class_text[i], class_text[i + 2]});
    i += 2;
  }
  return ranges;
}

std::vector<std::string_view> Branches(std::string_view regex) {
  std::vector<std::string_view> branches;
  unsigned depth = 0;
  size_t from = 0;
  for (const Token& token : Tokens(regex)) {
    if (token.kind == TokenKind::kOpen) ++depth;
    if (token.kind == TokenKind::kClose && depth > 0) --depth;
    if (token.kind != TokenKind::kBar || depth > 0) continue;
    const size_t at = static_cast<size_t>(token.text.data() - regex.data());
    branches.push_back(regex.substr(from, at - from));
    from = at + 1;
  }
  branches.push_back(regex.substr(from));
  return branches;
}

std::string SampleOf(std::string_view regex, std::string_view free) {
  const std::vector<Token> tokens = Tokens(regex);
  return Sampler(tokens, free).Branch();
}

}  // namespace warder::policy::lint
