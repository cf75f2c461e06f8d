// Whether somebody wants a call to end: the agent (notifications/cancelled, a closed connection) or a person.
#pragma once

#include <functional>
#include <string>
#include <utility>

namespace warder::broker {

class Cancellation {
 public:
  void Request(std::string why) {
    if (requested_) return;
    requested_ = true;
    why_ = std::move(why);
    if (on_request_) on_request_();
  }
  bool requested() const { return requested_; }
  const std::string& why() const { return why_; }
  // Who waits now is told; at once where it was asked for already. Empty: nobody waits.
  void WhenRequested(std::function<void()> action) {
    on_request_ = std::move(action);
    if (requested_ && on_request_) on_request_();
  }

 private:
  bool requested_ = false;
  std::string why_;
  std::function<void()> on_request_;
};

}  // namespace warder::broker
