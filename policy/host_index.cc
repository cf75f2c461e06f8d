// Which network rules of a layer cover one host, port and method?
#include <algorithm>

#include "policy/layer_index.h"

namespace warder::policy {
namespace {

bool CoversPort(const NetworkRule& rule, uint16_t port) {
  return rule.ports.empty() || std::ranges::find(rule.ports, port) != rule.ports.end();
}

bool CoversMethod(const NetworkRule& rule, const std::string& method) {
  return rule.methods.empty() || method.empty() || std::ranges::find(rule.methods, method) != rule.methods.end();
}

}  // namespace

bool CoversHost(std::string_view rule, std::string_view named) {
  if (rule == named) return true;
  if (!rule.starts_with("*.")) return false;
  // `*.c` covers `b.c` and `*.b.c`, never `c`.
  if (named.starts_with("*.")) named.remove_prefix(2);
  return named.size() > rule.size() - 1 && named.ends_with(rule.substr(1));
}

HostIndex::HostIndex(const Policy& policy) : policy_(&policy) {
  for (uint32_t r = 0; r < policy.network.size(); ++r) {
    by_id_.emplace(policy.network[r].id, r);
    for (const std::string& host : policy.network[r].hosts) by_host_[host].push_back(r);
  }
}

const NetworkRule* HostIndex::Find(std::string_view id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &policy_->network[found->second];
}

size_t HostIndex::IndexOf(const NetworkRule& rule) const {
  return static_cast<size_t>(&rule - policy_->network.data());
}

std::vector<uint32_t> HostIndex::Covering(const HostPort& host) const {
  std::vector<uint32_t> out;
  auto look = [&](std::string_view key) {
    auto found = by_host_.find(key);
    if (found == by_host_.end()) return;
    for (uint32_t r : found->second)
      if (CoversPort(policy_->network[r], host.port) && CoversMethod(policy_->network[r], host.method))
        out.push_back(r);
  };
  look(host.name);
  // `*.b.c` and `*.c` for `a.b.c`; a name that begins with `*.` is itself looked up above.
  std::string_view rest = host.name;
  if (rest.starts_with("*.")) rest.remove_prefix(2);
  for (size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    rest.remove_prefix(dot + 1);
    look("*." + std::string(rest));
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace warder::policy
