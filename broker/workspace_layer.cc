// What does the workspace itself forbid? See workspace_layer.h.
#include "broker/workspace_layer.h"

#include <utility>

#include "base/limits.h"
#include "wire/config_answer.h"

namespace warder::broker {
namespace {

constexpr const char* kRemedy = "its owner corrects it or moves it away; `warder policy check` says all that is wrong";
// Longer than one load takes, for one that waits behind others.
constexpr std::chrono::seconds kTurnTimeout{60};

Result<WorkspaceLayer::Layers> Joined(const WorkspaceLayer::Layers& above, policy::Policy own) {
  std::vector<std::shared_ptr<const policy::Policy>> layers(above->layers().begin(), above->layers().end());
  layers.push_back(std::make_shared<const policy::Policy>(std::move(own)));
  auto set = policy::PolicySet::Make(std::move(layers));
  if (!set) return Fail(Code::kDenied, set.error().front().file + ": " + set.error().front().problem.what, kRemedy);
  return std::make_shared<const policy::PolicySet>(std::move(*set));
}

}  // namespace

asio::awaitable<Result<WorkspaceLayer::Layers>> WorkspaceLayer::Join(Layers above, std::string workspace) {
  while (reading_) {
    auto turn = waiting_.emplace_back(std::make_shared<Answer<bool>>(executor_));
    if (!co_await turn->Wait(kTurnTimeout))
      co_return Fail(Code::kUnavailable, "the workspace's policy was not read in time");
  }
  reading_ = true;
  Result<Layers> layers = co_await Look(std::move(above), workspace);
  reading_ = false;
  for (auto& turn : std::exchange(waiting_, {})) turn->Set(true);
  co_return layers;
}

asio::awaitable<Result<WorkspaceLayer::Layers>> WorkspaceLayer::Look(Layers above, const std::string& workspace) {
  const std::string name = workspace + "/" + std::string(policy::kWorkspacePolicy);
  wire::ResolveRequest request;
  request.paths.push_back({workspace, std::string(policy::kWorkspacePolicy), false});
  request.paths.push_back(
      {workspace, name.substr(workspace.size() + 1, name.rfind('/') - workspace.size() - 1), false});
  auto said = co_await hands_.Resolve(std::move(request));
  if (!said) co_return Fail(Code::kUnavailable, said.error().what, said.error().remedy);
  // Only what is known not to be there is not there: a directory that may not be searched could hold one.
  auto absent = [](const wire::PathAnswer& path) { return path.resolved && path.kind == wire::FileKind::kNone; };
  const wire::PathAnswer& file = said->paths[0];
  if (absent(file) || absent(said->paths[1])) co_return above;
  if (!file.resolved || file.kind != wire::FileKind::kFile || file.path != name)
    co_return Fail(
        Code::kDenied,
        name + " can not be looked at, or is no file of its own" + (file.problem.empty() ? "" : ": " + file.problem),
        kRemedy);
  if ((file.mode & 022) != 0)
    co_return Fail(Code::kDenied, name + " is writable by its group or by others", "chmod go-w " + name);
  if (file.size > limits::kMaxPolicyBytes) co_return Fail(Code::kDenied, name + " is larger than 1 MiB", kRemedy);
  wire::ReadRequest read;
  read.path = file.path;
  read.dev = file.dev;
  read.ino = file.ino;
  read.max_bytes = limits::kMaxPolicyBytes;
  auto bytes = co_await hands_.Read(std::move(read));
  if (!bytes) co_return Fail(Code::kDenied, name + ": " + bytes.error().what, kRemedy);
  const Digest digest = HashSha256(bytes->bytes);
  if (above_ == above && SameDigest(digest_, digest)) co_return joined_;
  Result<Layers> joined = co_await Load(above, bytes->bytes);
  // What was only not read in time may be read the next time.
  if (!joined && joined.error().code != Code::kDenied) co_return joined;
  above_ = std::move(above);
  digest_ = digest;
  joined_ = joined;
  co_return joined;
}

asio::awaitable<Result<WorkspaceLayer::Layers>> WorkspaceLayer::Load(Layers above, const std::string& text) {
  auto said = co_await monitor_.ReadLayer(session_, text);
  if (!said) co_return std::unexpected(said.error());
  auto answer = flat::DecodeMessage<wire::ConfigAnswer>(*said);
  // Kept like any other refusal: else a file that uses up its loader's time would do so at each call.
  if (!answer)
    co_return Fail(Code::kDenied,
                   "the loader of the workspace's policy ended badly: past its limits of time or memory, or broken",
                   kRemedy);
  if (!answer->ok) co_return Fail(Code::kDenied, answer->problems.substr(0, answer->problems.find('\n')), kRemedy);
  auto own = flat::DecodeMessage<policy::Policy>(answer->bytes);
  if (!own || own->layer != policy::LayerKind::kWorkspace)
    co_return Fail(Code::kDenied, "the workspace's policy came back as something else", kRemedy);
  co_return Joined(above, std::move(*own));
}

}  // namespace warder::broker
