// A policy in shadow: decided beside the one in force, never in its place.
//
// It stands in for the agent's layer of its own kind, beside the same other layers, the workspace's included. Each
// decided call is decided under it again, after its answer, from the facts that its own decision had; nothing is looked
// up for it. What comes out at another level is written into the log. Nothing that it says, lacks or throws is felt by
// a call. It lives in this process and ends with the next load. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/decode.h"
#include "broker/records.h"

namespace warder::broker {

struct CandidateCounts {
  uint64_t decided = 0, same = 0, other_rule = 0, stricter = 0, looser = 0, unknown = 0, failed = 0;
};

struct CandidateTerms {
  std::string agent, layer, file;
  uint32_t uid = 0;  // who set it
};

class Candidate {
 public:
  // policy: as its loader answered. Refused where it can not stand beside the agent's other layers.
  static Result<std::shared_ptr<Candidate>> Make(CandidateTerms terms, std::shared_ptr<const Generation> generation,
                                                 policy::Policy policy);
  ~Candidate();

  // The record that it makes of one decided call; nothing where the level is the same.
  std::optional<audit::Draft> Decide(CallId id, const std::shared_ptr<const policy::PolicySet>& active,
                                     const CallRequest& request, const LookedUp& found,
                                     const policy::Decision& decision, const std::string& profile);
  nlohmann::json Describe() const;
  audit::Draft Began() const;
  audit::Draft Ended(const std::string& why) const;
  const CandidateTerms& terms() const { return terms_; }
  const Generation& generation() const { return *generation_; }

 private:
  struct Beside;  // the layers of one set in force, with this one in its place
  Candidate() = default;
  Result<Beside*> For(const std::shared_ptr<const policy::PolicySet>& active);

  CandidateTerms terms_;
  std::shared_ptr<const Generation> generation_;  // that it was set beside
  std::shared_ptr<const policy::Policy> policy_;
  std::string replaces_;  // the id of the layer in force; empty: there is none
  std::chrono::system_clock::time_point since_;
  CandidateCounts counts_;
  std::vector<std::unique_ptr<Beside>> beside_;
};

// A person's: read, judged and recorded; kNotFound, kInvalid … with the loader's words where it is refused.
asio::awaitable<Result<std::shared_ptr<Candidate>>> SetCandidate(Broker& broker, CandidateTerms terms);
// False: there was none.
asio::awaitable<Result<bool>> StopCandidate(Broker& broker, std::string agent, std::string why);
// All of them: a new load is in force.
void EndCandidates(Broker& broker, const std::string& why);

// Decides a call that is over under the agent's candidate, where there is one, once the broker has nothing else to do.
struct DecidedCall {
  CallId id;
  std::string agent, profile;
  std::shared_ptr<const Generation> generation;
  std::shared_ptr<const policy::PolicySet> policy;
  CallRequest request;
  LookedUp found;
  policy::Decision decision;
};
void DecideInShadow(Broker& broker, DecidedCall call);

}  // namespace warder::broker
