// Every message between our own processes: what decodes has one encoding, and nothing reads past its bytes.
//
// Root decodes some of these from a broker that may be taken over; the broker and the ledger decode others from hands
// and keepers. The first byte names no message here: each decoder gets the same bytes and must refuse what is not its
// own.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/client.h"
#include "wire/config_answer.h"
#include "wire/enter_spec.h"
#include "wire/hands.h"
#include "wire/host_plan.h"
#include "wire/monitor.h"
#include "wire/plan.h"
#include "wire/report.h"

namespace {
using namespace warder;
using namespace warder::wire;

template <typename... Message>
int TakenBy(std::string_view bytes) {
  int taken = 0;
  auto one = [&]<typename M>() {
    auto message = flat::DecodeMessage<M>(bytes);
    if (!message) return;
    ++taken;
    if (flat::EncodeMessage(*message) != bytes) std::abort();
  };
  (one.template operator()<Message>(), ...);
  return taken;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const int taken =
      TakenBy<ConfigAnswer, EnterRoom, EnterSpec, ResolveRequest, ResolveAnswer, CoverRequest, CoverAnswer, ReadRequest,
              ReadAnswer, ListRequest, ListAnswer, HostPlan, LedgerStart, SessionBegan, SessionOver, KeeperBegan,
              JailEnded, HostEvent, LedgerStop, LedgerReady, LedgerShut, LedgerStopped, BrokerStart, PolicyOffered,
              SessionOpened, AdminOpened, RunAnswer, JailGone, ChangeAnswer, ReloadAnswer, CandidateAnswer,
              CandidateRequest, Draining, StopState, JailRequest, RunRequest, ChangeRequest, KillRequest, SessionClosed,
              ReloadRequest, DrainRequest, LayerRequest, OwnerStart, ChangeOrder, RunPlan, ChangePlan, SetupFailed,
              ListEnded, JailStarted, Output, Cancel, RunEnd, audit::AppendRequest, audit::AppendReply>(bytes);
  if (taken > 1) std::abort();  // a message can not be taken for another
  return 0;
}
