// Every limit of warder: unit in the name, reason in the comment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace warder::limits {

// ---- messages between our own processes -------------------------------------------------
// One SOCK_SEQPACKET message. Below the default send buffer (212,992 bytes, net.core.wmem_default,
// of which the kernel takes its own overhead), so that a send never fails for its size.
inline constexpr size_t kMaxMessageBytes = 128 * 1024;
// Descriptors in one message; SCM_MAX_FD is 253, we never need more than this.
inline constexpr size_t kMaxMessageDescriptors = 16;
// A plan's bytes: half of a message, since it travels with a receipt inside one.
inline constexpr size_t kMaxPlanBytes = 96 * 1024;

// ---- agents ------------------------------------------------------------------------------
// One JSON-RPC line (3-protocol).
inline constexpr size_t kMaxFrameBytes = 4 * 1024 * 1024;
// Nesting of a JSON message (3-protocol): deeper is an attack on the parser's stack.
inline constexpr size_t kMaxJsonDepth = 64;
// Calls that one connection may have in flight, whatever the policy's `concurrent` says.
inline constexpr size_t kMaxCallsInFlight = 64;
// Bytes waiting for a client that does not read; then its connection is closed.
inline constexpr size_t kMaxUnsentBytes = 16 * 1024 * 1024;
// A line that was begun must end within this time: slow lines hold memory.
inline constexpr std::chrono::seconds kLineTimeout{30};
// Connections of one agent, default and ceiling of `agents.NAME.sessions`.
inline constexpr size_t kDefaultSessionsPerAgent = 8;
inline constexpr size_t kMaxSessionsPerAgent = 1024;
// Values of one JSON message: parsed ones cost up to 50 times their bytes in memory.
inline constexpr size_t kMaxJsonValues = 100'000;
// A request's id as text: it is kept while the call runs and sent back.
inline constexpr size_t kMaxRequestIdBytes = 256;
// Bytes of a file in one answer of read_file: more belongs into ranges, not into a model's context.
inline constexpr size_t kMaxReadAnswerBytes = 1024 * 1024;
// Output of a run in one answer, whatever policy and bounds say: a stream of NUL takes six times as
// much in JSON, and kMaxUnsentBytes holds one answer of it. More belongs into a file of the
// workspace.
inline constexpr size_t kMaxOutputAnswerBytes = 1024 * 1024;
// Text of an answer beside its structured content, which holds all of it.
inline constexpr size_t kMaxAnswerTextBytes = 256 * 1024;
// Connections of people's tools at once: each costs the broker a buffer.
inline constexpr size_t kMaxAdminConnections = 64;
// Of one person, so that nobody locks the others out; and how long one may ask nothing.
inline constexpr size_t kMaxAdminConnectionsPerUid = 16;
inline constexpr std::chrono::seconds kAdminIdle{30};
// The agent's own words on why (recorded as untrusted text).
inline constexpr size_t kMaxReasonBytes = 4096;

// ---- calls -------------------------------------------------------------------------------
inline constexpr size_t kMaxArgvWords = 1024;       // words of one simple command
inline constexpr size_t kMaxArgvBytes = 64 * 1024;  // of one argv: what the exec guard reads too
inline constexpr size_t kMaxLineBytes = 8 * 1024;   // one command line, as the language's own text: 8192
inline constexpr size_t kMaxLineCommands = 50;      // simple commands of one line (threat row 5)
inline constexpr size_t kMaxPathBytes = 4095;       // PATH_MAX less the NUL
inline constexpr size_t kMaxSymlinks = 40;          // path_resolution(7): ELOOP past 40
inline constexpr size_t kMaxStdinBytes = 1024 * 1024;
inline constexpr size_t kMaxFileBytes = 100 * 1000 * 1000;  // read_file and write_file, at most
// Files that a hidden-file walk of a workspace looks at; beyond it a session is refused.
inline constexpr size_t kMaxWalkEntries = 500'000;
inline constexpr size_t kMaxMasks = 2048;  // mounts over hidden files in one jail

// ---- receipts ----------------------------------------------------------------------------
// 0-overview: the jailer takes a receipt for at most 2 s.
inline constexpr std::chrono::milliseconds kReceiptLife{2000};
// Receipts arrive in any order within this window below the highest one seen.
inline constexpr uint64_t kReceiptWindow = 4096;

// ---- jails -------------------------------------------------------------------------------
inline constexpr std::chrono::milliseconds kTermGrace{2000};  // between TERM and kill of the cgroup
inline constexpr std::chrono::seconds kHandsTimeout{10};      // an answer of hands; then the call fails
inline constexpr size_t kOutputChunkBytes = 32 * 1024;        // one output message of the keeper
inline constexpr uint32_t kDefaultRunningJails = 64;

// ---- audit -------------------------------------------------------------------------------
inline constexpr size_t kMaxRecordBytes = 65'535;  // 4-audit: one line at most
inline constexpr uint64_t kDefaultSegmentBytes = 64ull << 20;
inline constexpr uint64_t kReserveBytes = 1ull << 20;  // keeps room to record refusing and stopping
inline constexpr size_t kMaxBatchRecords = 1024;       // records that share one sync

// ---- policy files --------------------------------------------------------------------------
inline constexpr size_t kMaxPolicyBytes = 1024 * 1024;
inline constexpr size_t kMaxYamlDepth = 12;
inline constexpr size_t kMaxYamlScalarBytes = 8 * 1024;
inline constexpr size_t kMaxYamlNodes = 20'000;
inline constexpr size_t kMaxRegexStates = 1000;
inline constexpr std::chrono::seconds kConfigTimeout{10};  // wall time of one warder-config
inline constexpr size_t kConfigMemoryBytes = 512ull << 20;
// What warder-config gives back for one policy or host file.
inline constexpr size_t kMaxFlatConfigBytes = 16 * 1024 * 1024;

// ---- approvals -----------------------------------------------------------------------------
inline constexpr size_t kMaxApprovalsWaiting = 100;
inline constexpr size_t kMaxApprovalsPerSession = 5;
inline constexpr std::chrono::minutes kApprovalTimeout{10};

}  // namespace warder::limits
