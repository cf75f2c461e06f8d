// Calls that wait for a person, and the persons' answers. Silence is no.
//
// An answer binds to the digest of what was shown. Nobody answers for a session under their own uid, and
// nobody for an agent whose list of approvers does not name them. Nothing here outlives the broker.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "broker/answer.h"
#include "broker/cancellation.h"
#include "broker/permit.h"
#include "wire/host_plan.h"

namespace warder::broker {

struct PersonSeen {  // who is at the other end of an admin connection, as the kernel says
  uint32_t uid = 0;
  int32_t pid = 0;
  std::vector<uint32_t> groups;  // gid included
};
// Whether the subject names this person.
bool Names(const wire::Subject& subject, const PersonSeen& person);

struct ApprovalRequest {
  uint64_t call = 0;
  uint64_t session = 0;
  std::vector<uint32_t> own_uids;        // of the asking side: never approve
  std::vector<wire::Subject> approvers;  // empty: whoever has the right
  uint32_t people = 1;
  std::chrono::milliseconds life{0};
  Digest digest{};
  nlohmann::json shown;  // APPROVAL of docs/formats/admin.md without its times
};

enum class PersonsWord { kApproved, kDenied, kTimeout, kWithdrawn };
struct AnsweredBy {
  uint32_t uid = 0;
  uint64_t waited_ms = 0;
};
struct ApprovalAnswer {
  PersonsWord word = PersonsWord::kTimeout;
  uint64_t id = 0;
  std::vector<AnsweredBy> people;
  std::string message;  // of who denied
  uint64_t waited_ms = 0;
  std::optional<Grant> grant;  // only for kApproved
};

class Approvals {
 public:
  // One place among those that may wait. It is held from before the request is recorded until the answer, so
  // that calls which are recorded at the same time can not take one place twice.
  class Place {
   public:
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (taken_) taken_->erase(id_);
    }
    uint64_t id() const { return id_; }

   private:
    friend class Approvals;
    struct By {
      uint64_t session;
      std::string agent;
    };
    using Taken = std::map<uint64_t, By>;  // by id
    Place(std::shared_ptr<Taken> taken, uint64_t id) : taken_(std::move(taken)), id_(id) {}
    std::shared_ptr<Taken> taken_;  // shared: a call that is dropped at the end outlives the broker
    uint64_t id_;
  };

  explicit Approvals(const asio::any_io_executor& executor) : executor_(executor) {}
  // agents: how many share the places, each an equal part.
  void SetLimits(uint32_t waiting, uint32_t per_session, size_t agents);

  // kLimit where no further request of this session, or of its agent, can wait.
  Result<Place> Take(uint64_t session, const std::string& agent);
  asio::awaitable<ApprovalAnswer> Ask(Place place, ApprovalRequest request, Cancellation& cancellation);

  nlohmann::json List() const;
  Result<nlohmann::json> Show(uint64_t id) const;
  // Whether this person may answer this now; digest: what they were shown (none: they say no).
  Status Check(uint64_t id, const Digest* digest, const PersonSeen& person) const;
  // Check() again, then takes the answer; the call's id.
  Result<uint64_t> Approve(uint64_t id, const Digest& digest, const PersonSeen& person);
  Result<uint64_t> Deny(uint64_t id, const PersonSeen& person, std::string message);
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    ApprovalRequest request;
    std::chrono::steady_clock::time_point since;
    std::vector<AnsweredBy> approved_by;
    std::shared_ptr<Answer<ApprovalAnswer>> answer;
  };
  nlohmann::json Shown(uint64_t id, const Waiting& waiting) const;

  asio::any_io_executor executor_;
  std::map<uint64_t, Waiting> waiting_;
  std::shared_ptr<Place::Taken> taken_ = std::make_shared<Place::Taken>();
  uint64_t next_id_ = 1;
  uint32_t max_waiting_ = 0, max_per_session_ = 0, max_per_agent_ = 0;
};

}  // namespace warder::broker
