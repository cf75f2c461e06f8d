// Where does what a shell did differ from what was predicted?
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>

#include "base/text.h"
#include "tests/policy/shells/expect.h"

namespace warder::shells {
namespace {

std::string Show(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += "[" + ForTerminal(word) + "]";
  return out;
}

// What a shell sets for its programs by itself.
bool IsOfTheShell(std::string_view name) { return name == "PWD" || name == "OLDPWD" || name == "_" || name == "SHLVL"; }

std::string Environment(const Start& start, const Record& record, const std::vector<std::string>& given) {
  std::map<std::string, std::string> wanted;
  for (const std::string& variable : given)
    wanted[variable.substr(0, variable.find('='))] = variable.substr(variable.find('=') + 1);
  for (const auto& [name, value] : start.assigned) wanted[name] = value;
  std::map<std::string, std::string> left = wanted;
  for (const std::string& variable : record.environment) {
    const std::string name = variable.substr(0, variable.find('='));
    const auto found = wanted.find(name);
    if (found == wanted.end() && IsOfTheShell(name)) continue;
    if (found == wanted.end() || variable != name + "=" + found->second)
      return "environment has " + ForTerminal(variable);
    left.erase(name);
  }
  return left.empty() ? "" : "environment lacks " + ForTerminal(left.begin()->first);
}

std::string Streams(const Start& start, const Record& record, const Seen& seen, std::map<size_t, uint64_t>& pipes) {
  for (size_t fd = 0; fd < 3; ++fd) {
    const Target& target = start.streams[fd];
    const Stream& stream = record.streams[fd];
    const std::string which = "descriptor " + std::to_string(fd);
    if (stream.flags != target.flags) return which + " has another access mode";
    uint64_t inode = 0, type = S_IFREG;
    if (target.kind == Target::kIn) inode = seen.in;
    if (target.kind == Target::kOut) inode = seen.out;
    if (target.kind == Target::kErr) inode = seen.err;
    if (target.kind == Target::kPath) {
      const auto entry = seen.tree.find(target.path);
      if (target.path == "/dev/null")
        inode = seen.null, type = S_IFCHR;
      else if (target.path == "/w")
        inode = seen.root, type = S_IFDIR;
      else if (entry == seen.tree.end())
        return which + " should lead to " + ForTerminal(target.path);
      else
        inode = entry->second.inode, type = entry->second.size == UINT64_MAX ? S_IFDIR : S_IFREG;
    }
    if (target.kind == Target::kPipe) {
      type = S_IFIFO;
      inode = pipes.try_emplace(target.pipe, stream.inode).first->second;
    }
    if (stream.type != type || stream.inode != inode) return which + " leads elsewhere";
  }
  constexpr size_t kPairs[3][2] = {{0, 1}, {0, 2}, {1, 2}};
  for (size_t i = 0; i < 3; ++i) {
    const bool apart = start.streams[kPairs[i][0]].opened != start.streams[kPairs[i][1]].opened;
    if (record.apart[i] != 2 && (record.apart[i] != 0) != apart) return "duplicates differ";
  }
  return record.others == 0 ? "" : "further descriptors are open";
}

std::string One(const Expected& expected, const Start& start, const Record& record, const Seen& seen,
                std::map<size_t, uint64_t>& pipes) {
  if (record.argv != start.argv) return "argv " + Show(record.argv) + " instead of " + Show(start.argv);
  if (record.directory != start.directory) return "directory " + ForTerminal(record.directory);
  if (std::string why = Environment(start, record, expected.job.environment); !why.empty()) return why;
  return Streams(start, record, seen, pipes);
}

struct Part {
  const Expected& expected;
  const Seen& seen;
  const std::vector<Start>& starts;
  size_t at;  // the first of its records
};

// The programs of a pipeline start in any order: each must find a record of its own. Alike ones are told apart by the
// pipes between them, so a choice may have to be taken back.
bool Fits(const Part& part, size_t start, std::vector<bool>& taken, const std::map<size_t, uint64_t>& pipes,
          std::string& why) {
  if (start == part.starts.size()) return true;
  for (size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) continue;
    std::map<size_t, uint64_t> tried = pipes;
    const Record& record = part.seen.records[part.at + i];
    if (std::string reason = One(part.expected, part.starts[start], record, part.seen, tried); !reason.empty()) {
      why = std::move(reason);
      continue;
    }
    taken[i] = true;
    if (Fits(part, start + 1, taken, tried, why)) return true;
    taken[i] = false;
  }
  return false;
}

}  // namespace

std::string Difference(const Expected& expected, const Seen& seen) {
  if (seen.timed_out) return "it did not end";
  // What it complains of may go anywhere: also into a file or to stdout, by `2>f` and `2>&1`.
  if (!seen.errors.empty() && !expected.complains) return "the shell says: " + ForTerminal(seen.errors);
  if (!seen.output.empty() && !expected.complains) return "the shell prints: " + ForTerminal(seen.output);
  size_t at = 0;
  for (const std::vector<Start>& starts : expected.pipelines) {
    if (seen.records.size() - at < starts.size())
      return std::to_string(seen.records.size()) + " programs started; not " + Show(starts[0].argv);
    const Part part{expected, seen, starts, at};
    at += starts.size();
    std::vector<bool> taken(starts.size());
    std::string why;
    if (!Fits(part, 0, taken, {}, why)) return why;
  }
  if (at != seen.records.size()) return "more programs started: " + Show(seen.records[at].argv);
  if (!WIFEXITED(seen.status) || (WEXITSTATUS(seen.status) == 0) != expected.succeeds) return "another exit code";
  for (const auto& [path, entry] : seen.tree) {
    const auto wanted = expected.tree.find(path);
    if (wanted == expected.tree.end()) return "it made " + ForTerminal(path);
    if (entry.size == UINT64_MAX || expected.complains) continue;
    const bool emptied = expected.emptied.contains(path) || !std::ranges::count(expected.job.files, path);
    if (entry.size != (emptied ? 0u : 1u)) return "another size of " + ForTerminal(path);
  }
  if (seen.tree.size() != expected.tree.size()) return "it did not make all files";
  return "";
}

}  // namespace warder::shells
