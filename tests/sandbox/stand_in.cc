// What stands in for config, ledger and hands while the monitor is under test? By the name it is started as.
//
// The ledger hands its epoch key to the broker (the opposite of a ledger), so that the hostile broker can
// make receipts that are wrong in one field only; and writes what it hears into LOG/events.
#include "tests/sandbox/stand_in.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

#include "base/file.h"
#include "base/limits.h"
#include "base/packet.h"
#include "wire/config_answer.h"
#include "wire/monitor.h"

#include "base/archive.h"

namespace warder::stand_in {
namespace {

// The files of the test hold flat messages already.
int ConfigMain() {
  auto bytes = ReadAll(3, limits::kMaxFlatConfigBytes);
  wire::ConfigAnswer answer;
  answer.ok = bytes && bytes->starts_with("bad") == false;
  answer.problems = "file:1:1: bad; write it well\n";
  answer.bytes = bytes ? *bytes : "";
  return WriteAll(1, flat::EncodeMessage(answer)) ? 0 : 3;
}

void Note(int log, const std::string& line) {
  UniqueFd fd(openat(log, "events", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  (void)!write(fd.get(), (line + "\n").data(), line.size() + 1);
}

// Every KeeperBegan's pipe stays open until it ends, as in the real one.
int LedgerMain() {
  auto first = ReceivePacket(3);
  if (!first || !*first || (*first)->fds.size() != 3) return 3;
  auto start = flat::DecodeMessage<wire::LedgerStart>((*first)->bytes);
  if (!start) return 3;
  int log = (*first)->fds[0].get(), broker = (*first)->fds[2].get();
  Note(log, "epoch " + std::to_string(start->epoch) + (start->after_crash ? " after a crash" : ""));
  if (!SendPacket(broker, (*first)->bytes) || !SendPacket(3, flat::EncodeMessage(wire::LedgerReady{1, 40, 40})))
    return 3;
  std::vector<UniqueFd> reports;
  for (;;) {
    pollfd polls[] = {{3, POLLIN, 0}, {broker, POLLIN, 0}};
    if (poll(polls, 2, -1) < 0) return 3;
    if (polls[1].revents != 0) {
      auto said = ReceivePacket(broker);
      if (said && *said)
        Note(log, (*said)->bytes);
      else
        broker = -1;
    }
    if (polls[0].revents == 0) continue;
    auto said = ReceivePacket(3);
    if (!said || !*said) return 0;
    for (UniqueFd& fd : (*said)->fds) reports.push_back(std::move(fd));
    const std::string& bytes = (*said)->bytes;
    if (auto m = flat::DecodeMessage<wire::SessionBegan>(bytes))
      Note(log, "session-began " + std::to_string(m->session));
    if (auto m = flat::DecodeMessage<wire::SessionOver>(bytes)) Note(log, "session-over " + m->reason);
    if (auto m = flat::DecodeMessage<wire::KeeperBegan>(bytes)) Note(log, "keeper-began " + std::to_string(m->call));
    if (auto m = flat::DecodeMessage<wire::JailEnded>(bytes)) Note(log, "jail-ended " + m->how);
    if (auto m = flat::DecodeMessage<wire::HostEvent>(bytes)) Note(log, "host-event " + m->type + " " + m->text);
    if (flat::DecodeMessage<wire::LedgerStop>(bytes)) {
      Note(log, "stop");
      return SendPacket(3, flat::EncodeMessage(wire::LedgerStopped{})) ? 0 : 3;
    }
  }
}

// Waits for the end of its socket; as owner it answers each order with done, but hangs on "/hang".
int HandsMain(bool owner) {
  auto said = ReceivePacket(3);
  while (said && *said && owner) {
    said = ReceivePacket(3);
    if (!said || !*said) break;
    auto order = flat::DecodeMessage<wire::ChangeOrder>((*said)->bytes);
    auto plan = order ? wire::ParseChangePlan(order->plan) : std::unexpected(order.error());
    if (!plan) return 1;
    if (plan->path.ends_with("/hang")) pause();
    wire::ChangeAnswer answer;
    answer.call = plan->call;
    answer.done = true;
    if (!SendPacket(3, flat::EncodeMessage(answer))) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace warder::stand_in

int main(int argc, char** argv) {
  using namespace warder::stand_in;
  std::string_view name = argv[0];
  if (name == "warder-config") return ConfigMain();
  if (name == "warder-ledger") return LedgerMain();
  if (name == "warder-broker") return BrokerMain();
  if (name == "warder-hands") return HandsMain(argc > 1 && std::strcmp(argv[1], "--owner") == 0);
  return 2;
}
