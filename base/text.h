// Text that crosses a trust line: hex, UTF-8, and what a terminal may be shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warder {

std::string Hex(std::string_view bytes);
// Lower-case hex of even length; anything else is nothing.
std::optional<std::string> FromHex(std::string_view hex);

// RFC 3629: no surrogates, no overlong forms, at most U+10FFFF.
bool IsUtf8(std::string_view bytes);

// Whether a reader does not see the character, or sees others in another place for it: controls,
// bidi controls, and what Unicode has shown as nothing (Default_Ignorable_Code_Point), line and
// paragraph separators.
bool IsHiddenCharacter(uint32_t code_point);

// Text that does to a terminal nothing but show itself: C0 and C1 controls, DEL, bidi controls
// (CVE-2021-42574), characters that show as nothing and bytes that are not UTF-8 become \n, \t,
// \xNN or \u{NNNN}; a backslash becomes \\ so that the form is unambiguous. With keep_lines, \n and
// \t stay.
std::string ForTerminal(std::string_view bytes, bool keep_lines = false);

// One argv word as a POSIX shell reads it back: bare where it is plain, else in single quotes.
std::string ShellQuote(std::string_view word);

// A number of bytes for people, cut down to the unit: "512 MiB", "900 KiB", "12 B". GiB from 10 on.
std::string SizeText(uint64_t bytes);

// Decimal without sign or leading zero, no more than max; anything else is nothing.
std::optional<uint64_t> ParseDecimal(std::string_view text, uint64_t max = UINT64_MAX);

}  // namespace warder
