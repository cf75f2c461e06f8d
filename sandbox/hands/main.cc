// warder-hands: touches files for people and tools, without powers (docs/formats/hands.md).
//
//   warder-hands --session   3: socket to the broker; runs inside the session's view as its uid
//   warder-hands --owner     3: control socket to the monitor; runs as the workspace's owner
//
// Ends with 0 when the socket closes, 1 when it could not start or was told nonsense.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string_view>

#include "base/log.h"
#include "base/packet.h"
#include "sandbox/hands/change.h"
#include "sandbox/hands/confine.h"
#include "sandbox/hands/session.h"

namespace warder::hands {
namespace {

constexpr int kSocket = 3;

// Nothing once the other side is gone.
Result<std::optional<Packet>> Next() {
  auto packet = ReceivePacket(kSocket);
  if (!packet && packet.error().code == Code::kUnavailable) return std::optional<Packet>();
  return packet;
}

Status Answer(std::string_view bytes, int memory = -1) {
  Status sent = memory < 0 ? SendPacket(kSocket, bytes) : SendPacket(kSocket, bytes, {&memory, 1});
  // The next receive tells that the other side is gone.
  if (!sent && sent.error().code == Code::kUnavailable) return {};
  return sent;
}

Status ServeSession() {
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return FailErrno("opening /");
  // A walk keeps a descriptor for each directory that it went through.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
  }
  for (;;) {
    WARDER_TRY(auto packet, Next());
    if (!packet) return {};
    WARDER_TRY(Reply reply, AnswerRequest(root.get(), packet->bytes));
    WARDER_TRY_STATUS(Answer(reply.bytes, reply.memory.get()));
  }
}

wire::ChangeAnswer Obey(const OwnerTrees& trees, const Packet& packet) {
  wire::ChangeAnswer answer;
  auto order = flat::DecodeMessage<wire::ChangeOrder>(packet.bytes);
  Result<wire::ChangePlan> plan = order ? wire::ParseChangePlan(order->plan) : std::unexpected(order.error());
  if (plan && packet.fds.size() != plan->descriptors.size())
    plan = Fail(Code::kInvalid, "other descriptors than the plan lists");
  if (plan) return Change(trees, *plan, packet.fds.empty() ? -1 : packet.fds[0].get());
  answer.code = static_cast<uint8_t>(plan.error().code);
  answer.reason = plan.error().ToString();
  return answer;
}

Status ServeOwner() {
  // Modes are set by fchmod; nothing else of ours may be open to others.
  umask(022);
  WARDER_TRY(auto first, Next());
  if (!first) return {};
  WARDER_TRY(auto start, flat::DecodeMessage<wire::OwnerStart>(first->bytes));
  WARDER_TRY(OwnerTrees trees, OpenOwnerTrees(start));
  WARDER_TRY_STATUS(ConfineOwner(trees));
  for (;;) {
    WARDER_TRY(auto packet, Next());
    if (!packet) return {};
    WARDER_TRY_STATUS(Answer(flat::EncodeMessage(Obey(trees, *packet))));
  }
}

int Run(std::string_view role) {
  SetLogName("warder-hands");
  Status status = AssertPowerless();
  if (status && role == "--session") {
    status = ServeSession();
  } else if (status && role == "--owner") {
    status = ServeOwner();
  } else if (status) {
    status = Fail(Code::kInvalid, "neither --session nor --owner");
  }
  if (!status) LogError(status.error().ToString());
  return status ? 0 : 1;
}

}  // namespace
}  // namespace warder::hands

int main(int argc, char** argv) { return warder::hands::Run(argc == 2 ? argv[1] : ""); }
