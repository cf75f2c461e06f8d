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

constexpr KeyRule<Breaker> kCounted[] = {
    {"max",
     Need::kRequired,
     ReadMax,
     "`max: 500`",
     {shape::Count<kMostCounted>, "At most so many in the session's life", "500", "", "each counts"}}};
constexpr KeyRule<Breaker> kTimed[] = {{"max",
                                        Need::kRequired,
                                        ReadMaxTime,
                                        "`max: 4h`",
                                        {shape::Duration, "At most this long", "4h", "", "each counts"}}};
constexpr KeyRule<Breaker> kSliding[] = {{"max",
                                          Need::kRequired,
                                          ReadMax,
                                          "`max: 60`",
                                          {shape::Count<kMostCounted>, "At most so many", "60", "", "each counts"}},
                                         {"per",
                                          Need::kRequired,
                                          ReadPer,
                                          "`per: 1m`",
                                          {shape::Duration, "In any span of this length", "1m", "", "each counts"}}};
constexpr KeyRule<Breaker> kSame[] = {
    {"max",
     Need::kRequired,
     ReadMax,
     "`max: 3`",
     {shape::Count<kMostCounted>, "At most so many of the same call", "3", "", "each counts"}},
    {"within-last",
     Need::kRequired,
     ReadWithinLast,
     "`within-last: 10`",
     {shape::Count<1000>, "Among so many last calls", "10", "", "each counts"}}};
constexpr KeyRule<Breaker> kSimilar[] = {
    {"above",
     Need::kRequired,
     ReadAbove,
     "`above: 85%`",
     {shape::Share, "What counts as similar: this share of the words", "85%", "", "each counts"}},
    {"max",
     Need::kRequired,
     ReadMax,
     "`max: 5`",
     {shape::Count<kMostCounted>, "At most so many similar calls", "5", "", "each counts"}},
    {"within-last",
     Need::kRequired,
     ReadWithinLast,
     "`within-last: 10`",
     {shape::Count<1000>, "Among so many last calls", "10", "", "each counts"}}};

Shape CountedShape() { return shape::Map("a count", kCounted); }
Shape TimedShape() { return shape::Map("a length of time", kTimed); }
Shape SlidingShape() { return shape::Map("a sliding count", kSliding); }
Shape SameShape() { return shape::Map("same-call", kSame); }
Shape SimilarShape() { return shape::Map("similar-call", kSimilar); }

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
    {"calls",
     Need::kOptional,
     Calls,
     "",
     {CountedShape, "Calls of a session", "{ max: 500 }", "no bound", "each counts"}},
    {"duration",
     Need::kOptional,
     Duration,
     "",
     {TimedShape, "Length of a session", "{ max: 4h }", "no bound", "each counts"}},
    {"rate",
     Need::kOptional,
     Sliding<BreakerKind::kRate>,
     "",
     {SlidingShape, "Calls of the agent", "{ max: 60, per: 1m }", "no bound", "each counts"}},
    {"failures",
     Need::kOptional,
     Sliding<BreakerKind::kFailures>,
     "",
     {SlidingShape, "Calls that failed", "{ max: 5, per: 5m }", "no bound", "each counts"}},
    {"denied",
     Need::kOptional,
     Sliding<BreakerKind::kDenied>,
     "",
     {SlidingShape, "Calls that were denied", "{ max: 10, per: 5m }", "no bound", "each counts"}},
    {"same-call",
     Need::kOptional,
     SameCall,
     "",
     {SameShape, "The same call again", "{ max: 3, within-last: 10 }", "no bound", "each counts"}},
    {"deletes",
     Need::kOptional,
     Sliding<BreakerKind::kDeletes>,
     "",
     {SlidingShape, "Deleted paths", "{ max: 200, per: 1m }", "no bound", "each counts"}},
    {"similar-call",
     Need::kOptional,
     SimilarCall,
     "",
     {SimilarShape, "Nearly the same call again", "{ above: 85%, max: 5, within-last: 10 }", "no bound",
      "each counts"}},
    {"tokens",
     Need::kOptional,
     Sliding<BreakerKind::kTokens>,
     "",
     {SlidingShape, "Tokens that the agent reports", "{ max: 1000000, per: 1d }", "no bound", "each counts"}},
};

}  // namespace

Shape SessionShape() { return shape::Map("session", kSession); }

void ReadSession(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "session", kSession, draft);
  if (node.kind == YamlKind::kMap && node.keys.empty())
    reading.Problem(node.where, "a `session` without breakers", "write at least one, or take the key out");
}

}  // namespace warder::policy
