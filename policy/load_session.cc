// What may `session` say: which circuit breakers stop an agent?
#include "base/text.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

// Counts of tokens are larger than others.
constexpr uint64_t kMostCounted = 1'000'000'000'000;

void ReadMax(Reading& reading, const YamlNode& node, Breaker& breaker) {
  breaker.max = reading.Count(node, kMostCounted).value_or(1);
}
void ReadMaxTime(Reading& reading, const YamlNode& node, Breaker& breaker) {
  breaker.max = reading.Duration(node).value_or(1);
}
void ReadPer(Reading& reading, const YamlNode& node, Breaker& breaker) {
  breaker.per_ms = reading.Duration(node).value_or(1);
}
void ReadWithinLast(Reading& reading, const YamlNode& node, Breaker& breaker) {
  breaker.within_last = reading.Count(node, 1000).value_or(1);
}
void ReadAbove(Reading& reading, const YamlNode& node, Breaker& breaker) {
  const std::string_view text = node.text;
  if (node.kind == YamlKind::kScalar && text.ends_with('%')) {
    auto share = ParseDecimal(text.substr(0, text.size() - 1), 99);
    if (share && *share > 0) {
      breaker.above_percent = static_cast<uint32_t>(*share);
      return;
    }
  }
  reading.Problem(node.where, (node.kind == YamlKind::kScalar ? Quote(node.text) : "a list or map") + " is not a share",
                  "write 1% to 99%, as 85%");
}

constexpr KeyRule<Breaker> kCounted[] = {{"max", Need::kRequired, ReadMax, "`max: 500`"}};
constexpr KeyRule<Breaker> kTimed[] = {{"max", Need::kRequired, ReadMaxTime, "`max: 4h`"}};
constexpr KeyRule<Breaker> kSliding[] = {{"max", Need::kRequired, ReadMax, "`max: 60`"},
                                         {"per", Need::kRequired, ReadPer, "`per: 1m`"}};
constexpr KeyRule<Breaker> kSame[] = {{"max", Need::kRequired, ReadMax, "`max: 3`"},
                                      {"within-last", Need::kRequired, ReadWithinLast, "`within-last: 10`"}};
constexpr KeyRule<Breaker> kSimilar[] = {{"above", Need::kRequired, ReadAbove, "`above: 85%`"},
                                         {"max", Need::kRequired, ReadMax, "`max: 5`"},
                                         {"within-last", Need::kRequired, ReadWithinLast, "`within-last: 10`"}};

template <BreakerKind kind, size_t N>
void ReadBreaker(Reading& reading, const YamlNode& node, const KeyRule<Breaker> (&table)[N], Draft& draft) {
  Breaker breaker;
  breaker.kind = kind;
  breaker.where = node.where;
  ReadMap(reading, node, BreakerName(kind), table, breaker);
  if (breaker.within_last > 0 && breaker.max > breaker.within_last)
    reading.Problem(node.where, "a breaker that never trips", "write `max` no greater than `within-last`");
  draft.policy.session.push_back(breaker);
}

template <BreakerKind kind>
void Sliding(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadBreaker<kind>(reading, node, kSliding, draft);
}
void Calls(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadBreaker<BreakerKind::kCalls>(reading, node, kCounted, draft);
}
void Duration(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadBreaker<BreakerKind::kDuration>(reading, node, kTimed, draft);
}
void SameCall(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadBreaker<BreakerKind::kSameCall>(reading, node, kSame, draft);
}
void SimilarCall(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadBreaker<BreakerKind::kSimilarCall>(reading, node, kSimilar, draft);
}

constexpr KeyRule<Draft> kSession[] = {
    {"calls", Need::kOptional, Calls, ""},
    {"duration", Need::kOptional, Duration, ""},
    {"rate", Need::kOptional, Sliding<BreakerKind::kRate>, ""},
    {"failures", Need::kOptional, Sliding<BreakerKind::kFailures>, ""},
    {"denied", Need::kOptional, Sliding<BreakerKind::kDenied>, ""},
    {"same-call", Need::kOptional, SameCall, ""},
    {"deletes", Need::kOptional, Sliding<BreakerKind::kDeletes>, ""},
    {"similar-call", Need::kOptional, SimilarCall, ""},
    {"tokens", Need::kOptional, Sliding<BreakerKind::kTokens>, ""},
};

}  // namespace

void ReadSession(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "session", kSession, draft);
  if (node.kind == YamlKind::kMap && node.keys.empty())
    reading.Problem(node.where, "a `session` without breakers", "write at least one, or take the key out");
}

}  // namespace warder::policy
