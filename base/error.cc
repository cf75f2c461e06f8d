// How does an error read, and how does a program end that can not go on?
#include "base/error.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace warder {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not-found";
    case Code::kDenied:
      return "denied";
    case Code::kConflict:
      return "conflict";
    case Code::kLimit:
      return "limit";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kSystem:
      return "system";
  }
  return "unknown";
}

std::string Error::ToString() const { return remedy.empty() ? what : what + "; " + remedy; }

std::unexpected<Error> FailErrno(int error_number, std::string_view what) {
  // strerrordesc_np(3): no locale, no buffer, safe in a static program.
  const char* words = strerrordesc_np(error_number);
  std::string text(what);
  text += ": ";
  text += words != nullptr ? words : "unknown error";
  return std::unexpected<Error>(Error{Code::kSystem, std::move(text), {}});
}

std::unexpected<Error> FailErrno(std::string_view what) { return FailErrno(errno, what); }

void CheckFailed(const char* file, int line, const char* words) {
  char text[512];
  int size = std::snprintf(text, sizeof text, "warder: bug: %s:%d: %s\n", file, line, words);
  if (size > 0) {
    size_t length = static_cast<size_t>(size) < sizeof text ? static_cast<size_t>(size) : sizeof text - 1;
    [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, text, length);
  }
  std::abort();
}

}  // namespace warder
