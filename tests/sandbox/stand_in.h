// The names that the stand-ins of config, ledger, broker and hands share.
#pragma once

namespace warder::stand_in {
int BrokerMain();
}  // namespace warder::stand_in
