// What does the log say?
#include "audit/reader.h"

#include <fcntl.h>

#include <cerrno>

#include "audit/base64.h"
#include "audit/files.h"
#include "audit/lines.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace warder::audit {
namespace {

bool TakeSideLine(std::string_view line, Sides& sides) {
  if (line.find_first_not_of(' ') == std::string_view::npos) return true;
  // Side lines have a nested {"b64"} at most, and no number.
  auto json = ParseCanonical(line);
  if (!json) return false;
  auto seq = DecimalOf(*json, "seq");
  std::string blob = TextOf(*json, "blob"), free = TextOf(*json, "free");
  // Exactly the fields of its kind: what else stands in a line would be covered by nothing.
  if (!seq || json->size() != (free.empty() ? 3u : 4u)) return false;
  if (free.empty()) {
    auto bytes = FromBase64(TextOf(*json, "b64"));
    return !blob.empty() && bytes && sides.blobs.emplace(blob, BlobLine{std::move(*bytes), *seq}).second;
  }
  SideLine value;
  value.seq = *seq;
  value.blob = blob;
  auto salt = FromHex(TextOf(*json, "salt"));
  if (!salt || salt->size() != 32 || json->contains("value") == !blob.empty()) return false;
  value.salt = *salt;
  if (blob.empty()) {
    const Json& field = (*json)["value"];
    auto bytes = field.is_string() ? std::optional(field.get<std::string>()) : FromBase64(TextOf(field, "b64"));
    if (!bytes || (!field.is_string() && (field.size() != 1 || IsUtf8(*bytes)))) return false;
    value.value = std::move(*bytes);
  }
  return sides.values.emplace(free, std::move(value)).second;
}

Status ReadSegment(int directory, uint64_t first, bool last, const LogVisitor& visitor, bool& more) {
  SegmentEnd end;
  end.first_seq = first;
  end.last = last;
  end.name = SegmentName("log", first);
  UniqueFd fd(openat(directory, end.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return FailErrno(end.name);
  // The log's end before the side file: what is durable here has its values there already.
  std::vector<std::string> lines;
  LineReader reader(fd.get());
  for (;;) {
    WARDER_TRY(auto line, reader.Next());
    if (!line) break;
    lines.emplace_back(*line);
  }
  end.log_end = reader.offset();
  WARDER_TRY(end.log_data_end, DataEnd(fd.get(), end.log_end));
  WARDER_TRY(Sides sides, ReadSides(directory, first, &end));
  uint64_t seq = first;
  for (const std::string& line : lines) {
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
    if (!visitor.record(record, sides, problem)) {
      more = false;
      return {};
    }
  }
  if (visitor.segment_end) more = visitor.segment_end(end, sides);
  return {};
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
  bool more = true;
  for (size_t i = 0; i < segments.size() && more; ++i)
    WARDER_TRY_STATUS(ReadSegment(fd.get(), segments[i], i + 1 == segments.size(), visitor, more));
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
