// What are levels, layers and acts called?
#include "policy/policy.h"

namespace warder::policy {

const char* LevelName(Level level) {
  switch (level) {
    case Level::kAuto:
      return "auto";
    case Level::kNotify:
      return "notify";
    case Level::kApprove:
      return "approve";
    case Level::kForbid:
      return "forbid";
  }
  return "forbid";
}

const char* LayerName(LayerKind layer) {
  switch (layer) {
    case LayerKind::kOrg:
      return "org";
    case LayerKind::kTeam:
      return "team";
    case LayerKind::kProject:
      return "project";
    case LayerKind::kWorkspace:
      return "workspace";
    case LayerKind::kSession:
      return "session";
  }
  return "project";
}

const char* ActName(Act act) {
  switch (act) {
    case Act::kRead:
      return "read";
    case Act::kWrite:
      return "write";
    case Act::kDelete:
      return "delete";
  }
  return "delete";
}

const char* GuardName(Guard guard) {
  switch (guard) {
    case Guard::kEnforce:
      return "enforce";
    case Guard::kRecord:
      return "record";
    case Guard::kOff:
      return "off";
  }
  return "enforce";
}

const char* BreakerName(BreakerKind kind) {
  switch (kind) {
    case BreakerKind::kCalls:
      return "calls";
    case BreakerKind::kDuration:
      return "duration";
    case BreakerKind::kRate:
      return "rate";
    case BreakerKind::kFailures:
      return "failures";
    case BreakerKind::kDenied:
      return "denied";
    case BreakerKind::kSameCall:
      return "same-call";
    case BreakerKind::kDeletes:
      return "deletes";
    case BreakerKind::kSimilarCall:
      return "similar-call";
    case BreakerKind::kTokens:
      return "tokens";
  }
  return "calls";
}

bool Span::Holds(const LocalTime& time) const {
  const bool day = first_day <= last_day ? time.weekday >= first_day && time.weekday <= last_day
                                         : time.weekday >= first_day || time.weekday <= last_day;
  return day && time.minute >= from && time.minute < to;
}

}  // namespace warder::policy
