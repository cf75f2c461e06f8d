// warder-broker: parses what agents say, decides, asks people, answers. Descriptor 3 is the monitor's socket.
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unique_fd.h"
#include "broker/broker.h"
#include "broker/confine.h"

int main() {
  warder::SetLogName("warder-broker");
  // A command that does not read its stdin is EPIPE and no signal.
  signal(SIGPIPE, SIG_IGN);
  const std::string why = warder::broker::ServeBroker(warder::UniqueFd(3), warder::broker::Confine);
  warder::LogInfo(why);
  // No destructors: what other processes hold open they close themselves.
  _exit(why.starts_with("the monitor is gone") ? 0 : 1);
}
