// `warder mcp`: joins an MCP client's stdin and stdout to the agent socket, byte for byte.
//
// Nothing is added, read or forwarded beside those bytes: no environment, no arguments. Each direction has
// one buffer; while it is full its source is not read, so a client that never reads costs nothing.
#pragma once

#include "base/error.h"

namespace warder::agent {

// Returns when the socket's other side has ended and all of it was written to out, or when out is gone. The
// end of in is passed on as a half-close, so that answers still come. Ignores SIGPIPE for the process.
// Descriptors are borrowed and their flags left alone (a terminal shares them with the shell).
Status Bridge(int in, int out, int socket);

}  // namespace warder::agent
