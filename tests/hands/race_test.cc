// Does anything outside the workspace change, or come out, while another thread swaps what is on the way?
//
// The swapper exchanges a directory with a symlink to a directory outside (RENAME_EXCHANGE, both always
// exist) and a file with another file, as fast as it can. A test that met no swapped state fails.
#include <atomic>
#include <cstdio>
#include <thread>

#include "sandbox/hands/read.h"
#include "sandbox/hands/walk.h"
#include "tests/hands/tree.h"

namespace warder::hands {
namespace {

constexpr int kRounds = 4000;

class Swapper {
 public:
  Swapper(std::string a, std::string b)
      : thread_([this, a = std::move(a), b = std::move(b)] {
          while (!stop_) {
            renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
            ++swaps_;
          }
        }) {}
  ~Swapper() {
    stop_ = true;
    thread_.join();
  }
  long swaps() const { return swaps_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<long> swaps_ = 0;
  std::thread thread_;
};

void Report(const char* what, int met, int done, const Swapper& swapper) {
  std::printf("[ races    ] %s: %ld swaps, %d of %d met, %d done\n", what, swapper.swaps(), met, kRounds, done);
  EXPECT_GT(met, 0) << "no race was run";
}

// w/d holds f; w/evil is a symlink to outside, which holds another f.
struct Arena {
  Owner o;
  Arena() {
    o.tree.Directory("w/d");
    o.tree.Directory("outside");
    o.tree.File("w/d/f", "inside");
    o.tree.File("outside/f", "SECRET");
    o.tree.Link("../outside", "w/evil");
  }
  void ExpectOutsideUntouched() const {
    EXPECT_EQ(o.tree.Read("outside/f"), "SECRET");
    int names = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(o.tree / "outside")) ++names;
    EXPECT_EQ(names, 1);
  }
};

TEST(Race, ResolveThenReadNeverGivesWhatTheAnswerDidNotName) {
  Arena arena;
  UniqueFd root(open("/", O_PATH | O_DIRECTORY));
  Swapper swapper(arena.o.tree / "w/d", arena.o.tree / "w/evil");
  int met = 0, done = 0;
  for (int i = 0; i < kRounds; ++i) {
    auto answer = AnswerPath(root.get(), {"/", arena.o.tree / "w/d/f", true});
    if (!answer.resolved) {
      ++met;
      continue;
    }
    const bool out = answer.path == arena.o.tree / "outside/f";
    ASSERT_TRUE(out || answer.path == arena.o.tree / "w/d/f") << answer.path;
    if (out) {
      ++met;  // policy would see the real path and refuse it
      continue;
    }
    uint64_t size;
    auto range = ReadRange(root.get(), {0, answer.path, answer.dev, answer.ino, 0, 0, 100}, &size);
    if (range) {
      ++done;
      ASSERT_EQ(range->bytes, "inside");
    } else {
      ++met;
    }
  }
  Report("resolve and read", met, done, swapper);
}

TEST(Race, WritesStayInside) {
  Arena arena;
  int met = 0, done = 0;
  {
    Swapper swapper(arena.o.tree / "w/d", arena.o.tree / "w/evil");
    for (int i = 0; i < kRounds; ++i) {
      auto answer = arena.o.Write("d/f", "new " + std::to_string(i));
      ++(answer.done ? done : met);
      if (answer.done) std::filesystem::remove_all(arena.o.tree / ("t/" + answer.trash_entry));
    }
    Report("write", met, done, swapper);
  }
  arena.ExpectOutsideUntouched();
}

TEST(Race, DeletesAndRestoresStayInside) {
  Arena arena;
  int met = 0, done = 0;
  {
    Swapper swapper(arena.o.tree / "w/d", arena.o.tree / "w/evil");
    for (int i = 0; i < kRounds; ++i) {
      auto gone = arena.o.Delete("d/f");
      if (!gone.done) {
        ++met;
        continue;
      }
      // Until it is back: each failed try met a swap.
      for (int tries = 0; tries < 100'000; ++tries) {
        auto back = arena.o.Restore(gone.trash_entry, "d/f");
        if (back.done) {
          ++done;
          break;
        }
        ++met;
        ASSERT_LT(tries, 99'999) << back.reason;
      }
    }
    Report("delete and restore", met, done, swapper);
  }
  arena.ExpectOutsideUntouched();
}

TEST(Race, ASwappedFileIsPutBackAndNeverLost) {
  Owner o;
  auto memory = SealedMemory("x", "new");
  int met = 0, done = 0;
  long swaps = 0;
  for (int i = 0; i < kRounds / 16; ++i) {
    o.tree.File("w/f", "expected");
    o.tree.File("w/g", "precious");
    wire::ChangePlan plan = i % 2 == 0 ? o.WritePlan("f", "new") : o.Plan(wire::ChangeKind::kDelete, "f");
    {
      Swapper swapper(o.tree / "w/f", o.tree / "w/g");
      while (swapper.swaps() == 0) std::this_thread::yield();
      auto answer = Change(o.trees, plan, i % 2 == 0 ? memory->get() : -1);
      ++(answer.done ? done : met);
      swaps += swapper.swaps();
    }
    // Wherever the two are: each is whole, and there exactly once.
    int expected = 0, precious = 0;
    const auto count = [&](const std::string& bytes) {
      expected += bytes == "expected";
      precious += bytes == "precious";
    };
    for (const char* name : {"w/f", "w/g"}) count(o.tree.Read(name));
    auto entries = ListTrash(o.tree / "t");
    ASSERT_TRUE(entries);
    for (const auto& entry : *entries) count(o.tree.Read("t/" + entry.name + "/data"));
    ASSERT_EQ(expected, 1) << "round " << i;
    ASSERT_EQ(precious, 1) << "round " << i;
    for (const char* name : {"w", "t"})
      for (const auto& entry : std::filesystem::directory_iterator(o.tree / name))
        std::filesystem::remove_all(entry.path());
  }
  std::printf("[ races    ] swapped file: %ld swaps, %d met, %d done\n", swaps, met, done);
  EXPECT_GT(met, 0) << "no race was run";
  EXPECT_GT(done, 0) << "nothing was ever changed";
}

}  // namespace
}  // namespace warder::hands
