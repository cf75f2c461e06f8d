// Are windows open when the clock on the wall says so, also where daylight saving begins and ends?
#include <gtest/gtest.h>

#include <chrono>

#include "policy/clocks.h"
#include "policy/zones.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

using namespace std::chrono;

system_clock::time_point Utc(int y, unsigned m, unsigned d, int hour, int minute) {
  return sys_days(year(y) / month(m) / day(d)) + hours(hour) + minutes(minute);
}

std::string Shown(const std::string& zone, system_clock::time_point now) {
  constexpr const char* kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const auto local = LocalTimeIn(zone, now);
  if (!local) return "unknown";
  char text[32];
  snprintf(text, sizeof text, "%s %02d:%02d", kDays[local->weekday], local->minute / 60, local->minute % 60);
  return text;
}

TEST(Windows, LocalTimeAtBothEdgesOfDaylightSaving) {
  const std::string berlin = "Europe/Berlin", new_york = "America/New_York";
  // 2026-03-29 01:00 UTC: 02:00 becomes 03:00.
  EXPECT_EQ(Shown(berlin, Utc(2026, 3, 29, 0, 59)), "Sun 01:59");
  EXPECT_EQ(Shown(berlin, Utc(2026, 3, 29, 1, 0)), "Sun 03:00");
  // 2026-10-25 01:00 UTC: 03:00 becomes 02:00; that hour is there twice.
  EXPECT_EQ(Shown(berlin, Utc(2026, 10, 25, 0, 30)), "Sun 02:30");
  EXPECT_EQ(Shown(berlin, Utc(2026, 10, 25, 0, 59)), "Sun 02:59");
  EXPECT_EQ(Shown(berlin, Utc(2026, 10, 25, 1, 0)), "Sun 02:00");
  EXPECT_EQ(Shown(berlin, Utc(2026, 10, 25, 1, 30)), "Sun 02:30");
  EXPECT_EQ(Shown(new_york, Utc(2026, 3, 8, 6, 59)), "Sun 01:59");
  EXPECT_EQ(Shown(new_york, Utc(2026, 3, 8, 7, 0)), "Sun 03:00");
  EXPECT_EQ(Shown(new_york, Utc(2026, 11, 1, 6, 0)), "Sun 01:00");
  EXPECT_EQ(Shown("UTC", Utc(2026, 11, 1, 6, 0)), "Sun 06:00");
  EXPECT_EQ(Shown("Asia/Kathmandu", Utc(2026, 1, 1, 0, 0)), "Thu 05:45");
  EXPECT_EQ(Shown("Europe/Nowhere", Utc(2026, 1, 1, 0, 0)), "unknown");
  EXPECT_EQ(Shown("../../etc/passwd", Utc(2026, 1, 1, 0, 0)), "unknown");
  EXPECT_EQ(Shown("", Utc(2026, 1, 1, 0, 0)), "unknown");
}

constexpr const char* kPolicy =
    "policy: 1\nlayer: project\nid: t/x\nexec:\n  - { id: restart, level: auto, action: restart, "
    "argv: [svc] }\n"
    "windows:\n  - { id: hours, actions: [restart], outside: SPANS, level: approve }\n";

// What a host tells the time by, each minute of a day and a half around every change of two years, and at its ends.
TEST(Windows, BoundClocksShowWhatTheZonesShow) {
  size_t changes = 0;
  const auto begin = Utc(2026, 1, 1, 0, 0);
  for (const char* zone : {"Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}) {
    Policy p = Loaded(std::string(kPolicy).replace(std::string(kPolicy).find("SPANS"), 5,
                                                   "\"Mon-Sun 00:00-24:00 " + std::string(zone) + "\""));
    ASSERT_TRUE(BindClocks(p, begin).empty());
    ASSERT_EQ(p.clocks.size(), 1u);
    const ZoneClock clock = p.clocks[0];
    const PolicySet set(p);
    auto same = [&](system_clock::time_point at) {
      const auto by = LocalTimeBy(set, zone, at), in = LocalTimeIn(zone, at);
      return by && in && by->weekday == in->weekday && by->minute == in->minute;
    };
    for (int hour = 0; hour < 24 * 730; ++hour) ASSERT_TRUE(same(begin + hours(hour))) << zone << " hour " << hour;
    for (const ZoneClock::Offset& offset : clock.offsets) {
      const system_clock::time_point change{seconds(offset.since_s)};
      if (change <= begin || change > begin + hours(24 * 730)) continue;
      ++changes;
      for (int minute = -1080; minute <= 1080; ++minute) ASSERT_TRUE(same(change + minutes(minute))) << zone << minute;
      EXPECT_TRUE(same(change - seconds(1)));
    }
    EXPECT_TRUE(same(begin - hours(23)));
    EXPECT_FALSE(LocalTimeBy(set, zone, begin - hours(25))) << "before what was bound";
    const system_clock::time_point until{seconds(clock.until_s)};
    EXPECT_TRUE(LocalTimeBy(set, zone, until - seconds(1)));
    EXPECT_FALSE(LocalTimeBy(set, zone, until)) << "a host that was not loaded for ten years does not guess";
    EXPECT_FALSE(LocalTimeBy(set, "Europe/Paris", begin));
  }
  EXPECT_EQ(changes, 12u);
}

TEST(Windows, ALowerLayerDoesNotSetTheClockOfAnUpperOne) {
  std::string text = kPolicy;
  text.replace(text.find("SPANS"), 5, "\"Mon-Sun 10:00-16:00 Europe/Berlin\"");
  Policy upper = Loaded(text);
  ASSERT_TRUE(BindClocks(upper, Utc(2026, 1, 14, 0, 0)).empty());
  upper.layer = LayerKind::kOrg;
  Policy lower = Loaded(text);
  lower.clocks = {{"Europe/Berlin", {{0, 12 * 3600}}, INT64_MAX}};
  const auto set = PolicySet::Make({std::make_shared<const Policy>(upper), std::make_shared<const Policy>(lower)});
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(LocalTimeBy(*set, "Europe/Berlin", Utc(2026, 1, 14, 0, 0))->minute, 60);
  EXPECT_EQ(LocalTimeBy(PolicySet(lower), "Europe/Berlin", Utc(2026, 1, 14, 0, 0))->minute, 720);
}

Level LevelAt(const std::string& spans, system_clock::time_point now) {
  std::string text = kPolicy;
  text.replace(text.find("SPANS"), 5, spans);
  Policy p = Loaded(text);
  p.programs[0].files = {{"/usr/bin/svc", 1, 1, std::nullopt}};
  Call call;
  call.line = ReadLine("svc");
  Facts facts;
  facts.workspace = "/ws";
  facts.programs = {{true, "", "/usr/bin/svc", 1, 1, std::nullopt, true, true, false}};
  const PolicySet set(p);
  for (const std::string& zone : set.settings().zones)
    if (auto local = LocalTimeIn(zone, now)) facts.zones.push_back({zone, *local});
  return Decide(set, call, facts, "").level;
}

TEST(Windows, OpenBetweenItsMinutesAndNotOutside) {
  const std::string span = "\"Tue-Thu 10:00-16:00 Europe/Berlin\"";
  EXPECT_EQ(LevelAt(span, Utc(2026, 1, 14, 8, 59)), Level::kApprove) << "Wed 09:59";
  EXPECT_EQ(LevelAt(span, Utc(2026, 1, 14, 9, 0)), Level::kAuto) << "Wed 10:00";
  EXPECT_EQ(LevelAt(span, Utc(2026, 1, 14, 14, 59)), Level::kAuto) << "Wed 15:59";
  EXPECT_EQ(LevelAt(span, Utc(2026, 1, 14, 15, 0)), Level::kApprove) << "the end is not included";
  EXPECT_EQ(LevelAt(span, Utc(2026, 7, 15, 8, 0)), Level::kAuto) << "in summer an hour earlier";
  EXPECT_EQ(LevelAt(span, Utc(2026, 7, 15, 14, 0)), Level::kApprove);
  EXPECT_EQ(LevelAt(span, Utc(2026, 1, 16, 11, 0)), Level::kApprove) << "Fri";
  const std::string weekend = "\"Fri-Mon 00:00-24:00 UTC\"";
  EXPECT_EQ(LevelAt(weekend, Utc(2026, 1, 18, 23, 59)), Level::kAuto) << "Sun, over the week's end";
  EXPECT_EQ(LevelAt(weekend, Utc(2026, 1, 20, 0, 0)), Level::kApprove) << "Tue";
  const std::string two = "[\"Mon-Fri 08:00-12:00 UTC\", \"Mon-Fri 13:00-17:00 UTC\"]";
  EXPECT_EQ(LevelAt(two, Utc(2026, 1, 14, 12, 30)), Level::kApprove);
  EXPECT_EQ(LevelAt(two, Utc(2026, 1, 14, 13, 0)), Level::kAuto);
}

TEST(Windows, AtTheEdgesOfDaylightSavingTheWallClockCounts) {
  const std::string night = "\"Sun-Sun 02:15-02:45 Europe/Berlin\"";
  // In March that half hour does not exist; in October it is there twice.
  for (int minute = 0; minute < 180; ++minute)
    EXPECT_EQ(LevelAt(night, Utc(2026, 3, 29, 0, 0) + minutes(minute)), Level::kApprove) << minute;
  int open = 0;
  for (int minute = 0; minute < 180; ++minute)
    open += LevelAt(night, Utc(2026, 10, 25, 0, 0) + minutes(minute)) == Level::kAuto;
  EXPECT_EQ(open, 60);
}

TEST(Windows, AZoneThatIsNotKnownForbids) {
  std::string text = kPolicy;
  text.replace(text.find("SPANS"), 5, "[\"Mon-Sun 00:00-24:00 UTC\", \"Mon-Sun 00:00-24:00 Europe/Nowhere\"]");
  Policy policy = Loaded(text);
  const auto problems = BindClocks(policy, Utc(2026, 1, 14, 0, 0));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].where.line, 7u);
  EXPECT_EQ(LevelAt("\"Mon-Sun 00:00-24:00 Europe/Nowhere\"", Utc(2026, 1, 14, 9, 0)), Level::kForbid);
}

}  // namespace
}  // namespace warder::policy
