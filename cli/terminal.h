// How does `warder` speak to a person? Errors, colour, tables; never raw bytes of an agent.
//
// Colour only where the descriptor is a terminal and NO_COLOR (no-color.org) is not set. Whatever an agent
// or its programs wrote goes through ForTerminal (base/text.h) before it is shown to a person.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace warder::cli {

enum class Colour : uint8_t { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue };

// The text in this colour for that descriptor, or the text alone.
std::string Paint(int fd, Colour colour, std::string_view text);

// "warder: what failed: why; what to do" on stderr.
void PrintError(const Error& error);
// PrintError, and the exit code that fits: kMisuse for input, kFinding for a no, kHostCould for the rest.
int Trouble(const Error& error);
// A line on stderr that is no error: "warder: …".
void Say(std::string_view words);
// Writes to stdout; what a closed pipe does not take is lost, as with any tool.
void Print(std::string_view text);

// Text that an agent or its programs wrote: as it is for a pipe, made safe for a terminal on stdout.
std::string ForReader(std::string_view text);

// Text of which a host made the parts safe already: made safe again for a person, a backslash stays one. Text that
// nobody escaped is as harmless, only not unambiguous.
std::string SafeText(std::string_view text, bool keep_lines = false);

// "1 agent", "2 agents"; `many` where an s does not make the plural.
std::string Counted(size_t count, std::string_view one, std::string_view many = {});

// Columns padded to their widest cell, two spaces between; the first row is the head. No trailing blanks.
std::string Table(const std::vector<std::vector<std::string>>& rows);

}  // namespace warder::cli
