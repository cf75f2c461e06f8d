// What the broker says to the ledger, and how it builds the bodies (docs/formats/audit.md).
//
// One AppendRequest a packet on the ledger's socket, answered by one AppendReply in the order of
// requests. Requests that wait together share one sync, so send without waiting for the answer
// before. All drafts of a request are recorded, in order, or none is. `ok` means durable. A request
// of nothing asks whether a new record would be taken now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "wire/receipt.h"

namespace warder::audit {

struct Draft {
  std::string type;
  uint64_t session = 0;
  uint64_t call = 0;      // 0: none
  std::string body_json;  // a JSON object; Body makes one
  template <typename F>
  void Fields(F& f) {
    f(type, session, call, body_json);
  }
};

struct AppendRequest {
  static constexpr uint8_t kVersion = 1, kType = 120;
  uint64_t request = 0;
  std::vector<Draft> drafts;
  std::string plan;  // exactly the bytes for the jailer, where one draft is an intent; else empty
  template <typename F>
  void Fields(F& f) {
    f(request, drafts, plan);
  }
};

struct AppendReply {
  static constexpr uint8_t kVersion = 1, kType = 121;
  uint64_t request = 0;
  bool ok = false;
  uint8_t code = 0;                      // warder::Code where not ok
  std::string error;                     // why not, with what to do
  std::vector<uint64_t> seqs;            // one a draft, in order
  std::optional<wire::Receipt> receipt;  // of the intent
  template <typename F>
  void Fields(F& f) {
    f(request, ok, code, error, seqs, receipt);
  }
};

// A JSON string, or {"b64": …} where the bytes are not UTF-8. For words of ours and of the policy.
std::string JsonText(std::string_view bytes);
// Free text: {"$free": …} or {"$free_b64": …}. For all that an agent, a person or a file said.
std::string JsonFree(std::string_view bytes);

// Builds a body field by field; a key that comes twice is a bug (the ledger refuses the body).
class Body {
 public:
  Body& Text(std::string_view key, std::string_view value) { return Raw(key, JsonText(value)); }
  Body& Free(std::string_view key, std::string_view value) { return Raw(key, JsonFree(value)); }
  // Whole numbers within ±(2^53-1); wider ones are decimal strings.
  Body& Number(std::string_view key, int64_t value);
  Body& Decimal(std::string_view key, uint64_t value);
  Body& Bool(std::string_view key, bool value) { return Raw(key, value ? "true" : "false"); }
  Body& Null(std::string_view key) { return Raw(key, "null"); }
  // JSON that is already text: another Body's Take(), an array.
  Body& Raw(std::string_view key, std::string_view json);
  std::string Take();

 private:
  std::string out_ = "{";
};

}  // namespace warder::audit
