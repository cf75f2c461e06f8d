// How does a line reach stderr from a program that links nothing?
#include <sys/uio.h>
#include <unistd.h>

#include <string>

#include "base/log.h"
#include "base/text.h"

namespace warder {
namespace {
const char* g_name = "warder";

void Line(const char* level, std::string_view words) {
  std::string line = std::string(g_name) + ": " + level + ForTerminal(words) + "\n";
  [[maybe_unused]] ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
}
}  // namespace

void SetLogName(const char* name) { g_name = name; }
void LogInfo(std::string_view words) { Line("", words); }
void LogWarning(std::string_view words) { Line("warning: ", words); }
void LogError(std::string_view words) { Line("error: ", words); }

}  // namespace warder
