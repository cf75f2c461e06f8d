// What does one seen call consist of, in words that a policy can say exactly? Internal to policy/learn.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/record/again.h"

namespace warder::policy::learn {

enum class PartKind : uint8_t { kCommand, kPath, kAction };

struct Part {
  PartKind kind = PartKind::kCommand;
  // kCommand
  std::vector<std::string> argv;          // argv[0] as a rule names the program
  std::vector<std::optional<Act>> paths;  // as what act each word was judged; of a word alone
  std::string file;                       // where a name leads that policies listed; empty: the system's directories
  std::optional<Digest> sha256;           // of that file
  // kPath: as a rule writes it, a variable in front where there is one
  std::string path;
  Act act = Act::kRead;
  // kAction
  std::string action;

  std::string Key() const;  // equal for what a policy says once
};

struct Parts {
  std::vector<Part> parts;
  std::vector<std::string> variables;  // of the environment, that the call set
  bool nothing = false;                // needs no rule
  std::string problem;                 // why the call can not be learned; parts may be there for all that
};

Parts PartsOf(const RecordedCall& recorded);

// Why no policy should or can hold this word of a command, or this path; empty: it can.
std::string WordProblem(const std::string& word);
// Whether a text has the form of a key, token or password.
bool LooksSecret(std::string_view text);

}  // namespace warder::policy::learn
