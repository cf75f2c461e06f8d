// What does an answer of the host say, and which of our errors is its error?
#include "agent/json_rpc.h"

#include "base/limits.h"

namespace warder::agent {
namespace {

using nlohmann::json;

Code CodeOf(int64_t code) {
  switch (code) {
    case -32601:
      return Code::kUnsupported;
    case -32001:
      return Code::kDenied;
    case -32002:
      return Code::kNotFound;
    case -32003:
      return Code::kConflict;
    case -32700:
    case -32600:
    case -32602:
      return Code::kInvalid;
    default:
      return Code::kSystem;
  }
}

}  // namespace

Result<json> ParseObject(std::string_view text) {
  bool deep = false;
  auto depth = [&](int level, json::parse_event_t, json&) {
    deep = deep || level > static_cast<int>(limits::kMaxJsonDepth);
    return !deep;
  };
  json value = json::parse(text, depth, /*allow_exceptions=*/false);
  if (deep) return Fail(Code::kInvalid, "JSON nested deeper than 64");
  if (value.is_discarded()) return Fail(Code::kInvalid, "not JSON");
  if (!value.is_object()) return Fail(Code::kInvalid, "JSON that is not an object");
  return value;
}

std::string Text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

Result<std::string> ResultOf(const json& answer) {
  if (auto result = answer.find("result"); result != answer.end()) return Text(*result);
  auto error = answer.find("error");
  if (error == answer.end() || !error->is_object())
    return Fail(Code::kInvalid, "an answer with neither result nor error");
  auto code = error->find("code");
  auto words = error->find("message");
  std::string what = words != error->end() && words->is_string() ? words->get<std::string>() : "no words";
  // What else helps; a right that is missing is named in the words.
  if (auto data = error->find("data"); data != error->end() && !data->is_null() && !data->contains("right"))
    what += " (" + Text(*data) + ")";
  return Fail(CodeOf(code != error->end() && code->is_number_integer() ? code->get<int64_t>() : 0), what);
}

}  // namespace warder::agent
