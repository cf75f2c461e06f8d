// Where does a host keep its sockets and its log? See places.h.
#include "cli/places.h"

#include <sys/stat.h>
#include <unistd.h>

namespace warder::cli {
namespace {

bool IsSocket(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

std::string EmbeddedDirectory(const Arguments& arguments) {
  uid_t uid = geteuid();
  std::string name = uid == 0 ? std::string("root") : std::to_string(uid);
  return arguments.Text("run-dir", "/run/warder-embedded-" + name);
}

std::string EmbeddedRun(const std::string& embedded_directory) { return embedded_directory + "/run"; }

Result<std::string> AdminSocket(const Arguments& arguments) {
  if (arguments.Has("socket")) return arguments.Text("socket");
  std::string embedded = EmbeddedRun(EmbeddedDirectory(arguments)) + "/admin.sock";
  if (arguments.Has("run-dir")) return embedded;
  std::string installed = std::string(kInstalledRun) + "/admin.sock";
  if (IsSocket(installed)) return installed;
  if (IsSocket(embedded)) return embedded;
  return Fail(Code::kUnavailable, "no host is running here: neither " + installed + " nor " + embedded + " is there",
              "start warderd, or `warder run -- CMD`, which starts an embedded host; --socket names another place");
}

std::string StateDirectory(const Arguments& arguments) { return arguments.Text("state", kInstalledState); }

std::vector<Option> HostOptions(std::vector<Option> own) {
  own.push_back({OptionKind::kText, "socket", "The host's admin socket (default: the running host's)", false});
  own.push_back({OptionKind::kText, "run-dir", "The directory of an embedded host", false});
  return own;
}

}  // namespace warder::cli
