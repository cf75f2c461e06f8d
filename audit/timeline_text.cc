// How is a timeline shown: a table for people, an array for machines?
#include <array>

#include "audit/json.h"
#include "audit/timeline.h"
#include "base/text.h"

namespace warder::audit {
namespace {

constexpr size_t kColumns = 6;
using Row = std::array<std::string, kColumns + 1>;  // the last one, what was asked, is not padded
constexpr const char* kTitles[kColumns + 1] = {"TIME UTC", "AGENT", "CALL", "LEVEL", "ENDED", "TOOK", "ASKED"};

// Columns that ASKED needs beside the others; with fewer it stands below them.
constexpr size_t kLeastAsked = 32;
constexpr size_t kMostLines = 6;  // of one entry

size_t Width(std::string_view text) {
  size_t width = 0;
  for (char c : text) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return width;
}

// At most `width` characters, with an ellipsis where some are left out.
std::string Cut(const std::string& text, size_t width) {
  if (width == 0 || Width(text) <= width) return text;
  size_t at = 0, seen = 0;
  while (at < text.size() && seen + 1 < width) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++seen;
  }
  return text.substr(0, at) + "…";
}

// Lines of at most `width` characters, broken at blanks where there are some; after the last one
// that is shown, an ellipsis.
std::vector<std::string> Wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < kMostLines) {
    size_t end = 0, seen = 0, blank = 0;
    while (end < text.size() && seen < width) {
      if (text[end] == ' ') blank = end;
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
      ++seen;
    }
    if (end < text.size() && text[end] != ' ' && blank > 0) end = blank;
    lines.emplace_back(text.substr(0, end));
    lines.back().erase(lines.back().find_last_not_of(' ') + 1);
    text.remove_prefix(std::min(text.find_first_not_of(' ', end), text.size()));
  }
  if (!text.empty()) lines.back() = Cut(lines.back() + std::string(width, ' '), width);
  return lines;
}

std::string Took(const TimelineEntry& entry) {
  if (!entry.duration_ms || entry.call == 0) return "";
  uint64_t ms = *entry.duration_ms;
  if (ms < 10'000) return std::to_string(ms) + " ms";
  return std::to_string(ms / 1000) + " s";
}

std::string EndedText(const TimelineEntry& entry) {
  if (entry.ended == "exited") return "exit " + std::to_string(entry.code.value_or(-1));
  if (entry.ended == "signaled") return "signal " + std::to_string(entry.code.value_or(-1));
  return entry.ended;
}

std::string ApprovalText(const TimelineEntry& entry) {
  std::string out = entry.approval;
  if (!entry.approver.empty()) out += " by " + entry.approver;
  if (entry.waited_ms > 0) out += " after " + std::to_string((entry.waited_ms + 500) / 1000) + " s";
  return out;
}

// "rule FILE:LINE"; what decides without a rule has no place.
std::string RuleText(const TimelineEntry& entry) {
  std::string out = entry.rule;
  if (!entry.file.empty() && entry.line > 0)
    out += " " + entry.file.substr(entry.file.rfind('/') + 1) + ":" + std::to_string(entry.line);
  return out;
}

std::string AskedText(const TimelineEntry& entry) {
  std::string out = entry.call == 0 ? entry.asked : entry.tool + (entry.asked.empty() ? "" : " " + entry.asked);
  if (!entry.rule.empty()) out += "  [" + RuleText(entry) + "]";
  if (!entry.approval.empty()) out += "  " + ApprovalText(entry);
  if (entry.ended == "refused" && !entry.why.empty()) out += "  " + entry.why;
  if (!entry.detail.empty()) out += "  " + entry.detail;
  if (!entry.undo.empty()) out += "  (undo: " + entry.undo + ")";
  return out;
}

const char* ColourOf(const TimelineEntry& entry) {
  if (entry.call == 0) return "2";
  if (entry.ended == "refused") return "31";
  if (entry.ended == "exited" && entry.code == 0) return "32";
  if (entry.ended == "done") return "32";
  if (entry.ended == "running" || entry.ended == "waiting") return "36";
  return "33";
}

Row RowOf(const TimelineEntry& entry) {
  std::string day = entry.time.size() >= 23 ? entry.time.substr(0, 10) + " " + entry.time.substr(11, 12) : entry.time;
  Row row{day,
          entry.agent + (entry.session != 0 ? "/" + std::to_string(entry.session) : ""),
          entry.call != 0 ? std::to_string(entry.call) : "",
          entry.level,
          EndedText(entry),
          Took(entry),
          AskedText(entry)};
  // Nothing that an agent, a person or a file said reaches the terminal as it is.
  for (std::string& cell : row) cell = ForTerminal(cell);
  return row;
}

}  // namespace

std::string RenderTimeline(const std::vector<TimelineEntry>& entries, const RenderOptions& options) {
  std::vector<Row> rows;
  for (const TimelineEntry& entry : entries) rows.push_back(RowOf(entry));
  // In a narrow place the day stands once, above its rows.
  std::string day;
  std::vector<std::string> days(rows.size());
  for (size_t i = 0; i < rows.size() && options.width > 0; ++i) {
    std::string own = rows[i][0].substr(0, std::min<size_t>(10, rows[i][0].size()));
    if (own != day) days[i] = day = own;
    if (rows[i][0].size() >= 19) rows[i][0] = rows[i][0].substr(11, 8);
  }
  size_t widths[kColumns] = {}, left = 0;
  for (size_t c = 0; c < kColumns; ++c) {
    widths[c] = Width(kTitles[c]);
    for (const Row& row : rows) widths[c] = std::max(widths[c], Width(row[c]));
    left += widths[c] + 2;
  }
  const bool below = options.width > 0 && left + kLeastAsked > options.width;
  const size_t indent = below ? 4 : left;
  auto block = [&](auto&& cell) {
    std::string head;
    for (size_t c = 0; c < kColumns; ++c) head += cell(c) + std::string(widths[c] - Width(cell(c)) + 2, ' ');
    if (options.width == 0) return head + cell(kColumns);
    std::vector<std::string> lines = Wrapped(cell(kColumns), options.width > indent ? options.width - indent : 1);
    if (below) head.erase(head.find_last_not_of(' ') + 1);
    std::string out = Cut(head, options.width);
    if (!below && !lines.empty()) out += lines.front();
    for (size_t i = below ? 0 : 1; i < lines.size(); ++i) out += "\n" + std::string(indent, ' ') + lines[i];
    return out;
  };
  auto painted = [&](const char* colour, const std::string& text) {
    return options.colour ? std::string("\x1b[") + colour + "m" + text + "\x1b[0m\n" : text + "\n";
  };
  std::string out = painted("1", block([](size_t c) { return std::string(kTitles[c]); }));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!days[i].empty()) out += painted("1", Cut(days[i], options.width));
    out += painted(ColourOf(entries[i]), block([&](size_t c) { return rows[i][c]; }));
  }
  return out;
}

std::string RenderCall(const TimelineEntry& entry, bool colour) {
  Row row = RowOf(entry);
  auto line = [](const char* name, const std::string& text) {
    std::string shown = name;
    return shown + std::string(9 - shown.size(), ' ') + ForTerminal(text) + "\n";
  };
  const std::string asked = "call " + std::to_string(entry.call) + ": " + ForTerminal(entry.tool + " " + entry.asked);
  std::string out = colour ? "\x1b[1m" + asked + "\x1b[0m\n" : asked + "\n";
  out += line("asked", "by " + row[1] + " at " + row[0] + " UTC" +
                           (entry.reason.empty() ? "" : "; in its own words: " + entry.reason));
  if (!entry.level.empty())
    out += line("decided", entry.level + " by " + RuleText(entry) + (entry.why.empty() ? "" : ": " + entry.why));
  if (!entry.approval.empty()) out += line("person", ApprovalText(entry));
  const std::string took = Took(entry);
  return out + line("ended", EndedText(entry) + (took.empty() ? "" : " after " + took) +
                                 (entry.detail.empty() ? "" : ": " + entry.detail) +
                                 (entry.undo.empty() ? "" : "; in the trash: " + entry.undo));
}

std::string TimelineJson(const std::vector<TimelineEntry>& entries) {
  Json out = Json::array();
  for (const TimelineEntry& entry : entries) {
    Json item{{"seq", std::to_string(entry.seq)},
              {"time", entry.time},
              {"agent", entry.agent},
              {"tool", entry.tool},
              {"asked", entry.asked},
              {"level", entry.level},
              {"rule", entry.rule},
              {"file", entry.file},
              {"line", entry.line},
              {"why", entry.why},
              {"reason", entry.reason},
              {"approval", entry.approval},
              {"approver", entry.approver},
              {"waited_ms", entry.waited_ms},
              {"ended", entry.ended},
              {"undo", entry.undo}};
    item["call"] = entry.call != 0 ? Json(std::to_string(entry.call)) : Json(nullptr);
    item["session"] = entry.session != 0 ? Json(std::to_string(entry.session)) : Json(nullptr);
    item["code"] = entry.code ? Json(*entry.code) : Json(nullptr);
    item["duration_ms"] = entry.duration_ms ? Json(*entry.duration_ms) : Json(nullptr);
    out.push_back(std::move(item));
  }
  return Canonical(out);
}

}  // namespace warder::audit
