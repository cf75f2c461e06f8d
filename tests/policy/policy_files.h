// Policies out of files, for the tests of policy/.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/limits.h"
#include "policy/decide.h"
#include "policy/load.h"

namespace warder::policy {

inline std::vector<std::filesystem::path> FilesIn(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(WARDER_SOURCE_DIR) + "/" + folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

inline std::string ReadText(const std::filesystem::path& path) {
  auto bytes = ReadFile(path.string(), 2 * limits::kMaxPolicyBytes);
  EXPECT_TRUE(bytes) << path;
  return bytes.value_or("");
}

// A policy that must load.
inline Policy Loaded(const std::string& text, const std::string& name = "F") {
  LoadResult result = LoadPolicy(name, text);
  EXPECT_TRUE(result.problems.empty()) << result.Describe(name);
  return std::move(result.policy);
}

inline PolicySet SetOf(const std::vector<std::string>& texts) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (size_t i = 0; i < texts.size(); ++i)
    layers.push_back(std::make_shared<Policy>(Loaded(texts[i], "F" + std::to_string(i))));
  auto set = PolicySet::Make(std::move(layers));
  EXPECT_TRUE(set.has_value());
  return std::move(*set);
}

}  // namespace warder::policy
