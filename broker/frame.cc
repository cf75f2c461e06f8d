// How are lines cut and JSON parsed so that hostile bytes cost little and mean one thing?
#include "broker/frame.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/limits.h"
#include "base/text.h"

namespace warder::broker {
namespace {

using nlohmann::json;

// Looks at every event before a value is built: what is refused here was never in memory as a tree.
class Strict : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Value(); }
  bool boolean(bool) override { return Value(); }
  bool number_integer(number_integer_t) override { return Value(); }
  bool number_unsigned(number_unsigned_t) override { return Value(); }
  bool number_float(number_float_t, const string_t&) override { return Value(); }
  bool string(string_t&) override { return Value(); }
  bool binary(binary_t&) override { return No("binary values are not JSON"); }
  bool start_object(size_t) override { return Open(); }
  bool start_array(size_t) override { return Open(); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    if (name.find('\0') != std::string::npos) return No("a key with a NUL");
    if (!keys_.back().insert(name).second)
      return No("the key \"" + ForTerminal(name).substr(0, 64) + "\" comes twice in one object");
    return true;
  }
  bool parse_error(size_t at, const std::string&, const nlohmann::detail::exception&) override {
    if (why_.empty()) why_ = "not JSON, at byte " + std::to_string(at);
    return false;
  }
  const std::string& why() const { return why_; }

 private:
  bool Value() {
    if (++values_ > limits::kMaxJsonValues)
      return No("more than " + std::to_string(limits::kMaxJsonValues) + " values");
    return true;
  }
  bool Open() {
    if (keys_.size() >= limits::kMaxJsonDepth) return No("nested deeper than " + std::to_string(limits::kMaxJsonDepth));
    keys_.emplace_back();
    return Value();
  }
  bool Close() {
    keys_.pop_back();
    return true;
  }
  bool No(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }

  std::vector<std::set<std::string>> keys_;  // one set a level; arrays have an empty one
  size_t values_ = 0;
  std::string why_;
};

}  // namespace

void LineCutter::Feed(std::string_view bytes) {
  if (start_ > 0 && start_ == buffer_.size()) {
    buffer_.clear();
    start_ = scanned_ = 0;
  }
  buffer_.append(bytes);
}

Result<std::optional<std::string>> LineCutter::Next() {
  size_t end = buffer_.find('\n', scanned_);
  size_t length = (end == std::string::npos ? buffer_.size() : end) - start_;
  if (length > limits::kMaxFrameBytes)
    return Fail(Code::kLimit, "a message of more than " + std::to_string(limits::kMaxFrameBytes) + " bytes");
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    // What was handed out is given back once it is the larger part, so that the copy is paid for.
    if (start_ > buffer_.size() / 2) {
      buffer_.erase(0, start_);
      scanned_ -= start_;
      start_ = 0;
      if (buffer_.empty()) buffer_.shrink_to_fit();
    }
    return std::optional<std::string>();
  }
  std::string line = buffer_.substr(start_, length);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  start_ = scanned_ = end + 1;
  return std::optional<std::string>(std::move(line));
}

Result<json> ParseJson(std::string_view text) {
  if (text.size() > limits::kMaxFrameBytes) return Fail(Code::kLimit, "more than one message may hold");
  // nlohmann takes a NUL for the end of its input, and skips a BOM.
  if (text.find('\0') != std::string_view::npos) return Fail(Code::kInvalid, "a NUL byte");
  if (!IsUtf8(text)) return Fail(Code::kInvalid, "not UTF-8");
  if (text.starts_with("\xef\xbb\xbf")) return Fail(Code::kInvalid, "a byte order mark");
  Strict strict;
  if (!json::sax_parse(text.begin(), text.end(), &strict))
    return Fail(Code::kInvalid, strict.why().empty() ? "not JSON" : strict.why());
  json value = json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) return Fail(Code::kInvalid, "not JSON");
  return value;
}

std::string ToLine(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace warder::broker
