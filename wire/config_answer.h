// ConfigAnswer: what warder-config writes into its answer memfd, once, before it exits with 0.
#pragma once

#include <cstdint>
#include <string>

#include "base/archive.h"

namespace warder::wire {

struct ConfigAnswer {
  static constexpr uint8_t kVersion = 1, kType = 110;
  bool ok = false;
  std::string problems;  // the loader's words, a line each; empty when ok
  std::string bytes;     // an encoded HostPlan or policy::Policy when ok
  template <typename F>
  void Fields(F& f) {
    f(ok, problems, bytes);
  }
};

}  // namespace warder::wire
