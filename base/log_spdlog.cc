// How does a line reach stderr from a daemon?
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <string>

#include "base/log.h"
#include "base/text.h"

namespace warder {
namespace {
spdlog::logger& Logger() {
  static std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("warder", std::make_shared<spdlog::sinks::stderr_sink_st>());
    made->set_pattern("%l: %v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}
const char* g_name = "warder";
std::string Line(std::string_view words) { return std::string(g_name) + ": " + ForTerminal(words); }
}  // namespace

void SetLogName(const char* name) { g_name = name; }
void LogInfo(std::string_view words) { Logger().info("{}", Line(words)); }
void LogWarning(std::string_view words) { Logger().warn("{}", Line(words)); }
void LogError(std::string_view words) { Logger().error("{}", Line(words)); }

}  // namespace warder
