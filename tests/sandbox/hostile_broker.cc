// What does a taken-over broker try, and what does the monitor answer? Each try is one line of a table.
//
// It holds the epoch's key, which no real broker does: so each receipt is wrong in one thing alone. The
// results go to the ledger's stand-in, "NAME: accepted" or "NAME: refused: WHY". Which scenario is played
// comes from the agent's name: "attack", or "work" (one honest long run and honest changes).
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/limits.h"
#include "base/packet.h"
#include "tests/sandbox/stand_in.h"
#include "wire/host_plan.h"
#include "wire/monitor.h"

namespace warder::stand_in {
namespace {

struct Try {
  wire::RunPlan plan;
  wire::Receipt receipt;
  std::string sent;  // the plan's bytes as sent; empty: the plan
  std::vector<UniqueFd> fds;
  bool sign = true;
};
struct Line {
  const char* name;
  std::function<void(Try&)> change;
};

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

void ListDescriptors(Try& t) {
  t.plan.descriptors.clear();
  for (size_t i = 0; i < t.fds.size(); ++i) {
    struct stat status{};
    fstat(t.fds[i].get(), &status);
    t.plan.descriptors.push_back({i == 0 ? wire::DescriptorRole::kOutput : wire::DescriptorRole::kStdin, status.st_dev,
                                  status.st_ino, static_cast<uint8_t>(fcntl(t.fds[i].get(), F_GETFL) & O_ACCMODE)});
  }
}

const Line kAttacks[] = {
    {"receipt of zeroes",
     [](Try& t) {
       t.receipt = {};
       t.sign = false;
     }},
    {"forged mac",
     [](Try& t) {
       t.receipt.mac.fill(7);
       t.sign = false;
     }},
    {"old receipt", [](Try& t) { t.receipt.time_ns -= 2'100'000'000; }},
    {"future receipt", [](Try& t) { t.receipt.time_ns += 60'000'000'000; }},
    {"other epoch", [](Try& t) { t.receipt.epoch -= 1; }},
    {"other boot", [](Try& t) { t.receipt.boot[0] ^= 1; }},
    {"receipt of another session", [](Try& t) { t.receipt.session += 1; }},
    {"plan and receipt of another session",
     [](Try& t) {
       t.receipt.session += 1;
       t.plan.session += 1;
     }},
    {"receipt of another call", [](Try& t) { t.receipt.call += 1; }},
    {"other plan",
     [](Try& t) {
       wire::RunPlan other = t.plan;
       other.commands[0].argv.push_back("more");
       t.sent = flat::EncodeMessage(other);
     }},
    {"other agent", [](Try& t) { t.plan.agent = "work"; }},
    {"workspace /", [](Try& t) { t.plan.trees[0].path = "/"; }},
    {"workspace /srv", [](Try& t) { t.plan.trees[0].path = "/srv"; }},
    {"tree /etc", [](Try& t) { t.plan.trees.push_back({.path = "/etc", .dev = 1, .ino = 2}); }},
    {"writable source",
     [](Try& t) { t.plan.trees.push_back({.path = "/var/log", .dev = 1, .ino = 2, .writable = true}); }},
    {"root of another name", [](Try& t) { t.plan.root = "image:dev"; }},
    {"overlay", [](Try& t) { t.plan.overlays.push_back({"/a", "/b", "/c", "/d"}); }},
    {"network", [](Try& t) { t.plan.network = wire::Network::kProxy; }},
    {"memory without end", [](Try& t) { t.plan.limits.memory_bytes = UINT64_MAX; }},
    {"wall beyond", [](Try& t) { t.plan.limits.wall_ms = 100ull * 3600 * 1000; }},
    {"no limit", [](Try& t) { t.plan.limits.pids = 0; }},
    {"no command", [](Try& t) { t.plan.commands.clear(); }},
    {"directory of the host as stdin",
     [](Try& t) {
       t.fds.emplace_back(open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
       ListDescriptors(t);
     }},
    {"directory of the host as output",
     [](Try& t) {
       t.fds[0] = UniqueFd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
       ListDescriptors(t);
     }},
    {"file of the host as stdin",
     [](Try& t) {
       t.fds.emplace_back(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
       ListDescriptors(t);
     }},
    {"unlisted descriptor", [](Try& t) { t.fds.emplace_back(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }},
    {"missing descriptor", [](Try& t) { t.fds.clear(); }},
    {"swapped descriptor", [](Try& t) { t.fds[0] = std::move(MakePacketPair()->first); }},
};

class Broker {
 public:
  int Run() {
    auto start = Expect<wire::BrokerStart>(2);
    host_ = flat::DecodeMessage<wire::HostPlan>(*ReadSealed(start.fds[0].get(), 1 << 24)).value();
    ledger_ = std::move(start.fds[1]);
    key_ = flat::DecodeMessage<wire::LedgerStart>((**ReceivePacket(ledger_.get())).bytes).value();
    call_ = 41;
    for (;;) {
      auto packet = ReceivePacket(3);
      if (!packet || !*packet) return 0;
      if (auto opened = flat::DecodeMessage<wire::SessionOpened>((*packet)->bytes)) {
        session_ = *opened;
        for (UniqueFd& fd : (*packet)->fds) kept_.push_back(std::move(fd));
        if (session_.agent == "attack")
          Attack();
        else
          Work();
        Say("played " + session_.agent);
      } else if (flat::DecodeMessage<wire::JailGone>((*packet)->bytes)) {
        Say("jail-gone");
      } else if (auto reload = flat::DecodeMessage<wire::BrokerStart>((*packet)->bytes)) {
        Say("generation " + std::to_string(reload->generation));
      }
    }
  }

 private:
  template <typename T>
  Packet Expect(size_t fds) {
    for (;;) {
      auto packet = ReceivePacket(3);
      if (!packet || !*packet) _exit(0);
      if (flat::MessageType((*packet)->bytes) == T::kType && (*packet)->fds.size() >= fds) return std::move(**packet);
    }
  }
  void Say(const std::string& words) { (void)!SendPacket(ledger_.get(), words); }
  void SayAnswer(const std::string& name) {
    auto answer = flat::DecodeMessage<wire::RunAnswer>(Expect<wire::RunAnswer>(0).bytes);
    Say(name + (answer->accepted ? ": accepted" : ": refused: " + answer->reason));
  }
  wire::Receipt ReceiptFor(uint64_t call) {
    wire::Receipt r{.boot = key_.boot, .epoch = key_.epoch, .session = session_.session, .call = call, .seq = ++seq_};
    r.time_ns = Now();
    return r;
  }
  Try Honest(std::vector<std::string> argv) {
    Try t;
    const wire::Agent* agent = nullptr;
    for (const wire::Agent& a : host_.agents)
      if (a.name == session_.agent) agent = &a;
    struct stat program{}, tree{};
    stat(argv[0].c_str(), &program);
    stat(agent->workspace.directory.c_str(), &tree);
    t.plan.session = session_.session;
    t.plan.call = ++call_;
    t.plan.agent = session_.agent;
    t.plan.trees = {{.path = agent->workspace.directory, .dev = tree.st_dev, .ino = tree.st_ino, .writable = true}};
    t.plan.directory = agent->workspace.directory;
    t.plan.commands = {{.argv = argv, .program = argv[0], .identity = {program.st_dev, program.st_ino, {}}}};
    t.plan.limits = {60'000, 60'000, 64 << 20, 64, 64, 65536, 1 << 20};
    auto pair = MakePacketPair();
    t.fds.push_back(std::move(pair->first));
    kept_.push_back(std::move(pair->second));
    ListDescriptors(t);
    t.receipt = ReceiptFor(t.plan.call);
    return t;
  }
  void AskJail(Try& t) {
    std::string bytes = flat::EncodeMessage(t.plan);
    t.receipt.plan = HashSha256(bytes);
    if (t.sign) t.receipt.mac = wire::ReceiptMac(key_.key, t.receipt);
    std::vector<int> fds;
    for (const UniqueFd& fd : t.fds) fds.push_back(fd.get());
    if (!SendPacket(3, flat::EncodeMessage(wire::JailRequest{t.sent.empty() ? bytes : t.sent}), fds)) _exit(0);
  }
  void AskRun(const wire::Receipt& receipt) {
    if (!SendPacket(3, flat::EncodeMessage(wire::RunRequest{receipt}))) _exit(0);
  }
  // Where the jail was refused, the run is too, for want of it.
  void Send(Try& t, const std::string& name) {
    AskJail(t);
    AskRun(t.receipt);
    auto answer = flat::DecodeMessage<wire::RunAnswer>(Expect<wire::RunAnswer>(0).bytes);
    Say(name + (answer->accepted ? ": accepted" : ": refused: " + answer->reason));
    if (answer->accepted || answer->reason.starts_with("receipt") || answer->reason.starts_with("no jail")) return;
    answer = flat::DecodeMessage<wire::RunAnswer>(Expect<wire::RunAnswer>(0).bytes);
    if (answer->accepted || !answer->reason.starts_with("no jail waits")) Say(name + ": accepted without its jail");
  }
  void Attack() {
    for (const Line& line : kAttacks) {
      Try t = HonestMark();
      line.change(t);
      Send(t, std::string("attack ") + line.name);
    }
    AttackWithJails();
    const std::string plan = flat::EncodeMessage(HonestMark().plan);
    for (std::string garbage : {std::string(1, '\0'), std::string("\x01\x46", 2), std::string("\x02\x46zzz", 5),
                                std::string(1000, 'x'), std::string("\x01\x00", 2), std::string("\x01\x33", 2), plan}) {
      (void)!SendPacket(3, garbage);
      SayAnswer("attack garbage");
    }
    RawDescriptors();
    SayAnswer("attack too many descriptors");
    // A loader for a workspace's policy is started for a session that lives, with its text and one pipe.
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (size_t count = 0; count < 4; ++count) {
      const std::vector<int> fds(count, null.get());
      if (!SendPacket(3, flat::EncodeMessage(wire::LayerRequest{session_.session + (count == 2 ? 1 : 0)}), fds))
        _exit(0);
      SayAnswer("attack layer");
    }
  }
  // It leaves a file in the workspace: whoever ran is seen afterwards.
  Try HonestMark() {
    std::string workspace;
    for (const wire::Agent& a : host_.agents)
      if (a.name == session_.agent) workspace = a.workspace.directory;
    return Honest({"/usr/bin/touch", workspace + "/ran"});
  }
  // A jail without a receipt is as far as anybody comes without the ledger.
  void AttackWithJails() {
    Try none = HonestMark();
    AskRun(none.receipt);
    SayAnswer("attack run without a jail");
    AskJail(none);
    usleep(300'000);  // the jail stands
    Try twice = HonestMark();
    twice.plan.call = none.plan.call;
    AskJail(twice);
    SayAnswer("attack second jail of one call");
    Try other = HonestMark();
    AskJail(other);
    wire::Receipt swapped = ReceiptFor(other.plan.call);
    swapped.plan = none.receipt.plan;
    swapped.mac = wire::ReceiptMac(key_.key, swapped);
    AskRun(swapped);
    SayAnswer("attack receipt of another plan that waits");
    AskRun(other.receipt);
    SayAnswer("attack good receipt after a bad one");
    if (!SendPacket(3, flat::EncodeMessage(wire::KillRequest{none.plan.call}))) _exit(0);
    AskRun(none.receipt);
    SayAnswer("attack run of a killed jail");
    AskJail(waits_ = HonestMark());  // until the session ends
  }
  // 100 descriptors in one message: past what SendPacket would take.
  void RawDescriptors() {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 100)] = {};
    char byte[] = "\x01\x46";
    iovec part{byte, 2};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * 100);
    for (int i = 0; i < 100; ++i) reinterpret_cast<int*>(CMSG_DATA(header))[i] = 3;
    sendmsg(3, &message, MSG_NOSIGNAL);
  }
  void Change(const std::string& name, bool good) {
    wire::ChangePlan plan;
    plan.session = session_.session;
    plan.call = ++call_;
    plan.agent = session_.agent;
    plan.kind = wire::ChangeKind::kDelete;
    for (const wire::Agent& a : host_.agents)
      if (a.name == session_.agent) plan.workspace = a.workspace.directory;
    plan.path = plan.workspace + "/" + name;
    plan.trash_entry = "0a";
    std::string bytes = flat::EncodeMessage(plan);
    wire::Receipt receipt = ReceiptFor(plan.call);
    receipt.plan = HashSha256(bytes);
    if (good) receipt.mac = wire::ReceiptMac(key_.key, receipt);
    if (!SendPacket(3, flat::EncodeMessage(wire::ChangeRequest{receipt, bytes}))) _exit(0);
    SayAnswer("change " + name);
    if (!good) return;
    auto answer = flat::DecodeMessage<wire::ChangeAnswer>(Expect<wire::ChangeAnswer>(0).bytes);
    Say("change " + name + (answer->done ? ": done" : ": failed: " + answer->reason));
  }
  void Work() {
    Try t = Honest({"/usr/bin/sleep", "300"});
    Send(t, "honest run");
    AskRun(t.receipt);
    SayAnswer("replayed receipt");
    Send(t, "replayed run");
    Try again = Honest({"/usr/bin/sleep", "300"});
    again.plan.call = t.plan.call;
    again.receipt = ReceiptFor(t.plan.call);
    Send(again, "second run of one call");
    Change("file", true);
    Change("forged", false);
  }

  wire::HostPlan host_;
  wire::LedgerStart key_;
  wire::SessionOpened session_;
  UniqueFd ledger_;
  uint64_t call_ = 0, seq_ = 100;
  std::vector<UniqueFd> kept_;
  Try waits_;
};

}  // namespace

int BrokerMain() { return Broker().Run(); }

}  // namespace warder::stand_in
