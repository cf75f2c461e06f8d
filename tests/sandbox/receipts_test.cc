// Which receipts does the jailer take?
#include "sandbox/receipts.h"

#include <gtest/gtest.h>

#include <functional>

namespace warder::jailer {
namespace {

constexpr uint64_t kNow = 50'000'000'000, kSession = 7, kCall = 21;
constexpr std::string_view kPlan = "the plan's bytes";

class ReceiptsTest : public testing::Test {
 protected:
  void SetUp() override {
    boot_.fill(9);
    auto made = Receipts::Make(boot_, 3);
    ASSERT_TRUE(made) << made.error().ToString();
    receipts_.emplace(std::move(*made));
  }
  wire::Receipt Good(uint64_t seq = 100) const {
    wire::Receipt r{.boot = boot_, .epoch = 3, .session = kSession, .call = kCall, .seq = seq, .time_ns = kNow - 1000};
    r.plan = HashSha256(kPlan);
    return r;
  }
  wire::Receipt Signed(wire::Receipt r) const {
    r.mac = wire::ReceiptMac(receipts_->key(), r);
    return r;
  }
  Status Use(const wire::Receipt& r, uint64_t now = kNow) { return receipts_->Use(r, kPlan, kSession, kCall, now); }
  wire::BootId boot_{};
  std::optional<Receipts> receipts_;
};

TEST_F(ReceiptsTest, AGoodReceiptIsTakenOnce) {
  EXPECT_TRUE(Use(Signed(Good())));
  auto again = Use(Signed(Good()));
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().what.find("used before"), std::string::npos) << again.error().what;
}

TEST_F(ReceiptsTest, EachFieldThatIsWrongIsRefusedAlthoughTheMacFits) {
  struct Line {
    std::function<void(wire::Receipt&)> change;
    const char* word;
  };
  const Line lines[] = {
      {[](auto& r) { r.version = 2; }, "version"},
      {[](auto& r) { r.boot[0] ^= 1; }, "another boot"},
      {[](auto& r) { r.epoch = 2; }, "epoch 2"},
      {[](auto& r) { r.epoch = 4; }, "epoch 4"},
      {[](auto& r) { r.session = 8; }, "another session"},
      {[](auto& r) { r.call = 22; }, "another call"},
      {[](auto& r) { r.plan = HashSha256("another plan"); }, "another plan"},
      {[](auto& r) { r.time_ns = kNow + 1; }, "future"},
      {[](auto& r) { r.time_ns = kNow - 2'000'000'001; }, "older"},
      {[](auto& r) { r.seq = 0; }, "used before"},
  };
  for (const Line& line : lines) {
    wire::Receipt r = Good();
    line.change(r);
    auto used = Use(Signed(r));
    ASSERT_FALSE(used) << line.word;
    EXPECT_NE(used.error().what.find(line.word), std::string::npos) << used.error().what;
  }
  EXPECT_TRUE(Use(Signed(Good()))) << "a refusal must not use the receipt up";
}

TEST_F(ReceiptsTest, AnyFieldChangedAfterSigningBreaksTheMac) {
  const std::function<void(wire::Receipt&)> changes[] = {
      [](auto& r) { r.boot[15] ^= 1; }, [](auto& r) { r.epoch++; },     [](auto& r) { r.session++; },
      [](auto& r) { r.call++; },        [](auto& r) { r.seq++; },       [](auto& r) { r.time_ns++; },
      [](auto& r) { r.plan[0] ^= 1; },  [](auto& r) { r.mac[31] ^= 1; }};
  for (size_t i = 0; i < std::size(changes); ++i) {
    wire::Receipt r = Signed(Good());
    changes[i](r);
    auto used = Use(r);
    ASSERT_FALSE(used) << i;
    EXPECT_NE(used.error().what.find("MAC"), std::string::npos) << i << used.error().what;
  }
  wire::EpochKey zero{};
  wire::Receipt forged = Good();
  forged.mac = wire::ReceiptMac(zero, forged);
  EXPECT_FALSE(Use(forged));
}

TEST_F(ReceiptsTest, ExactlyTwoSecondsOldStillCountsAndTheSwappedPlanDoesNot) {
  wire::Receipt r = Good();
  r.time_ns = kNow - 2'000'000'000;
  EXPECT_FALSE(receipts_->Use(Signed(r), "swapped", kSession, kCall, kNow));
  EXPECT_TRUE(Use(Signed(r)));
}

TEST(OnceWindowTest, TakesEachOnceInAnyOrderWithinTheWindow) {
  OnceWindow window;
  constexpr uint64_t kTop = 10'000, kSize = limits::kReceiptWindow;
  struct Line {
    uint64_t number;
    bool taken;
  };
  const Line lines[] = {{0, false},
                        {5, true},
                        {5, false},
                        {3, true},
                        {3, false},
                        {kTop, true},
                        {kTop, false},
                        {kTop - 1, true},
                        {kTop - kSize + 1, true},
                        {kTop - kSize, false},
                        {5, false},
                        {4, false},
                        {kTop + 1, true},
                        {kTop - kSize + 1, false},
                        {kTop, false},
                        {UINT64_MAX, true},
                        {UINT64_MAX - 1, true},
                        {kTop + 2, false},
                        {UINT64_MAX, false}};
  for (const Line& line : lines) EXPECT_EQ(window.Take(line.number), line.taken) << line.number;
}

TEST(OnceWindowTest, MovedReceiptsLeaveNoKeyBehind) {
  auto made = Receipts::Make({}, 1);
  ASSERT_TRUE(made);
  Receipts moved(std::move(*made));
  wire::EpochKey zero{};
  EXPECT_NE(moved.key(), zero);
}

}  // namespace
}  // namespace warder::jailer
