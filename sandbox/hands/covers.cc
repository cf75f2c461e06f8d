// Which files below these trees must a jail not show, or not let change?
#include "sandbox/hands/covers.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/glob.h"
#include "sandbox/hands/open_beneath.h"
#include "sandbox/hands/read.h"

namespace warder::hands {
namespace {

using wire::Cover;
using wire::CoverKind;
using wire::CoverRule;
using Identity = std::pair<uint64_t, uint64_t>;

bool AnyMatch(const std::vector<std::string>& globs, const std::string& path) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& g) { return GlobMatch(g, path); });
}

bool Granted(const std::vector<wire::CoverGrant>& grants, const std::string& path) {
  return std::any_of(grants.begin(), grants.end(),
                     [&](const wire::CoverGrant& g) { return AnyMatch(g.match, path) && !AnyMatch(g.unless, path); });
}

// One directory of the walk whose entries are not all done.
struct Frame {
  std::string path;
  struct stat status{};
  std::vector<std::string> directories;  // to go into; the next one is the last
  std::vector<bool> covered;             // by rule
  std::vector<bool> exempt_below;        // by rule: an exempt entry was met, so no whole cover
  size_t first_cover = 0;                // covers_ from here on lie below
};

class Walk {
 public:
  Walk(int root, const std::vector<std::string>& trees, const std::vector<CoverRule>& rules, const CoverLimits& bounds)
      : root_(root), trees_(trees.begin(), trees.end()), rules_(rules), bounds_(bounds) {}

  Result<Covers> Run() {
    for (const std::string& tree : trees_) {
      if (!wire::ValidPath(tree)) return Fail(Code::kInvalid, "a tree's path that is not canonical");
      WARDER_TRY_STATUS(Tree(tree));
    }
    AddOtherNames();
    WARDER_TRY_STATUS(PinAncestors());
    std::sort(out_.begin(), out_.end(), [](const Cover& a, const Cover& b) {
      return std::pair(std::string_view(a.path), a.kind) < std::pair(std::string_view(b.path), b.kind);
    });
    // Trees inside one another are walked twice.
    auto same = [](const Cover& a, const Cover& b) { return a.path == b.path && a.kind == b.kind; };
    out_.erase(std::unique(out_.begin(), out_.end(), same), out_.end());
    if (out_.size() > bounds_.covers) return TooManyCovers();
    return Covers{std::move(out_), walked_};
  }

 private:
  std::unexpected<Error> TooManyCovers() const {
    return Fail(Code::kLimit, "more than " + std::to_string(bounds_.covers) + " paths to hide or protect",
                "name a directory above them in the rules instead of single files");
  }

  Status Tree(const std::string& tree) {
    top_path_ = tree;
    top_ = OpenBeneath(root_, BelowRoot(tree), O_PATH | O_DIRECTORY);
    struct stat status;
    if (!top_ || fstat(top_.get(), &status) != 0) return FailErrno("opening a tree");
    Frame none;
    none.covered.assign(rules_.size(), false);
    none.exempt_below.assign(rules_.size(), false);
    WARDER_TRY_STATUS(Open(tree, status, Judge(tree, none)));
    while (!frames_.empty()) {
      if (frames_.back().directories.empty()) {
        WARDER_TRY_STATUS(Finish());
        continue;
      }
      std::string name = std::move(frames_.back().directories.back());
      frames_.back().directories.pop_back();
      WARDER_TRY_STATUS(Descend(name));
    }
    return {};
  }

  // By which rules the entry is covered; tells its directory's frame which rules exempt it.
  std::vector<bool> Judge(const std::string& path, Frame& directory) const {
    std::vector<bool> covered(rules_.size());
    for (size_t i = 0; i < rules_.size(); ++i) {
      // A pin is of the entry itself: what lies below may be deleted.
      bool inherited = directory.covered[i] && rules_[i].kind != CoverKind::kPin;
      covered[i] = inherited || AnyMatch(rules_[i].match, path);
      if (covered[i] && (AnyMatch(rules_[i].unless, path) || Granted(rules_[i].grants, path))) {
        covered[i] = false;
        directory.exempt_below[i] = true;
      }
    }
    return covered;
  }

  std::string Join(const std::string& directory, const std::string& name) const {
    return directory == "/" ? "/" + name : directory + "/" + name;
  }

  Status Descend(const std::string& name) {
    Frame& parent = frames_.back();
    std::string path = Join(parent.path, name);
    std::string relative = path.substr(top_path_ == "/" ? 1 : top_path_.size() + 1);
    UniqueFd fd = OpenBeneath(top_.get(), relative, O_PATH | O_DIRECTORY | O_NOFOLLOW, Mounts::kStay);
    struct stat status;
    if (fd && fstat(fd.get(), &status) != 0) return FailErrno("fstat");
    if (!fd) {
      const int error = errno;
      // Gone, or no directory any more: what it became is judged where it is now.
      if (error == ENOENT || error == ENOTDIR || error == ELOOP) return {};
      if (error == EXDEV && trees_.contains(path)) return {};  // a tree of its own, walked by itself
      if (error != EXDEV && error != EACCES) return FailErrno(error, "walking a tree");
      return HideUnseen(path);
    }
    return Open(path, status, Judge(path, parent));
  }

  // A directory that is there and can not be looked into.
  Status HideUnseen(const std::string& path) {
    struct stat status{};
    UniqueFd seen = OpenBeneath(root_, BelowRoot(path), O_PATH | O_NOFOLLOW);
    if (seen && fstat(seen.get(), &status) != 0) return FailErrno("fstat");
    // Not even a descriptor: a directory above is not searchable, and that one was hidden itself.
    if (!seen) return errno == ENOENT || errno == ELOOP ? Status{} : FailErrno("walking a tree");
    return Add(CoverKind::kHide, path, status);
  }

  // Lists a directory, judges its entries that are no directories, and leaves a frame for the others.
  Status Open(const std::string& path, const struct stat& status, std::vector<bool> covered) {
    Frame frame;
    frame.path = path;
    frame.status = status;
    frame.covered = std::move(covered);
    frame.exempt_below.assign(rules_.size(), false);
    frame.first_cover = out_.size();
    const std::string relative = path == top_path_ ? "." : path.substr(top_path_ == "/" ? 1 : top_path_.size() + 1);
    UniqueFd fd = OpenBeneath(top_.get(), relative, O_RDONLY | O_DIRECTORY | O_NONBLOCK, Mounts::kStay);
    if (!fd && errno == EACCES) return Add(CoverKind::kHide, path, status);
    if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR)) return {};
    if (!fd) return FailErrno("opening a directory of a tree");
    WARDER_TRY(auto names, NamesIn(fd.get(), bounds_.entries));
    for (const std::string& name : names) {
      if (++walked_ > bounds_.entries)
        return Fail(Code::kLimit, "more than " + std::to_string(bounds_.entries) + " entries in the trees");
      struct stat entry;
      if (fstatat(fd.get(), name.c_str(), &entry, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
        if (errno == ENOENT) continue;
        if (errno == EACCES) return Add(CoverKind::kHide, path, status);  // listed, but not searchable
        return FailErrno("looking at an entry of a tree");
      }
      if (S_ISDIR(entry.st_mode)) {
        frame.directories.push_back(name);
      } else if (!S_ISLNK(entry.st_mode)) {
        WARDER_TRY_STATUS(Leaf(Join(path, name), entry, frame));
      }
    }
    frames_.push_back(std::move(frame));
    return {};
  }

  Status Leaf(const std::string& path, const struct stat& status, Frame& directory) {
    std::vector<bool> covered = Judge(path, directory);
    const auto [hide, freeze, pin] = Strongest(covered);
    if (status.st_nlink > 1) {
      Identity identity{status.st_dev, status.st_ino};
      names_[identity].push_back(path);
      if (hide) hidden_inodes_.insert(identity);
      if (freeze) frozen_inodes_.insert(identity);
    }
    if (hide) return Add(CoverKind::kHide, path, status);
    if (freeze) return Add(CoverKind::kFreeze, path, status);
    return pin ? Add(CoverKind::kPin, path, status) : Status{};
  }

  struct Kinds {
    bool hide = false, freeze = false, pin = false;
  };
  Kinds Strongest(const std::vector<bool>& covered) const {
    Kinds kinds;
    for (size_t i = 0; i < rules_.size(); ++i) {
      if (!covered[i]) continue;
      const CoverKind kind = rules_[i].kind;
      (kind == CoverKind::kHide ? kinds.hide : kind == CoverKind::kFreeze ? kinds.freeze : kinds.pin) = true;
    }
    return kinds;
  }

  // All below the directory on top is known: is it covered as a whole?
  Status Finish() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    for (size_t i = 0; i < rules_.size(); ++i) {
      const bool pinned = rules_[i].kind == CoverKind::kPin;
      if (frame.exempt_below[i] && !frames_.empty() && !pinned) frames_.back().exempt_below[i] = true;
      if (frame.exempt_below[i] && !pinned) frame.covered[i] = false;
    }
    const auto [hide, freeze, pin] = Strongest(frame.covered);
    // A tree stays where it is and is empty: all that it holds was covered entry by entry.
    if (hide && frame.path == top_path_) return {};
    if (!hide && !freeze) return pin ? Add(CoverKind::kPin, frame.path, frame.status) : Status{};
    auto below = out_.begin() + static_cast<ptrdiff_t>(frame.first_cover);
    out_.erase(std::remove_if(below, out_.end(), [&](const Cover& c) { return hide || c.kind != CoverKind::kHide; }),
               out_.end());
    return Add(hide ? CoverKind::kHide : CoverKind::kFreeze, frame.path, frame.status);
  }

  Status Add(CoverKind kind, const std::string& path, const struct stat& status) {
    if (path.size() > limits::kMaxPathBytes)
      return Fail(Code::kLimit, "a path to hide or protect is longer than 4095 bytes");
    // Whole covers swallow these later, so the bound on what is left is checked at the end.
    out_.push_back({kind, path, status.st_dev, status.st_ino});
    return {};
  }

  bool IsCovered(const std::string& path, CoverKind kind,
                 const std::map<std::string, CoverKind, std::less<>>& covered) const {
    std::string_view at = path;
    for (;;) {
      auto found = covered.find(at);
      if (found != covered.end() && (found->second == CoverKind::kHide || found->second == kind)) return true;
      size_t slash = at.rfind('/');
      if (slash == std::string_view::npos || slash == 0) return false;
      at = at.substr(0, slash);
    }
  }

  void AddOtherNames() {
    std::map<std::string, CoverKind, std::less<>> covered;
    for (const Cover& cover : out_) covered.emplace(cover.path, cover.kind);
    for (const auto& [identity, paths] : names_) {
      bool hide = hidden_inodes_.contains(identity);
      if (!hide && !frozen_inodes_.contains(identity)) continue;
      CoverKind kind = hide ? CoverKind::kHide : CoverKind::kFreeze;
      for (const std::string& path : paths) {
        if (IsCovered(path, kind, covered)) continue;
        auto frozen = hide ? covered.find(path) : covered.end();
        if (frozen != covered.end()) std::erase_if(out_, [&](const Cover& c) { return c.path == path; });
        out_.push_back({kind, path, identity.first, identity.second});
      }
    }
  }

  // A jail that may rename a directory above a cover could move it past the walk for the next jail's covers: pinned,
  // it is a mount point, and rename(2) says EBUSY.
  Status PinAncestors() {
    std::set<std::string, std::less<>> done(trees_.begin(), trees_.end());
    for (const Cover& cover : out_) done.insert(cover.path);
    for (size_t i = 0, covers = out_.size(); i < covers; ++i) {
      std::string path = out_[i].path;
      if (trees_.contains(path)) continue;
      for (size_t slash; (slash = path.rfind('/')) != 0 && slash != std::string::npos;) {
        path.resize(slash);
        if (!done.insert(path).second) break;  // and with it all above
        struct stat status;
        UniqueFd fd = OpenBeneath(root_, BelowRoot(path), O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (!fd || fstat(fd.get(), &status) != 0)
          return Fail(Code::kConflict, path + " changed while it was looked at", "try again");
        WARDER_TRY_STATUS(Add(CoverKind::kPin, path, status));
      }
    }
    return {};
  }

  const int root_;
  const std::set<std::string> trees_;
  const std::vector<CoverRule>& rules_;
  const CoverLimits bounds_;
  UniqueFd top_;
  std::string top_path_;
  std::vector<Frame> frames_;
  std::vector<Cover> out_;
  uint64_t walked_ = 0;
  // Names of the files that have more than one, and which of those inodes a rule covers.
  std::map<Identity, std::vector<std::string>> names_;
  std::set<Identity> hidden_inodes_;
  std::set<Identity> frozen_inodes_;
};

}  // namespace

Result<Covers> FindCovers(int root, const std::vector<std::string>& trees, const std::vector<CoverRule>& rules,
                          const CoverLimits& bounds) {
  if (rules.empty()) return Covers{};
  return Walk(root, trees, rules, bounds).Run();
}

}  // namespace warder::hands
