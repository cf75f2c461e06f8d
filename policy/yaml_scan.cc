// Which bytes never reach the YAML parser?
#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "policy/yaml.h"

namespace warder::policy {
namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t size = 0;  // 0: the bytes are not UTF-8
};

CodePoint FirstOf(std::string_view bytes) {
  auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1};
  size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || bytes.size() < size || !IsUtf8(bytes.substr(0, size))) return {};
  uint32_t value = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) value = value << 6 | (at(i) & 0x3fu);
  return {value, size};
}

std::string Named(uint32_t code_point) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string digits;
  for (int shift = code_point > 0xffff ? 20 : 12; shift >= 0; shift -= 4) digits += kDigits[code_point >> shift & 15];
  return "U+" + digits;
}

// What a reader of the file does not see, or sees in another order than a parser (CVE-2021-42574).
const char* WhyHidden(uint32_t c) {
  if (c == 0) return "a NUL character";
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return "a control character";
  if (c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
    return "a character that changes the direction of text";
  if (c == 0x2028 || c == 0x2029) return "a line separator";
  return IsHiddenCharacter(c) ? "a character that can not be seen" : nullptr;
}

class Scan {
 public:
  explicit Scan(std::string_view bytes) : bytes_(bytes) {}

  std::optional<LoadProblem> Run() {
    for (size_t at = 0; at < bytes_.size();) {
      if (column_ == 1)
        if (auto problem = LineStart(bytes_.substr(at))) return problem;
      CodePoint c = FirstOf(bytes_.substr(at));
      if (auto problem = Character(c)) return problem;
      at += c.size;
      column_ += static_cast<uint32_t>(c.size);
      if (c.value == '\n') {
        ++line_;
        column_ = 1;
      }
    }
    return std::nullopt;
  }

 private:
  LoadProblem At(std::string what, std::string remedy) const {
    return {{line_, column_}, std::move(what), std::move(remedy)};
  }

  std::optional<LoadProblem> Character(CodePoint c) const {
    if (c.size == 0) return At("bytes that are not UTF-8", "save the file as UTF-8");
    if (c.value == '\n') return std::nullopt;
    if (c.value == '\t') return At("a tab", "write spaces; inside double quotes write \\t");
    if (c.value == '\r') return At("a carriage return", "end lines with LF alone");
    if (c.value == 0xfeff && line_ == 1 && column_ == 1)
      return At("a byte order mark", "save the file as UTF-8 without one");
    if (const char* why = WhyHidden(c.value)) return At(std::string(why) + " (" + Named(c.value) + ")", "take it out");
    return std::nullopt;
  }

  // Directives and document marks. YAML gives both a meaning only at the left margin; content
  // there, inside a quoted scalar that goes over several lines, is refused too: it is no loss.
  std::optional<LoadProblem> LineStart(std::string_view rest) {
    std::string_view text = rest.substr(0, rest.find('\n'));
    if (text.starts_with('%'))
      return At("a directive (" + ForTerminal(text.substr(0, 32)) + ")", "take the line out: policies need none");
    bool mark = text.starts_with("---") || text.starts_with("...");
    bool ends = text.size() == 3 || (text.size() > 3 && text[3] == ' ');
    if (mark && ends) {
      bool first = text == "---" && !content_seen_;
      content_seen_ = true;
      if (!first)
        return At("a second document, or the mark of one (" + std::string(text.substr(0, 3)) + ")",
                  "write one document a file; `---` may only stand alone on the first line");
      return std::nullopt;
    }
    size_t at = text.find_first_not_of(' ');
    if (at != std::string_view::npos && text[at] != '#') content_seen_ = true;
    return std::nullopt;
  }

  std::string_view bytes_;
  uint32_t line_ = 1, column_ = 1;
  bool content_seen_ = false;
};

}  // namespace

std::optional<LoadProblem> ScanYamlBytes(std::string_view bytes) {
  if (bytes.size() > limits::kMaxPolicyBytes)
    return LoadProblem{{1, 1},
                       "a file of " + std::to_string(bytes.size()) + " bytes",
                       "at most " + std::to_string(limits::kMaxPolicyBytes) + " are read"};
  if (auto problem = Scan(bytes).Run()) return problem;
  // yaml-cpp 0.7 adds them to a block text that stands last.
  const size_t start = bytes.rfind('\n') + 1;
  if (start < bytes.size() && bytes.find_first_not_of(' ', start) == std::string_view::npos) {
    const auto lines = static_cast<uint32_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    return LoadProblem{{lines + 1, 1}, "a last line of blanks alone", "take them out"};
  }
  return std::nullopt;
}

std::string InQuotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

std::optional<std::string> HiddenCharacter(std::string_view text) {
  while (!text.empty()) {
    CodePoint c = FirstOf(text);
    if (c.size == 0) return "bytes that are not UTF-8";
    const char* why = c.value == '\n' || c.value == '\t' ? nullptr : WhyHidden(c.value);
    if (why != nullptr) return std::string(why) + " (" + Named(c.value) + ")";
    text.remove_prefix(c.size);
  }
  return std::nullopt;
}

}  // namespace warder::policy
