// `warder policy fmt`: how is a policy laid out, so that two people write it alike?
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "policy/analyse/layout.h"

namespace warder::cli {
namespace {

using nlohmann::json;

// In place, so that owner and mode stay; the old text is kept beside it until the new one is whole.
Status Replace(const std::string& file, const std::string& old, const std::string& text) {
  const std::string kept = file + ".before-fmt";
  auto write = [](const std::string& path, const std::string& bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << bytes << std::flush;
    return out.good();
  };
  if (std::filesystem::exists(kept)) return Fail(Code::kConflict, kept + " is there", "look at it, and take it away");
  if (!write(kept, old)) return Fail(Code::kSystem, "could not write " + kept, "look at its directory");
  if (!write(file, text)) return Fail(Code::kSystem, "could not write " + file, "its text is kept as " + kept);
  std::error_code error;
  std::filesystem::remove(kept, error);
  return {};
}

int Format(const Arguments& arguments) {
  const bool check = arguments.Has("check"), write = arguments.Has("write");
  if (check && write) return Trouble({Code::kInvalid, "--check beside --write", "take one of the two"});
  const std::vector<std::string>& files = arguments.List("FILE");
  if (files.size() > 1 && !check && !write && !arguments.json())
    return Trouble({Code::kInvalid, "several files for one output", "write --check, --write or --json"});
  json all = json::array();
  bool differs = false;
  for (const std::string& file : files) {
    Result<std::string> bytes = ReadFile(file, limits::kMaxPolicyBytes);
    if (!bytes) return Trouble(bytes.error()), kMisuse;
    const auto text = policy::LayOut(file, *bytes);
    if (!text) return Trouble(NotUsable(file, text.error()).error());
    const bool same = *text == *bytes;
    differs = differs || !same;
    all.push_back({{"file", file}, {"laid_out", same}, {"text", *text}});
    if (write && !same)
      if (Status written = Replace(file, *bytes, *text); !written) return Trouble(written.error());
    if (arguments.json()) continue;
    if (!check && !write) Print(*text);
    if (!same && check) Print(file + ": is laid out otherwise; `warder policy fmt --write` mends it\n");
    if (!same && write) Print(file + ": laid out\n");
  }
  if (arguments.json()) Print(JsonLines({{"files", all}}));
  return check && differs ? kFinding : kOk;
}

}  // namespace

std::vector<Command> PolicyFmtCommands() {
  return {{"policy fmt",
           "Lay policies out alike; comments stay, the meaning too",
           "warder policy fmt --check policies/cautious.yaml",
           {{OptionKind::kPositionals, "FILE", "Policy files", true},
            {OptionKind::kFlag, "check", "Only say which files are laid out otherwise: exit 1", false},
            {OptionKind::kFlag, "write", "Write the files", false}},
           Format}};
}

}  // namespace warder::cli
