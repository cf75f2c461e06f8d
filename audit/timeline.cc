// What happened to each call?
#include "audit/timeline.h"

#include <map>

#include "audit/reader.h"
#include "audit/record.h"
#include "base/text.h"

namespace warder::audit {
namespace {

std::string Joined(const Json& argv) {
  std::string out;
  for (const Json& word : argv)
    out += (out.empty() ? "" : " ") + ShellQuote(word.is_string() ? word.get<std::string>() : Canonical(word));
  return out;
}

// One line out of a call's arguments: the command or the path where there is one, else the JSON
// itself.
std::string AskedLine(const std::string& arguments) {
  auto json = ParseJson(arguments);
  if (!json || !json->is_object()) return arguments;
  if (json->contains("argv") && (*json)["argv"].is_array()) return Joined((*json)["argv"]);
  for (const char* key : {"command", "path", "entry", "call"})
    if (json->contains(key)) {
      const Json& value = (*json)[key];
      return value.is_string() ? value.get<std::string>() : Canonical(value);
    }
  return json->empty() ? "" : arguments;
}

class Builder {
 public:
  explicit Builder(const TimelineOptions& options) : options_(options) {}
  void Take(const Record& record, const Sides& sides);
  std::vector<TimelineEntry> Finish();

 private:
  struct Building {
    TimelineEntry entry;
    int64_t from = 0, to = 0;
    bool intent = false;
  };
  void TakeOfCall(const Record& record, const Sides& sides, TimelineEntry& entry, Building& building);
  void TakeOfHost(const Record& record, const Sides& sides, TimelineEntry& entry);
  const TimelineOptions& options_;
  std::vector<Building> all_;
  std::map<uint64_t, size_t> calls_;      // call -> index
  std::map<uint64_t, std::string> ends_;  // session -> why it ended
};

void Builder::Take(const Record& record, const Sides& sides) {
  if (options_.session && record.session != *options_.session) return;
  if (options_.call && record.call != *options_.call) return;
  bool of_call = record.call != 0;
  auto found = of_call ? calls_.find(record.call) : calls_.end();
  if (found == calls_.end()) {
    TimelineEntry entry;
    entry.seq = record.seq;
    entry.call = record.call;
    entry.session = record.session;
    if (record.json.contains("agent")) entry.agent = TextOf(record.json["agent"], "name");
    entry.time = TextOf(record.json, "time");
    all_.push_back({std::move(entry), ParseRfc3339(TextOf(record.json, "time")).value_or(0), 0, false});
    if (of_call) found = calls_.emplace(record.call, all_.size() - 1).first;
  }
  Building& building = of_call ? all_[found->second] : all_.back();
  if (!of_call) return TakeOfHost(record, sides, building.entry);
  building.to = ParseRfc3339(TextOf(record.json, "time")).value_or(building.to);
  TakeOfCall(record, sides, building.entry, building);
}

void Builder::TakeOfHost(const Record& record, const Sides& sides, TimelineEntry& entry) {
  entry.ended = record.type;
  const Json& body = record.body();
  for (const char* key : {"reason", "workspace", "text"})
    if (auto text = sides.BytesOf(body, key)) entry.asked = *text;
  const std::string object = TextOf(body, "object");
  auto joined = [](std::string text, const char* between, const std::string& more) {
    return more.empty() ? text : text.empty() ? more : text + between + more;
  };
  if (record.type == "admin") {
    const std::string who =
        TextOf(body, "name").empty() ? "uid " + Canonical(body.value("uid", Json())) : TextOf(body, "name");
    entry.asked = joined(joined(TextOf(body, "act"), " ", object) + " by " + who, ": ", entry.asked);
  } else {
    entry.asked = joined(object, ": ", entry.asked);
  }
  if (record.type == "host.recovered") entry.asked = "after a " + TextOf(body, "why");
  if (record.type == "limit")
    entry.asked = TextOf(body, "what") + ": " + SizeText(DecimalOf(body, "free_bytes").value_or(0)) +
                  " left, told under " + SizeText(DecimalOf(body, "warn_bytes").value_or(0));
  if (record.type == "gap")
    entry.asked = TextOf(body, "refused") + " requests were refused unrecorded: " + TextOf(body, "why");
  if (record.type == "session.end") ends_[record.session] = entry.asked;
}

void Builder::TakeOfCall(const Record& record, const Sides& sides, TimelineEntry& entry, Building& building) {
  const Json& body = record.body();
  auto number = [&](const char* key) -> std::optional<int64_t> {
    auto it = body.find(key);
    if (it != body.end() && it->is_number_integer()) return it->get<int64_t>();
    if (auto wide = DecimalOf(body, key)) return static_cast<int64_t>(*wide);
    return std::nullopt;
  };
  if (record.type == "call") {
    entry.tool = TextOf(body, "tool");
    entry.asked = AskedLine(sides.BytesOf(body, "arguments").value_or("(redacted)"));
    entry.reason = sides.BytesOf(body, "reason").value_or("");
  } else if (record.type == "decision") {
    entry.level = TextOf(body, "level");
    entry.rule = TextOf(body, "rule");
    entry.file = TextOf(body, "file");
    entry.line = static_cast<uint64_t>(number("line").value_or(0));
    entry.why = sides.BytesOf(body, "why").value_or("");
  } else if (record.type == "approval.request") {
    entry.approval = "waiting";
  } else if (record.type == "approval.answer") {
    entry.approval = TextOf(body, "answer");
    entry.approver = TextOf(body, "name");
    if (entry.approver.empty()) entry.approver = "uid " + std::to_string(number("uid").value_or(-1));
    entry.waited_ms = static_cast<uint64_t>(number("waited_ms").value_or(0));
  } else if (record.type == "approval.expire") {
    entry.approval = "expired";
    entry.waited_ms = static_cast<uint64_t>(number("waited_ms").value_or(0));
  } else if (record.type == "intent") {
    building.intent = true;
    if (auto what = sides.BytesOf(body, "what")) entry.asked = *what;
  } else if (record.type == "exit" && entry.ended.empty()) {
    entry.ended = TextOf(body, "ended");
    entry.code = number(entry.ended == "signaled" ? "signal" : "code");
  } else if (record.type == "outcome") {
    entry.ended = TextOf(body, "ended");
    entry.code = number(entry.ended == "signaled" ? "signal" : "exit_code");
    if (auto duration = number("duration_ms")) entry.duration_ms = static_cast<uint64_t>(*duration);
    entry.undo = TextOf(body, "trash_entry");
  } else if (record.type == "orphan" && entry.ended.empty()) {
    entry.ended = "orphan";
  }
  for (const char* key : {"detail", "how"})
    if (auto detail = sides.BytesOf(body, key); detail && !detail->empty()) entry.detail = *detail;
}

std::vector<TimelineEntry> Builder::Finish() {
  std::vector<TimelineEntry> out;
  size_t skip = options_.last > 0 && all_.size() > options_.last ? all_.size() - options_.last : 0;
  for (size_t i = skip; i < all_.size(); ++i) {
    TimelineEntry& entry = all_[i].entry;
    if (entry.call != 0 && entry.ended.empty()) {
      bool no = entry.level == "forbid" || entry.approval == "denied" || entry.approval == "expired";
      entry.ended = no ? "refused" : all_[i].intent ? "running" : entry.approval == "waiting" ? "waiting" : "undecided";
    }
    // Of a run that was cut off the session's end says more.
    const bool cut_off = entry.ended == "cancelled" || entry.ended == "lost" || entry.ended == "orphan";
    if (auto end = ends_.find(entry.session); cut_off && end != ends_.end() && entry.detail.empty())
      entry.detail = "the session ended: " + end->second;
    if (entry.call != 0 && !entry.duration_ms && all_[i].to >= all_[i].from)
      entry.duration_ms = static_cast<uint64_t>((all_[i].to - all_[i].from) / 1'000'000);
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

Result<std::vector<TimelineEntry>> Timeline(const std::string& directory, const TimelineOptions& options) {
  Builder builder(options);
  LogVisitor visitor;
  visitor.record = [&](const Record& record, const Sides& sides, const std::string& problem) {
    if (problem.empty() && record.body().is_object()) builder.Take(record, sides);
    return true;
  };
  WARDER_TRY_STATUS(ReadLog(directory, visitor));
  return builder.Finish();
}

}  // namespace warder::audit
