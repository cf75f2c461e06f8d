// What does an embedded host serve? Its agent entries, and the host file that they make.
//
// An entry is one (workspace, policy, profile); the file `entries.json` in the embedded directory remembers
// them between invocations. Pure but for reading and writing those two files.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace warder::cli {

// Numbers that nobody has to register: the host's identities where there is no installation (0-overview).
inline constexpr uid_t kEmbeddedBroker = 1900070001;
inline constexpr uid_t kEmbeddedLedger = 1900070002;
// Calls come as this uid and people as root, so that who asks and who says yes are two.
// Each entry is an agent with a uid of its own (the host file takes no two agents of one uid), from here on.
inline constexpr uid_t kEmbeddedAgents = 1900100000;

struct Entry {
  std::string name;  // ws-<8 hex>: of workspace, policy and profile
  std::string workspace;
  uid_t owner = 0;
  std::string policy;         // a file
  std::string policy_digest;  // hex: another content under the same path needs a reload
  std::string profile;
};

// The agent's uid: kEmbeddedAgents + the first 6 hex digits of its name's digest. Two that collide are refused by
// the host file's reader, not merged.
uid_t EntryUid(const std::string& name);

std::string EntryName(const std::string& workspace, const std::string& policy, const std::string& profile);

// One workspace inside the other, or the same.
bool EntriesOverlap(const Entry& a, const Entry& b);

struct Served {
  std::string state;  // the state directory; empty where nothing was served yet
  std::vector<Entry> entries;
};
Result<Served> ReadServed(const std::string& embedded_directory);
Status WriteServed(const std::string& embedded_directory, const Served& served);

// The text of the host file for these entries.
std::string HostFileText(const std::string& embedded_directory, const Served& served,
                         const std::vector<uid_t>& policy_owners);

// A double-quoted YAML scalar of the text; kInvalid where it has bytes that strict YAML refuses.
Result<std::string> YamlQuote(const std::string& text);

// Replaces a file as a whole: a new one beside it, then rename(2). Owned by the caller.
Status ReplaceFile(const std::string& path, const std::string& text, mode_t mode);

}  // namespace warder::cli
