// A recorded call, decided again from its recorded facts, under layers that may be others than then.
//
// Nothing is looked up and nothing is guessed: where the layers ask for a fact that was not recorded, the answer is
// why not. The layers count as if they had been loaded right before each call: a name is bound to the file that lay
// at its path then. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "policy/record/facts.h"

namespace warder::policy {

struct RecordedCall {
  std::string tool;
  std::optional<std::string> arguments;  // JSON text; nothing: erased
  bool has_reason = false;
  std::optional<std::string> reason;  // nothing: there was none, or it was erased
  std::optional<std::string> facts;   // nothing: erased
  bool has_facts = false;
  std::chrono::system_clock::time_point time;  // of the record: local time of zones that no policy named then
};

enum class WhyNot : uint8_t {
  kErased,   // free text is gone
  kCut,      // arguments or facts were too long to record
  kOlder,    // recorded by a version that did not write all facts
  kPath,     // a path that was not looked up then
  kProgram,  // a program that was not looked up then
  kCounter,  // a counter that was not recorded
  kCall,     // a tool or arguments that this version does not read
  kLast = kCall
};
const char* WhyNotName(WhyNot why);  // "a path that was not looked up"

struct Replayed {
  std::optional<Decision> decision;
  Call call;                   // as it was read; where decision is there
  WhyNot why = WhyNot::kCall;  // where it is not
  std::string what;            // the path, the program …
};

struct ReplayTerms {
  std::optional<std::string> profile;  // instead of the recorded one
  bool counters_free = false;          // what was not recorded has room
};

// Gives each program that is bound to no file here the paths at which a host would look for it, as files that nothing
// else is: a log may come from another machine. To be done before the layers are put together.
void AssumeFiles(Policy& policy);

class Replayer {
 public:
  // The set must outlive it.
  Replayer(const PolicySet& set, ReplayTerms terms);
  Replayed Decide(const RecordedCall& recorded) const;

 private:
  std::optional<Replayed> Paths(const Wanted& wanted, const RecordedFacts& recorded, Facts& facts) const;
  std::optional<Replayed> Programs(const Call& call, const Wanted& wanted, const RecordedFacts& recorded,
                                   Facts& facts) const;
  std::optional<Replayed> Scripts(const RecordedFacts& recorded, Call& call) const;
  std::optional<Replayed> Counters(const Wanted& wanted, const RecordedFacts& recorded, Facts& facts) const;
  bool Identify(const RecordedProgram& recorded, const std::string& asked, ProgramFact& fact) const;

  const PolicySet& set_;
  ReplayTerms terms_;
  struct File {
    uint64_t dev = 0, ino = 0;
  };
  std::unordered_map<std::string, File> files_;  // by the path that some name is bound to
};

}  // namespace warder::policy
