// The admin socket: what people see and do (docs/formats/admin.md).
#pragma once

#include <memory>

#include "broker/broker.h"
#include "broker/connection.h"
#include "wire/monitor.h"

namespace warder::broker {

// Serves one connection until it ends. An agent's uid is turned away.
asio::awaitable<void> ServeAdmin(Broker& broker, wire::AdminOpened opened, UniqueFd connection);

}  // namespace warder::broker
