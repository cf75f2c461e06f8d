// What does this record say, with its values in place?
#include "audit/show.h"

#include <deque>

#include "audit/reader.h"
#include "audit/timeline.h"
#include "base/text.h"

namespace warder::audit {
namespace {

Json WithValues(const Record& record, const Sides& sides) {
  Json out = record.json;
  out["body"] = Joined(record.body(), sides);
  return out;
}

void Lines(const std::string& indent, const Json& object, std::string& out) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object() && !value.empty()) {
      out += indent + key + ":\n";
      Lines(indent + "  ", value, out);
      continue;
    }
    std::string text = value.is_string() ? value.get<std::string>() : Canonical(value);
    out += indent + key + ": " + ForTerminal(text) + "\n";
  }
}

std::string Heading(const Record& record, bool colour) {
  std::string out = "record " + std::to_string(record.seq) + "  " + ForTerminal(record.type);
  if (record.call != 0) out += "  call " + std::to_string(record.call);
  if (record.session != 0) out += "  session " + std::to_string(record.session);
  return colour ? "\x1b[1m" + out + "\x1b[0m\n" : out + "\n";
}

template <typename Render>
Result<std::string> ShowWith(const std::string& directory, const ShowWhat& what, Render render) {
  std::string out;
  LogVisitor visitor;
  visitor.record = [&](const Record& record, const Sides& sides, const std::string& problem) {
    bool wanted = what.seq ? record.seq == *what.seq : what.call && record.call == *what.call && record.call != 0;
    if (wanted && problem.empty()) out += render(record, sides);
    if (wanted && !problem.empty()) out += "record " + std::to_string(record.seq) + ": " + problem + "\n";
    return !what.seq || record.seq < *what.seq;
  };
  WARDER_TRY_STATUS(ReadLog(directory, visitor));
  if (out.empty())
    return Fail(
        Code::kNotFound,
        what.seq ? "no record " + std::to_string(*what.seq) : "no call " + std::to_string(what.call.value_or(0)),
        "`warder audit timeline` lists the calls");
  return out;
}

std::string TailLine(const Record& record, const Sides& sides) {
  std::string time = TextOf(record.json, "time");
  std::string body = Canonical(Joined(record.body(), sides));
  return std::to_string(record.seq) + "  " + ForTerminal(time.substr(0, 23)) + "  " + ForTerminal(record.type) +
         (record.call != 0 ? "  call " + std::to_string(record.call) : "") + "  " + ForTerminal(body) + "\n";
}

}  // namespace

Result<std::string> Show(const std::string& directory, const ShowWhat& what, bool colour) {
  WARDER_TRY(std::string records, ShowWith(directory, what, [&](const Record& record, const Sides& sides) {
               std::string out = Heading(record, colour);
               Lines("  ", WithValues(record, sides), out);
               return out;
             }));
  if (!what.call) return records;
  TimelineOptions only;
  only.call = *what.call;
  WARDER_TRY(std::vector<TimelineEntry> entries, Timeline(directory, only));
  std::string head;
  for (const TimelineEntry& entry : entries) head += RenderCall(entry, colour) + "\n";
  return head + records;
}

Result<std::string> ShowJson(const std::string& directory, const ShowWhat& what) {
  return ShowWith(directory, what,
                  [](const Record& record, const Sides& sides) { return Canonical(WithValues(record, sides)) + "\n"; });
}

Result<std::string> Tail(const std::string& directory, const TailFrom& from, bool json, uint64_t* next_seq) {
  std::deque<std::string> lines;
  uint64_t next = from.from.value_or(0);
  LogVisitor visitor;
  visitor.record = [&](const Record& record, const Sides& sides, const std::string& problem) {
    if (from.from && record.seq < *from.from) return true;
    next = record.seq + 1;
    if (!problem.empty()) {
      lines.push_back(std::to_string(record.seq) + "  unreadable: " + problem + "\n");
    } else {
      lines.push_back(json ? Canonical(WithValues(record, sides)) + "\n" : TailLine(record, sides));
    }
    if (!from.from && lines.size() > from.count) lines.pop_front();
    return true;
  };
  WARDER_TRY_STATUS(ReadLog(directory, visitor));
  if (next_seq != nullptr) *next_seq = next;
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

}  // namespace warder::audit
