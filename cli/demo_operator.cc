// Who says yes and no in the demo? A process with the operator's uid, on the admin socket.
#include <ctime>

#include "cli/demo.h"
#include "cli/talk.h"

namespace warder::cli::demo {
namespace {

using nlohmann::json;

constexpr int kPolls = 4000;  // of 5 ms: the demo is over by then, or has failed

bool Decide(const Places& places, int events, const json& approval, bool yes) {
  std::string reads = "reads request " + Shown(approval, "id") + ": " + Shown(approval, "line") + " (rule " +
                      Shown(approval, "rule") + "; no answer would be a no)";
  SendEvent(events, {{"kind", "operator"}, {"text", reads}});
  json parameters{{"id", approval.value("id", json())}};
  if (yes)
    parameters["digest"] = approval.value("digest", json());
  else
    parameters["message"] = "not before Monday";
  Result<json> answer = AskAdmin(places.admin_socket, yes ? "approvals.approve" : "approvals.deny", parameters);
  std::string says = yes ? "says yes, to exactly this call, once" : "says no: not before Monday";
  if (!answer) says = "could not answer: " + answer.error().ToString();
  SendEvent(events, {{"kind", "operator"}, {"text", says}});
  return answer.has_value();
}

}  // namespace

bool RunOperator(const Places& places, int events) {
  int answered = 0;
  json last;
  for (int i = 0; i < kPolls && answered < 2; ++i) {
    Result<json> waiting = AskAdmin(places.admin_socket, "approvals.list");
    if (!waiting) {
      SendEvent(events, {{"kind", "operator"}, {"text", waiting.error().ToString()}});
      return false;
    }
    for (const json& approval : waiting->value("approvals", json::array())) {
      if (approval.value("id", json()) == last) continue;
      last = approval.value("id", json());
      if (!Decide(places, events, approval, answered == 0)) return false;
      ++answered;
    }
    timespec pause{0, 5'000'000};
    nanosleep(&pause, nullptr);
  }
  return answered == 2;
}

}  // namespace warder::cli::demo
