// Which users, groups and ranges of ids does this machine have?
#include "config/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/text.h"

namespace warder::config {

std::optional<User> Accounts::UserNamed(const std::string& name) {
  for (User& user : Users())
    if (user.name == name) return user;
  return std::nullopt;
}

std::optional<User> Accounts::UserWithId(uint32_t uid) {
  for (User& user : Users())
    if (user.uid == uid) return user;
  return std::nullopt;
}

std::optional<Group> Accounts::GroupNamed(const std::string& name) {
  for (Group& group : Groups())
    if (group.name == name) return group;
  return std::nullopt;
}

std::optional<Group> Accounts::GroupWithId(uint32_t gid) {
  for (Group& group : Groups())
    if (group.gid == gid) return group;
  return std::nullopt;
}

std::vector<User> SystemAccounts::Users() {
  std::vector<User> users;
  setpwent();
  while (const passwd* entry = getpwent()) users.push_back({entry->pw_name, entry->pw_uid, entry->pw_gid});
  endpwent();
  return users;
}

std::vector<Group> SystemAccounts::Groups() {
  std::vector<Group> groups;
  setgrent();
  while (const group* entry = getgrent()) {
    Group one{entry->gr_name, entry->gr_gid, {}};
    for (char** member = entry->gr_mem; member != nullptr && *member != nullptr; ++member)
      one.members.emplace_back(*member);
    groups.push_back(std::move(one));
  }
  endgrent();
  return groups;
}

std::vector<IdRange> SystemAccounts::Subordinate() {
  std::vector<IdRange> ranges;
  for (const char* path : {"/etc/subuid", "/etc/subgid"}) {
    auto bytes = ReadFile(path, 1 << 20);
    if (!bytes) continue;  // not there: nothing is given away
    std::string_view rest = *bytes;
    while (!rest.empty()) {
      std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      size_t first = line.find(':'), second = line.find(':', first + 1);
      if (first == std::string_view::npos || second == std::string_view::npos) continue;
      auto start = ParseDecimal(line.substr(first + 1, second - first - 1), UINT32_MAX);
      auto count = ParseDecimal(line.substr(second + 1), UINT32_MAX);
      if (!start || !count || *count == 0) continue;
      uint64_t last = std::min<uint64_t>(*start + *count - 1, UINT32_MAX);
      ranges.push_back({static_cast<uint32_t>(*start), static_cast<uint32_t>(last),
                        std::string(path) + ": " + std::string(line.substr(0, first))});
    }
  }
  return ranges;
}

std::string SystemAccounts::HostName() {
  utsname names;
  return uname(&names) == 0 && names.nodename[0] != '\0' ? names.nodename : "host";
}

}  // namespace warder::config
