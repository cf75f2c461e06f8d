// The broker's state: what it was told by the monitor, and who is connected. One thread owns all of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "broker/approvals.h"
#include "broker/ledger_link.h"
#include "broker/monitor_link.h"
#include "broker/refusal_rate.h"
#include "policy/policy_set.h"
#include "wire/host_plan.h"

namespace warder::broker {

class Candidate;
class Session;

// Host file and policies of one load; never changed once it is in force.
struct Generation {
  uint64_t number = 0;
  uint64_t epoch = 0;
  wire::HostPlan host;
  std::map<std::string, std::shared_ptr<const policy::PolicySet>> policies;  // by the agent's name
  const wire::Agent* FindAgent(const std::string& name) const;
};

struct TrashNote {  // where an entry of this epoch came from
  std::string agent;
  std::string path;
};

struct Broker {
  Broker(const asio::any_io_executor& on, UniqueFd monitor_socket, UniqueFd ledger_socket)
      : executor(on), monitor(on, std::move(monitor_socket)), ledger(on, std::move(ledger_socket)), approvals(on) {}

  asio::any_io_executor executor;
  MonitorLink monitor;
  LedgerLink ledger;
  Approvals approvals;
  std::shared_ptr<const Generation> generation;
  std::map<uint64_t, std::shared_ptr<Session>> sessions;
  std::map<std::string, std::shared_ptr<Candidate>> candidates;  // by agent
  std::map<std::string, TrashNote> trash;
  std::map<std::string, RefusalRate> refusals;   // by agent
  std::map<uint32_t, size_t> admin_connections;  // by uid
  uint64_t next_call = 1;
  uint64_t calls_total = 0, calls_refused = 0;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  bool draining = false;
  bool stopped = false;  // by an operator's stop file
};

// Serves until the monitor or the ledger is gone; why, for the log. `control` is the monitor's socket.
std::string ServeBroker(UniqueFd control);
// What is done between the start and the first byte of a stranger (broker/confine.h); tests leave it out.
std::string ServeBroker(UniqueFd control, Status (*confine)());

// RFC 3339 in UTC, to the second.
std::string Rfc3339(std::chrono::system_clock::time_point time);

}  // namespace warder::broker
