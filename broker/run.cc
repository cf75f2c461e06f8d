// How is a permitted and recorded call run, fed, listened to and ended?
#include "broker/run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>

#include "base/limits.h"

namespace warder::broker {
namespace {

// Beyond the wall limit, TERM's grace and the jail's set-up: a keeper that says nothing now never will.
constexpr std::chrono::seconds kKeeperSlack{30};

Status Describe(int fd, wire::DescriptorRole role, std::vector<wire::Descriptor>& descriptors) {
  struct stat status;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fstat(fd, &status) != 0) return FailErrno("describing a descriptor");
  descriptors.push_back({role, status.st_dev, status.st_ino, static_cast<uint8_t>(flags & O_ACCMODE)});
  return {};
}

asio::awaitable<void> WriteInput(std::shared_ptr<asio::posix::stream_descriptor> pipe, std::string bytes) {
  // A command that does not read its input ends the write with EPIPE; that is its own business.
  co_await asio::async_write(*pipe, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
  boost::system::error_code ignored;
  pipe->close(ignored);
}

uint64_t Since(std::chrono::steady_clock::time_point then) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - then).count());
}

// Takes packets until the run's end. The keeper caps the output; a broken one is capped again here.
asio::awaitable<void> Listen(std::shared_ptr<PacketLink> output, uint64_t most, RunResult& result,
                             const OnOutput& on_output) {
  for (;;) {
    Result<Packet> packet = co_await output->Receive();
    if (!packet) {
      result.problem = "the jail's keeper ended without a word";
      co_return;
    }
    if (flat::MessageType(packet->bytes) == wire::RunEnd::kType) {
      auto end = flat::DecodeMessage<wire::RunEnd>(packet->bytes);
      if (end)
        result.end = std::move(*end);
      else
        result.problem = end.error().what;
      co_return;
    }
    auto piece = flat::DecodeMessage<wire::Output>(packet->bytes);
    if (!piece || result.out.size() + result.err.size() + piece->bytes.size() > most) {
      result.problem = piece ? "more output than the plan allows" : piece.error().what;
      co_return;
    }
    (piece->stream == 2 ? result.err : result.out) += piece->bytes;
    if (on_output) on_output(*piece);
  }
}

}  // namespace

Result<PreparedRun> PrepareRun(wire::RunPlan plan, std::optional<std::string> input) {
  PreparedRun prepared;
  prepared.plan = std::move(plan);
  WARDER_TRY(auto pair, MakePacketPair());
  WARDER_TRY_STATUS(Describe(pair.second.get(), wire::DescriptorRole::kOutput, prepared.plan.descriptors));
  prepared.output = std::move(pair.first);
  prepared.theirs.push_back(std::move(pair.second));
  if (input) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return FailErrno("pipe");
    UniqueFd read_end(fds[0]);
    prepared.input.Reset(fds[1]);
    WARDER_TRY_STATUS(Describe(read_end.get(), wire::DescriptorRole::kStdin, prepared.plan.descriptors));
    prepared.theirs.push_back(std::move(read_end));
    prepared.input_bytes = std::move(*input);
  }
  WARDER_TRY_STATUS(wire::ValidateRun(prepared.plan));
  return prepared;
}

asio::awaitable<RunResult> Run(Broker& broker, Permit permit, RecordedIntent intent, PreparedRun prepared,
                               Cancellation& cancellation, OnOutput on_output) {
  RunResult result;
  const uint64_t call = permit.call();
  result.end.call = call;
  auto output = std::make_shared<PacketLink>(broker.executor, std::move(prepared.output));
  const auto begun = std::chrono::steady_clock::now();
  Status started = co_await broker.monitor.StartRun(std::move(permit), std::move(intent));
  result.start_ns = Since(begun);
  if (!started) {
    broker.monitor.RunIsOver(call);
    // Without an answer nobody knows whether it ran.
    const bool refused = started.error().code == Code::kDenied;
    result.end.kind = refused ? wire::EndKind::kSetupFailed : wire::EndKind::kLost;
    result.end.step = "jailer";
    result.problem = started.error().ToString();
    output->Close();
    co_return result;
  }
  result.started = true;
  std::shared_ptr<asio::posix::stream_descriptor> input;
  if (prepared.input) {
    input = std::make_shared<asio::posix::stream_descriptor>(broker.executor, prepared.input.Release());
    asio::co_spawn(broker.executor, WriteInput(input, std::move(prepared.input_bytes)), asio::detached);
  }
  asio::steady_timer watchdog(broker.executor);
  watchdog.expires_after(std::chrono::milliseconds(prepared.plan.limits.wall_ms) + limits::kTermGrace + kKeeperSlack);
  watchdog.async_wait([&broker, output, call](const boost::system::error_code& failed) {
    if (failed) return;
    broker.monitor.Kill(call);
    output->Close();
  });
  cancellation.WhenRequested([output]() {
    // A keeper that is gone is noticed by Listen.
    (void)output->Send(flat::EncodeMessage(wire::Cancel{true}));
  });
  const uint64_t most = prepared.plan.limits.output_bytes + limits::kOutputChunkBytes;
  co_await Listen(output, most, result, on_output);
  cancellation.WhenRequested({});
  watchdog.cancel();
  // No word of the end: whatever still lives in that jail ends now.
  if (!result.problem.empty()) {
    result.end.kind = wire::EndKind::kLost;
    broker.monitor.Kill(call);
  }
  broker.monitor.RunIsOver(call);
  output->Close();
  boost::system::error_code ignored;
  if (input) input->close(ignored);
  result.run_ns = Since(begun) - result.start_ns;
  co_return result;
}

const char* EndName(wire::EndKind kind) {
  switch (kind) {
    case wire::EndKind::kExited:
      return "exited";
    case wire::EndKind::kSignaled:
      return "signaled";
    case wire::EndKind::kWallLimit:
      return "wall-limit";
    case wire::EndKind::kCpuLimit:
      return "cpu-limit";
    case wire::EndKind::kMemoryLimit:
      return "memory-limit";
    case wire::EndKind::kDiskLimit:
      return "disk-limit";
    case wire::EndKind::kCancelled:
      return "cancelled";
    case wire::EndKind::kSetupFailed:
      return "setup-failed";
    case wire::EndKind::kLost:
      break;
  }
  return "lost";
}

}  // namespace warder::broker
