// What does this tool call ask for?
#include "broker/decode.h"

#include <algorithm>

#include "audit/base64.h"
#include "audit/client.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "broker/arguments.h"
#include "policy/record/arguments.h"

namespace warder::broker {
namespace {

using nlohmann::json;

// As written to the ledger: with the other records before a run it must fit one message.
constexpr size_t kMaxLoggedArguments = 24 * 1024;

std::string TextOf(const json& arguments, const char* key) {
  auto found = arguments.find(key);
  return found == arguments.end() ? std::string() : found->get<std::string>();
}

bool HasNul(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().find('\0') != std::string::npos;
  for (const json& item : value)
    if (item.is_structured() || item.is_string())
      if (HasNul(item)) return true;
  return false;
}

// Only the arguments `content` and `stdin` may hold NUL: nothing that the kernel takes as a string. A variable of
// that name may not.
bool NulWhereNoneMayBe(const json& arguments) {
  for (const auto& [key, item] : arguments.items())
    if (key != "content" && key != "stdin" && HasNul(item)) return true;
  return false;
}

Status DecodeCommand(const json& arguments, DecodedCall& out) {
  for (const char* key : {"pty", "session"})
    if (arguments.contains(key) && arguments[key] == true)
      return Fail(Code::kUnsupported, std::string(key) + ": not built yet", "leave it out");
  out.line = out.call.opaque_text;
  if (auto timeout = arguments.find("timeout_ms"); timeout != arguments.end())
    out.timeout_ms = timeout->get<uint64_t>();
  if (arguments.contains("stdin")) out.input = TextOf(arguments, "stdin");
  return {};
}

Status DecodeFile(const json& arguments, DecodedCall& out) {
  out.trash_entry = TextOf(arguments, "trash_entry");
  out.base64 = TextOf(arguments, "encoding") == "base64";
  if (arguments.contains("length") && arguments.contains("limit"))
    return Fail(Code::kInvalid, "give length or limit, they mean the same");
  for (const char* key : {"length", "limit"})
    if (auto length = arguments.find(key); length != arguments.end()) out.length = length->get<uint64_t>();
  if (auto offset = arguments.find("offset"); offset != arguments.end()) out.offset = offset->get<uint64_t>();
  if (auto depth = arguments.find("depth"); depth != arguments.end()) out.depth = depth->get<uint32_t>();
  out.line = out.call.path.empty() ? out.trash_entry : out.call.path;
  if (out.call.tool != policy::Tool::kWriteFile) return {};
  out.content = TextOf(arguments, "content");
  if (!out.base64) return {};
  auto bytes = audit::FromBase64(out.content);
  if (!bytes) return Fail(Code::kInvalid, "content: not base64 (RFC 4648, with padding)");
  out.content = std::move(*bytes);
  return {};
}

}  // namespace

Result<DecodedCall> DecodeCall(const CallRequest& request) {
  DecodedCall out;
  out.line = request.tool->name;
  if (auto wrong = CheckArguments(request.tool->input(), request.arguments)) return Fail(Code::kInvalid, *wrong);
  if (NulWhereNoneMayBe(request.arguments)) return Fail(Code::kInvalid, "a NUL character in an argument");
  WARDER_TRY(out.call, policy::CallOf(request.tool->tool, request.arguments));
  if (out.call.tool == policy::Tool::kRunCommand) {
    WARDER_TRY_STATUS(DecodeCommand(request.arguments, out));
  } else if (out.call.tool != policy::Tool::kNone) {
    WARDER_TRY_STATUS(DecodeFile(request.arguments, out));
  }
  return out;
}

std::string ArgumentsForLog(const json& arguments) {
  json shown = arguments;
  if (!shown.is_object()) shown = json::object();
  shown.erase("reason");  // has a field of its own
  for (const char* key : {"content", "stdin"})
    if (auto content = shown.find(key); content != shown.end() && content->is_string()) {
      const auto& bytes = content->get_ref<const std::string&>();
      *content = {{"bytes", bytes.size()}, {"sha256", Hex(AsBytes(HashSha256(bytes)))}};
    }
  std::string text = shown.dump(-1, ' ', false, json::error_handler_t::replace);
  if (audit::JsonFree(text).size() <= kMaxLoggedArguments) return text;
  json cut = {{"bytes", text.size()}, {"sha256", Hex(AsBytes(HashSha256(text)))}, {"begins", text.substr(0, 4096)}};
  return cut.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace warder::broker
