// What does the log say?
#include "audit/reader.h"

#include <fcntl.h>

#include <cerrno>
#include <future>

#include "audit/base64.h"
#include "audit/files.h"
#include "audit/lines.h"
#include "audit/side_line.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace warder::audit {
namespace {

struct Segment {
  SegmentEnd end;
  std::vector<std::string> lines;
  Sides sides;
};

Result<Segment> LoadSegment(int directory, uint64_t first, bool last) {
  Segment segment;
  SegmentEnd& end = segment.end;
  end.first_seq = first;
  end.last = last;
  end.name = SegmentName("log", first);
  UniqueFd fd(openat(directory, end.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return FailErrno(end.name);
  // The log's end before the side file: what is durable here has its values there already.
  LineReader reader(fd.get());
  for (;;) {
    WARDER_TRY(auto line, reader.Next());
    if (!line) break;
    segment.lines.emplace_back(*line);
  }
  end.log_end = reader.offset();
  WARDER_TRY(end.log_data_end, DataEnd(fd.get(), end.log_end));
  WARDER_TRY(segment.sides, ReadSides(directory, first, &end));
  return segment;
}

// Whether the visitor wants more.
bool VisitSegment(const Segment& segment, const LogVisitor& visitor) {
  uint64_t seq = segment.end.first_seq;
  for (const std::string& line : segment.lines) {
    Record record;
    record.seq = seq++;
    record.line = line;
    std::string problem;
    if (auto json = ParseCanonical(line); json && json->contains("body")) {
      record.json = std::move(*json);
      record.type = TextOf(record.json, "type");
      record.session = DecimalOf(record.json, "session").value_or(0);
      record.call = DecimalOf(record.json, "call").value_or(0);
    } else {
      problem = json ? "a record without a body" : json.error().what;
    }
    if (!visitor.record(record, segment.sides, problem)) return false;
  }
  return !visitor.segment_end || visitor.segment_end(segment.end, segment.sides);
}

}  // namespace

std::optional<std::string> Sides::BytesOf(const Json& field) const {
  auto found = values.find(TextOf(field, "free"));
  if (found == values.end()) return std::nullopt;
  if (found->second.blob.empty()) return found->second.value;
  auto blob = blobs.find(found->second.blob);
  if (blob == blobs.end()) return std::nullopt;
  return blob->second.bytes;
}

std::optional<std::string> Sides::BytesOf(const Json& body, const char* key) const {
  auto found = body.find(key);
  return found == body.end() ? std::nullopt : BytesOf(*found);
}

Result<Sides> ReadSides(int directory, uint64_t first_seq, SegmentEnd* end) {
  Sides sides;
  std::string name = SegmentName("side", first_seq);
  UniqueFd fd(openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return sides;  // all of it was erased
  if (!fd) return FailErrno(name);
  LineReader reader(fd.get());
  for (;;) {
    WARDER_TRY(auto line, reader.Next());
    if (!line) break;
    if (!TakeSideLine(*line, sides))
      sides.problems.push_back(name + ", before byte " + std::to_string(reader.offset()));
  }
  if (end != nullptr) {
    end->side_end = reader.offset();
    WARDER_TRY(end->side_data_end, DataEnd(fd.get(), end->side_end));
  }
  return sides;
}

Status ReadLog(const std::string& directory, const LogVisitor& visitor) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return FailErrno(directory);
  WARDER_TRY(auto segments, ListSegments(fd.get()));
  if (segments.empty())
    return Fail(Code::kNotFound, directory + " holds no audit log", "name the log directory of a host");
  // The next segment is read while this one is visited: nearly half of the time goes to the side files. Where no thread
  // can be had, it is read when it is asked for.
  auto load = [&](size_t i) {
    return std::async(std::launch::async | std::launch::deferred, LoadSegment, fd.get(), segments[i],
                      i + 1 == segments.size());
  };
  std::future<Result<Segment>> next = load(0);
  for (size_t i = 0; i < segments.size(); ++i) {
    WARDER_TRY(const Segment segment, next.get());
    if (i + 1 < segments.size()) next = load(i + 1);
    if (!VisitSegment(segment, visitor)) break;
  }
  return {};
}

Json Joined(const Json& body, const Sides& sides) {
  if (body.is_object() && body.size() == 1 && body.contains("free")) {
    auto found = sides.values.find(TextOf(body, "free"));
    if (found == sides.values.end()) return Json{{"redacted", true}};
    if (!found->second.blob.empty()) return Json{{"blob", found->second.blob}};
    const std::string& value = found->second.value;
    return IsUtf8(value) ? Json(value) : Json{{"b64", Base64(value)}};
  }
  Json out = body;
  if (out.is_structured())
    for (Json& item : out) item = Joined(item, sides);
  return out;
}

}  // namespace warder::audit
