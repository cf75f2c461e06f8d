// Who says yes when `warder run` is its own host? The person at the invoking terminal, or nobody.
//
// A child process watches the admin socket for requests of one session and asks on /dev/tty. Where there is
// no terminal it denies them at once and says so: approve then means no.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace warder::cli {

// A waiting request (APPROVAL of docs/formats/admin.md) as its approver reads it, with the time that is left.
std::string ApprovalText(const nlohmann::json& approval);

class TerminalApprover {
 public:
  TerminalApprover(const std::string& admin_socket, uint64_t session);
  ~TerminalApprover();  // ends the child
  TerminalApprover(const TerminalApprover&) = delete;
  TerminalApprover& operator=(const TerminalApprover&) = delete;

 private:
  pid_t child_ = -1;
};

}  // namespace warder::cli
