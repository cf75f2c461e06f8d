// The layers in force together, ready to be asked: sorted, indexed, their settings merged.
//
// Made once for each combination of files, then immutable and free to share between threads. Holds
// the policies; everything that policy/decide.h answers may point into it.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/load.h"
#include "policy/policy.h"

namespace warder::policy {

class LayerIndex;

// The matters of which a layer speaks by having the section.
enum class Matter : uint8_t { kExec, kPaths, kNetwork };

// What the layers say together about everything that is no rule (1-policy, "Sections": the column
// "over layers"). A layer that does not have a key says nothing about it; where none has it, the
// default counts. The workspace layer counts only where a layer above it speaks too.
struct Settings {
  Limits limits;  // smallest
  WorkspaceMode workspace_mode = WorkspaceMode::kCopyOnWrite;
  Apply apply = Apply::kAuto;
  bool executable = false;
  Trash trash;
  Tier tier = Tier::kNamespace;
  std::string root = "host-usr";
  std::optional<LimitsBy> limits_by;  // absent: the host's own default
  InsideTerms inside;
  std::vector<std::string> environment_pass;
  std::vector<std::string> require_reason;
  std::vector<std::string> zones;  // that windows name, each once
};

class PolicySet {
 public:
  // Refused, with where and remedy: no layer, two of one kind, programs or jail roots that do not
  // agree. A problem's file is the one it is in.
  struct Problem {
    std::string file;
    LoadProblem problem;
  };
  static std::expected<PolicySet, std::vector<Problem>> Make(std::vector<std::shared_ptr<const Policy>> layers);
  // One layer alone. Does not own it: the policy must outlive the set. Never refused.
  PolicySet(const Policy& only);  // NOLINT: a policy is a set of one

  PolicySet(PolicySet&&) noexcept;
  PolicySet& operator=(PolicySet&&) noexcept;
  ~PolicySet();

  // In the order of LayerKind; never empty.
  std::span<const std::shared_ptr<const Policy>> layers() const { return layers_; }
  const Policy& layer(size_t i) const { return *layers_[i]; }
  size_t size() const { return layers_.size(); }
  const LayerIndex& index(size_t i) const { return *indexes_[i]; }
  const Settings& settings() const { return settings_; }

  // Whether the layer has the section and it counts: a workspace's only where one above speaks too.
  bool Speaks(size_t layer, Matter matter) const;
  // Whether the layer leaves what none of its rules meets to the others.
  bool Passes(size_t layer, Matter matter) const;
  // Whether a match in this layer may answer for the matter: in the workspace's own it only
  // narrows.
  bool Answers(size_t layer) const { return this->layer(layer).layer != LayerKind::kWorkspace; }
  // Over the digests of all layers, in order; of one layer, its own.
  Digest digest() const;
  // For people: the ids of all layers; the first layer's default-profile, where one has any.
  std::string ids() const;
  std::string default_profile() const;

 private:
  PolicySet() = default;
  void Index();

  std::vector<std::shared_ptr<const Policy>> layers_;
  std::vector<std::unique_ptr<LayerIndex>> indexes_;
  Settings settings_;
};

// What can only be seen with all layers at hand: actions in profiles, windows and require-reason
// that no rule of any layer and no tool has.
std::vector<PolicySet::Problem> CheckSet(const PolicySet& set);

}  // namespace warder::policy
