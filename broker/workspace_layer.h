// The workspace's own policy, `.warder/policy.yaml`: a layer below those of the host file, which only narrows.
//
// Looked at before each call, since it stands where people and agents work. What was read is kept until the file is
// another one. A file that can not be looked at, read, loaded or tested refuses every call of the session: what is
// there to narrow is never ignored. One thread; a session has one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "broker/hands_link.h"
#include "broker/monitor_link.h"
#include "policy/policy_set.h"

namespace warder::broker {

class WorkspaceLayer {
 public:
  using Layers = std::shared_ptr<const policy::PolicySet>;

  WorkspaceLayer(const asio::any_io_executor& executor, HandsLink& hands, MonitorLink& monitor, uint64_t session)
      : executor_(executor), hands_(hands), monitor_(monitor), session_(session) {}

  // `above` itself where the workspace has no policy; else the two together. An Error says why nothing may be served:
  // kDenied with FILE:LINE:COLUMN for a broken file.
  asio::awaitable<Result<Layers>> Join(Layers above, std::string workspace);

 private:
  asio::awaitable<Result<Layers>> Look(Layers above, const std::string& workspace);
  asio::awaitable<Result<Layers>> Load(Layers above, const std::string& text);

  asio::any_io_executor executor_;
  HandsLink& hands_;
  MonitorLink& monitor_;
  const uint64_t session_;
  // What was made of which file, below which layers.
  Layers above_;
  Digest digest_{};
  Result<Layers> joined_ = Layers();
  // One reads at a time, the others wait.
  bool reading_ = false;
  std::vector<std::shared_ptr<Answer<bool>>> waiting_;
};

}  // namespace warder::broker
