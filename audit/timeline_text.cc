// How is a timeline shown: a table for people, an array for machines?
#include <array>

#include "audit/json.h"
#include "audit/timeline.h"
#include "base/text.h"

namespace warder::audit {
namespace {

constexpr size_t kColumns = 6;
using Row = std::array<std::string, kColumns + 1>;  // the last one, what was asked, is not padded
constexpr const char* kTitles[kColumns + 1] = {"TIME",  "AGENT", "CALL", "LEVEL",
                                               "ENDED", "TOOK",  "ASKED"};

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

std::string LevelText(const TimelineEntry& entry) {
  if (entry.approval.empty()) return entry.level;
  std::string out = entry.level + ": " + entry.approval;
  if (!entry.approver.empty()) out += " by " + entry.approver;
  if (entry.waited_ms > 0) out += " after " + std::to_string((entry.waited_ms + 500) / 1000) + " s";
  return out;
}

std::string AskedText(const TimelineEntry& entry) {
  std::string out =
      entry.call == 0 ? entry.asked : entry.tool + (entry.asked.empty() ? "" : " " + entry.asked);
  if (!entry.rule.empty()) {
    out += "  [" + entry.rule;
    if (!entry.file.empty())
      out += " " + entry.file.substr(entry.file.rfind('/') + 1) + ":" + std::to_string(entry.line);
    out += "]";
  }
  if (entry.ended == "refused" && !entry.why.empty()) out += "  " + entry.why;
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
  std::string day = entry.time.size() >= 23
                        ? entry.time.substr(0, 10) + " " + entry.time.substr(11, 12)
                        : entry.time;
  Row row{day,
          entry.agent + (entry.session != 0 ? "/" + std::to_string(entry.session) : ""),
          entry.call != 0 ? std::to_string(entry.call) : "",
          LevelText(entry),
          EndedText(entry),
          Took(entry),
          AskedText(entry)};
  // Nothing that an agent, a person or a file said reaches the terminal as it is.
  for (std::string& cell : row) cell = ForTerminal(cell);
  return row;
}

}  // namespace

std::string RenderTimeline(const std::vector<TimelineEntry>& entries,
                           const RenderOptions& options) {
  std::vector<Row> rows;
  for (const TimelineEntry& entry : entries) rows.push_back(RowOf(entry));
  size_t widths[kColumns] = {};
  for (size_t c = 0; c < kColumns; ++c) {
    widths[c] = Width(kTitles[c]);
    for (const Row& row : rows) widths[c] = std::max(widths[c], Width(row[c]));
  }
  auto line = [&](auto&& cell) {
    std::string out;
    for (size_t c = 0; c < kColumns; ++c) {
      std::string text = cell(c);
      out += text + std::string(widths[c] - Width(text) + 2, ' ');
    }
    return Cut(out + std::string(cell(kColumns)), options.width);
  };
  std::string out = line([](size_t c) { return std::string(kTitles[c]); }) + "\n";
  if (options.colour) out = "\x1b[1m" + out.substr(0, out.size() - 1) + "\x1b[0m\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string text = line([&](size_t c) { return rows[i][c]; });
    if (options.colour) text = std::string("\x1b[") + ColourOf(entries[i]) + "m" + text + "\x1b[0m";
    out += text + "\n";
  }
  return out;
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
