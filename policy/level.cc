// What are levels and acts called?
#include "policy/policy.h"

namespace warder::policy {

const char* LevelName(Level level) {
  switch (level) {
    case Level::kAuto: return "auto";
    case Level::kNotify: return "notify";
    case Level::kApprove: return "approve";
    case Level::kForbid: return "forbid";
  }
  return "forbid";
}

const char* ActName(Act act) {
  switch (act) {
    case Act::kRead: return "read";
    case Act::kWrite: return "write";
    case Act::kDelete: return "delete";
  }
  return "delete";
}

}  // namespace warder::policy
