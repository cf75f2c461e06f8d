// What warder-config gives back on descriptor 1: one flat message, in a memfd.
#pragma once

#include <cstdint>
#include <string>

namespace warder::wire {

struct ConfigAnswer {
  static constexpr uint8_t kVersion = 1, kType = 110;
  bool ok = false;
  std::string problems;  // "FILE:LINE:COLUMN: what; remedy" lines; why the file is refused
  std::string notes;     // lines of the same form that refuse nothing: programs that are bound to no file
  std::string bytes;     // where ok: a HostPlan or a policy::Policy message
  template <typename F>
  void Fields(F& f) {
    f(ok, problems, notes, bytes);
  }
};

}  // namespace warder::wire
