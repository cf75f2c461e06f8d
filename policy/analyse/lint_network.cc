// Which hosts may be reached that nobody has thought of?
#include "policy/analyse/lint_parts.h"
#include "policy/schema.h"

namespace warder::policy::lint {

void LintNetwork(Layer& layer) {
  for (const NetworkRule& rule : layer.policy().network) {
    if (rule.level > Level::kNotify) continue;
    for (const std::string& host : rule.hosts) {
      if (!host.starts_with("*.")) continue;
      layer.Add("wildcard-host", rule.where, rule.id,
                Quote(host) + " is every name below " + host.substr(2) +
                    ", also those that are registered later and those of other people",
                "anything" + host.substr(1), "write the hosts that are needed, or `level: approve`");
    }
  }
}

}  // namespace warder::policy::lint
