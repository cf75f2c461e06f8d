// Users, groups and ranges of ids of this machine, behind an interface so that tests bring their
// own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace warder::config {

struct User {
  std::string name;
  uint32_t uid = 0;
  uint32_t gid = 0;
};
struct Group {
  std::string name;
  uint32_t gid = 0;
  std::vector<std::string> members;
};
struct IdRange {
  uint32_t first = 0, last = 0;
  std::string what;  // as a message names it
};

class Accounts {
 public:
  virtual ~Accounts() = default;
  virtual std::vector<User> Users() = 0;
  virtual std::vector<Group> Groups() = 0;
  // Ranges that /etc/subuid and /etc/subgid give away.
  virtual std::vector<IdRange> Subordinate() = 0;
  virtual std::string HostName() = 0;

  std::optional<User> UserNamed(const std::string& name);
  std::optional<User> UserWithId(uint32_t uid);
  std::optional<Group> GroupNamed(const std::string& name);
  std::optional<Group> GroupWithId(uint32_t gid);
};

// getpwent(3), getgrent(3), /etc/subuid, /etc/subgid, uname(2). Not thread-safe, as those are.
class SystemAccounts : public Accounts {
 public:
  std::vector<User> Users() override;
  std::vector<Group> Groups() override;
  std::vector<IdRange> Subordinate() override;
  std::string HostName() override;
};

}  // namespace warder::config
