// Can bytes be changed in a signed log so that verify still says ok?
//
// The input is edits to the files of one small log that is made at the start: u8 file, u8 what
// (flip, set, cut, insert, remove), u16 position, u8 value. Property: verify says ok exactly where
// every file is as it was.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "audit/client.h"
#include "audit/ledger.h"
#include "audit/show.h"
#include "audit/timeline.h"
#include "audit/verify.h"
#include "base/unique_fd.h"

namespace warder::audit {
namespace {

struct SmallLog {
  std::string root, directory, vkey;
  std::vector<std::string> names, contents;
  ~SmallLog() { std::filesystem::remove_all(root); }
};

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void Fill(Ledger& ledger) {
  ledger.Take(wire::SessionBegan{5, "a", 1, 2, "/w", 3, "/usr/bin/a", 4, 5});
  std::string decision = Body()
                             .Text("level", "auto")
                             .Text("rule", "r")
                             .Text("file", "f")
                             .Number("line", 1)
                             .Free("why", "\xff")
                             .Text("policy_digest", "0")
                             .Text("engine", "1")
                             .Take();
  std::vector<Draft> drafts = {{"call", 5, 1, Body().Text("tool", "delete_file").Free("arguments", "{}").Take()},
                               {"decision", 5, 1, decision},
                               {"intent", 5, 1, Body().Text("tool", "delete_file").Free("what", "w").Take()}};
  wire::ChangePlan plan;
  plan.session = 5;
  plan.call = 1;
  plan.agent = "a";
  plan.kind = wire::ChangeKind::kDelete;
  plan.workspace = "/w";
  plan.path = "/w/x";
  plan.trash_entry = "ab";
  WARDER_CHECK(ledger.TakeRequest(flat::EncodeMessage(AppendRequest{1, drafts, flat::EncodeMessage(plan)})));
  WARDER_CHECK(flat::DecodeMessage<AppendReply>(ledger.Commit().at(0))->ok);
}

SmallLog MakeLog() {
  SmallLog made;
  char pattern[] = "/dev/shm/warder-fuzz-XXXXXX";
  made.root = mkdtemp(pattern);
  made.directory = made.root + "/log";
  std::filesystem::create_directory(made.directory);
  std::filesystem::create_directory(made.root + "/state");
  UniqueFd log_fd(open(made.directory.c_str(), O_RDONLY | O_DIRECTORY));
  UniqueFd state_fd(open((made.root + "/state").c_str(), O_RDONLY | O_DIRECTORY));
  FileLayer files;
  wire::LedgerStart start;
  start.host = "fuzz";
  start.segment_bytes = 16384;
  auto ledger = Ledger::Open(log_fd.get(), state_fd.get(), start, files);
  WARDER_CHECK(ledger);
  Fill(**ledger);
  WARDER_CHECK((*ledger)->Stop("done"));
  made.vkey = Slurp(made.directory + "/key.pub");
  for (const auto& entry : std::filesystem::directory_iterator(made.directory)) {
    std::string name = entry.path().filename();
    // The key is what the verifier brings along; the lock holds nothing.
    // `reserve` is space for a last checkpoint: what is in it means nothing.
    if (name != "lock" && name != "key.pub" && name != "reserve") made.names.push_back(name);
  }
  std::sort(made.names.begin(), made.names.end());
  for (const std::string& name : made.names) made.contents.push_back(Slurp(made.directory + "/" + name));
  return made;
}

void Edit(std::string& bytes, uint8_t what, size_t at, char value) {
  if (bytes.empty()) return;
  at %= bytes.size();
  switch (what % 5) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (value & 7)));
      break;
    case 1:
      bytes[at] = value;
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3:
      bytes.insert(at, 1, value);
      break;
    case 4:
      bytes.erase(at, 1 + static_cast<uint8_t>(value));
      break;
  }
}

// A preallocated file is the same log with any number of zeros at its end.
std::string WithoutZeros(const std::string& bytes) {
  size_t end = bytes.find_last_not_of('\0');
  return end == std::string::npos ? std::string() : bytes.substr(0, end + 1);
}

}  // namespace
}  // namespace warder::audit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warder::audit;
  static const SmallLog log = MakeLog();
  std::vector<std::string> now = log.contents;
  for (; size >= 5; data += 5, size -= 5)
    Edit(now[data[0] % now.size()], data[1], static_cast<size_t>(data[2]) | static_cast<size_t>(data[3]) << 8,
         static_cast<char>(data[4]));
  bool same = true;
  for (size_t i = 0; i < now.size(); ++i) {
    Spill(log.directory + "/" + log.names[i], now[i]);
    same = same && WithoutZeros(now[i]) == WithoutZeros(log.contents[i]);
  }
  auto report = Verify(log.directory, {log.vkey, ""});
  bool ok = report && report->ok;
  if (ok != same) {
    std::string text = report ? RenderVerify(*report, false) : report.error().what;
    std::fprintf(stderr, "same %d, but verify: %s\n", same, text.c_str());
    std::abort();
  }
  // Whatever it is, showing it does not fall over, nor let a control through to the terminal.
  if (auto entries = Timeline(log.directory)) {
    std::string text = RenderTimeline(*entries, {false, 80});
    for (char c : text) WARDER_CHECK(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  }
  (void)Tail(log.directory, {std::nullopt, 100}, false, nullptr);
  return 0;
}
