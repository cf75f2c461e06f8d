// How is text from outside shown, quoted, and read as numbers?
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace warder {
namespace {

// One code point from the front of bytes; its length, or 0 where the front is not UTF-8.
size_t Decode(std::string_view bytes, uint32_t& code_point) {
  auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint8_t lead = at(0);
  if (lead < 0x80) {
    code_point = lead;
    return 1;
  }
  size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < size) return 0;
  code_point = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
    code_point = code_point << 6 | (at(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code_point < kSmallest[size] || code_point > 0x10ffff) return 0;
  if (code_point >= 0xd800 && code_point <= 0xdfff) return 0;
  return size;
}

// Unicode 15, DerivedCoreProperties.txt, Default_Ignorable_Code_Point; and what is no part of it
// but hides as well.
constexpr struct {
  uint32_t first, last;
} kHidden[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

constexpr auto kPlainInShell = [] {
  std::array<bool, 256> plain{};
  for (char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"))
    plain[static_cast<uint8_t>(c)] = true;
  return plain;
}();
bool IsPlainInShell(char c) { return kPlainInShell[static_cast<uint8_t>(c)]; }

}  // namespace

bool IsHiddenCharacter(uint32_t code_point) {
  for (const auto& range : kHidden)
    if (code_point >= range.first && code_point <= range.last) return true;
  return false;
}

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out;
  int high = -1;
  for (char c : hex) {
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    if (high < 0) {
      high = digit;
    } else {
      out += static_cast<char>(high << 4 | digit);
      high = -1;
    }
  }
  return out;
}

bool IsUtf8(std::string_view bytes) {
  uint32_t code_point = 0;
  while (!bytes.empty()) {
    size_t size = Decode(bytes, code_point);
    if (size == 0) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

std::string ForTerminal(std::string_view bytes, bool keep_lines) {
  std::string out;
  char form[16];
  // Most text shows itself.
  size_t plain = 0;
  while (plain < bytes.size() && bytes[plain] >= ' ' && bytes[plain] < 0x7f && bytes[plain] != '\\') ++plain;
  out.append(bytes.substr(0, plain));
  bytes.remove_prefix(plain);
  while (!bytes.empty()) {
    uint32_t c = 0;
    size_t size = Decode(bytes, c);
    if (size == 0) {
      std::snprintf(form, sizeof form, "\\x%02x", static_cast<unsigned>(static_cast<uint8_t>(bytes[0])));
      out += form;
      size = 1;
    } else if (c == '\n' || c == '\t') {
      out += keep_lines ? std::string(1, static_cast<char>(c)) : c == '\n' ? "\\n" : "\\t";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (IsHiddenCharacter(c)) {
      std::snprintf(form, sizeof form, c < 0x80 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned>(c));
      out += form;
    } else {
      out.append(bytes.substr(0, size));
    }
    bytes.remove_prefix(size);
  }
  return out;
}

std::string ShellQuote(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, IsPlainInShell)) return std::string(word);
  std::string out = "'";
  for (char c : word) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::string SizeText(uint64_t bytes) {
  if (bytes >= 10ull << 30) return std::to_string(bytes >> 30) + " GiB";
  if (bytes >= 1ull << 20) return std::to_string(bytes >> 20) + " MiB";
  if (bytes >= 1ull << 10) return std::to_string(bytes >> 10) + " KiB";
  return std::to_string(bytes) + " B";
}

std::optional<uint64_t> ParseDecimal(std::string_view text, uint64_t max) {
  if (text.empty() || text.size() > 20 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    uint64_t digit = static_cast<uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (value > max) return std::nullopt;
  return value;
}

}  // namespace warder
