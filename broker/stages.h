// How long each stage of a call took, for its outcome record.
#pragma once

#include <chrono>
#include <string>

#include "audit/client.h"

namespace warder::broker {

class Stages {
 public:
  explicit Stages(std::chrono::steady_clock::time_point begun) : last_(begun) {}
  // The time since the last mark.
  void Mark(const char* name) {
    auto now = std::chrono::steady_clock::now();
    body_.Decimal(name,
                  static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_).count()));
    last_ = now;
  }
  void Add(const char* name, uint64_t ns) {
    body_.Decimal(name, ns);
    last_ = std::chrono::steady_clock::now();
  }
  std::string AsJson() { return body_.Take(); }

 private:
  std::chrono::steady_clock::time_point last_;
  audit::Body body_;
};

}  // namespace warder::broker
