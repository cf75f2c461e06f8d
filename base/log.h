// The daemons' own log: lines on stderr for people who run the host. Never argv, paths of users or
// content: those belong to the audit log. Two implementations, chosen at link time: log_plain.cc
// (write(2) alone, for privileged and static programs) and log_spdlog.cc (library warder_log).
#pragma once

#include <algorithm>
#include <string_view>

namespace warder {

// Prefixes every later line; the text must outlive the process.
void SetLogName(const char* name);
void LogInfo(std::string_view words);
void LogWarning(std::string_view words);
void LogError(std::string_view words);
// One log line for each line of the text, which is otherwise escaped into one.
inline void LogLines(void (*log)(std::string_view), std::string_view text) {
  for (size_t end; !text.empty(); text.remove_prefix(std::min(end + 1, text.size())))
    log(text.substr(0, end = std::min(text.find('\n'), text.size())));
}

}  // namespace warder
