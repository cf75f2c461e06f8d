// A directory of a test's own, removed with all below it; and short words for making things in it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/unique_fd.h"
#include "sandbox/hands/change.h"

namespace warder::hands {

class Tree {
 public:
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "warder-hands-XXXXXX").string();
    path_ = std::filesystem::canonical(mkdtemp(name.data())).string();
  }
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  // One by one, so that the whole may be as deep as the kernel allows.
  void Directory(const std::string& name) const {
    UniqueFd at(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (size_t start = 0; start < name.size();) {
      size_t end = std::min(name.find('/', start), name.size());
      std::string part = name.substr(start, end - start);
      mkdirat(at.get(), part.c_str(), 0755);
      at = UniqueFd(openat(at.get(), part.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      ASSERT_TRUE(at) << name;
      start = end + 1;
    }
  }
  void File(const std::string& name, std::string_view bytes, mode_t mode = 0644) const {
    UniqueFd fd(open((*this / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    ASSERT_TRUE(fd && WriteAll(fd.get(), bytes)) << name;
    ASSERT_EQ(fchmod(fd.get(), mode), 0);
  }
  void Link(const std::string& target, const std::string& name) const {
    ASSERT_EQ(symlink(target.c_str(), (*this / name).c_str()), 0) << name;
  }
  std::string Read(const std::string& name) const { return ReadFile(*this / name, 1 << 20).value_or("<none>"); }
  bool Has(const std::string& name) const {
    struct stat status;
    return lstat((*this / name).c_str(), &status) == 0;
  }

 private:
  std::string path_;
};

// Workspace `w` and trash `t` in a tree.
struct Owner {
  Tree tree;
  OwnerTrees trees;
  uint64_t call = 1;
  Owner() {
    tree.Directory("w");
    tree.Directory("t");
    chmod((tree / "t").c_str(), 0700);
    auto opened = OpenOwnerTrees({tree / "w", tree / "t"});
    if (!opened) ADD_FAILURE() << opened.error().what;
    trees = std::move(opened.value());
  }
  // What hands of the session would have seen at the path now.
  wire::ChangePlan Plan(wire::ChangeKind kind, const std::string& path) {
    wire::ChangePlan plan;
    plan.session = 1;
    plan.call = call++;
    plan.agent = "coder";
    plan.kind = kind;
    plan.workspace = tree / "w";
    plan.path = plan.workspace + "/" + path;
    if (kind == wire::ChangeKind::kDelete) plan.trash_entry = std::to_string(plan.call) + "-0";
    struct stat status;
    if (lstat(plan.path.c_str(), &status) == 0) {
      plan.expect_exists = true;
      plan.expect_dev = status.st_dev;
      plan.expect_ino = status.st_ino;
    }
    return plan;
  }
  wire::ChangePlan WritePlan(const std::string& path, std::string_view bytes) {
    wire::ChangePlan plan = Plan(wire::ChangeKind::kWrite, path);
    plan.content = HashSha256(bytes);
    plan.content_bytes = bytes.size();
    plan.descriptors.push_back({wire::DescriptorRole::kContent, 0, 0, O_RDONLY});
    return plan;
  }
  wire::ChangeAnswer Write(const std::string& path, std::string_view bytes) {
    wire::ChangePlan plan = WritePlan(path, bytes);
    auto memory = SealedMemory("test", bytes);
    return Change(trees, plan, memory->get());
  }
  wire::ChangeAnswer Delete(const std::string& path) {
    return Change(trees, Plan(wire::ChangeKind::kDelete, path), -1);
  }
  wire::ChangeAnswer Restore(const std::string& entry, const std::string& path) {
    wire::ChangePlan plan = Plan(wire::ChangeKind::kRestore, path);
    plan.trash_entry = entry;
    return Change(trees, plan, -1);
  }
};

}  // namespace warder::hands
