// How trouble is told: an Error value that says what failed, why, and what to do.
//
// A refusal by policy is a value of its own type and never an Error; a bug stops the process
// (WARDER_CHECK). No exception leaves the file that met it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace warder {

enum class Code : uint8_t {
  kInvalid,      // the input is wrong; asking again in the same way fails again
  kNotFound,     // what was named is not there
  kDenied,       // not allowed to do this
  kConflict,     // the world is not in the state that was expected
  kLimit,        // a limit of base/limits.h or of the bounds was met
  kUnavailable,  // a part of the host is not there (ledger shut, broker starting)
  kUnsupported,  // this kernel, file system or build can not
  kSystem,       // a system call failed
};

std::string_view CodeName(Code code);

struct Error {
  Code code = Code::kSystem;
  std::string what;    // what failed and why, one line, no trailing stop
  std::string remedy;  // what the reader can do; empty where nothing is known

  // "what; remedy", for stderr behind "warder: ".
  std::string ToString() const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

[[nodiscard]] inline std::unexpected<Error> Fail(Code code, std::string what, std::string remedy = {}) {
  return std::unexpected<Error>(Error{code, std::move(what), std::move(remedy)});
}

// "what: strerror(errno)" with Code::kSystem; reads errno first.
[[nodiscard]] std::unexpected<Error> FailErrno(std::string_view what);
// The same with an errno value that was kept.
[[nodiscard]] std::unexpected<Error> FailErrno(int error_number, std::string_view what);

// A broken invariant: writes file, line and words to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* words);

}  // namespace warder

#define WARDER_CHECK(condition)                              \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::warder::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

#define WARDER_CONCAT_INNER(a, b) a##b
#define WARDER_CONCAT(a, b) WARDER_CONCAT_INNER(a, b)

// WARDER_TRY(auto fd, Open(path)); declares fd, or returns the Error of Open.
#define WARDER_TRY(declaration, expression) \
  WARDER_TRY_INNER(WARDER_CONCAT(warder_try_, __LINE__), declaration, expression)
#define WARDER_TRY_INNER(result, declaration, expression)         \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)

// WARDER_TRY_STATUS(Write(...)); returns the Error if there is one.
#define WARDER_TRY_STATUS(expression)                                                                                \
  do {                                                                                                               \
    if (auto warder_status = (expression); !warder_status) return std::unexpected(std::move(warder_status).error()); \
  } while (false)
