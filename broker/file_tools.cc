// How do file tools change and show the workspace?
#include "broker/file_tools.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>

#include "audit/base64.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/limits.h"
#include "base/text.h"
#include "broker/results.h"
#include "broker/run_plan.h"

namespace warder::broker {
namespace {

using nlohmann::json;

// Notes of where things were; an entry that is forgotten can still be restored with its path.
constexpr size_t kMaxTrashNotes = 10'000;
constexpr uint32_t kMaxListed = 1000;

// Whose an entry is, and where it was, stands in the entry itself: hands compare both.
Result<std::string> NewEntry(uint64_t call) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != sizeof random) return FailErrno("getrandom");
  std::string bytes(reinterpret_cast<const char*>(&random), sizeof random);
  return std::to_string(call) + "-" + Hex(bytes);
}

Status AddContent(const DecodedCall& asked, PreparedChange& prepared) {
  WARDER_TRY(prepared.content, SealedMemory("content", asked.content));
  struct stat status;
  int flags = fcntl(prepared.content.get(), F_GETFL);
  if (flags < 0 || fstat(prepared.content.get(), &status) != 0) return FailErrno("describing the content");
  prepared.plan.descriptors.push_back(
      {wire::DescriptorRole::kContent, status.st_dev, status.st_ino, static_cast<uint8_t>(flags & O_ACCMODE)});
  prepared.plan.content = HashSha256(asked.content);
  prepared.plan.content_bytes = asked.content.size();
  return {};
}

asio::awaitable<Result<json>> ReadFileTool(const Looking& l) {
  const wire::PathAnswer& path = l.found.paths.at(0);
  if (path.kind != wire::FileKind::kFile)
    co_return Fail(path.kind == wire::FileKind::kNone ? Code::kNotFound : Code::kInvalid,
                   path.path + (path.kind == wire::FileKind::kNone ? ": no such file" : ": not a regular file"),
                   "list_directory shows what is there");
  uint64_t most =
      std::min<uint64_t>(limits::kMaxReadAnswerBytes, l.decision.limits.read_file_bytes.value_or(UINT64_MAX));
  wire::ReadRequest request;
  request.path = path.path;
  request.dev = path.dev;
  request.ino = path.ino;
  request.offset = l.asked.offset;
  const uint64_t left = path.size > l.asked.offset ? path.size - l.asked.offset : 0;
  if (!l.asked.length && left > most)
    co_return Fail(
        Code::kLimit,
        path.path + " has " + std::to_string(path.size) + " bytes, an answer holds at most " + std::to_string(most),
        "read a range with offset and length, or search in it with a command");
  request.length = std::min(l.asked.length.value_or(most), most);
  request.max_bytes = most;
  auto read = co_await l.session.hands().Read(std::move(request));
  if (!read) co_return std::unexpected(read.error());
  json out = {{"call", l.id.call},
              {"path", path.path},
              {"size", read->size},
              {"offset", l.asked.offset},
              {"length", read->bytes.size()}};
  const bool text = !l.asked.base64 && IsUtf8(read->bytes);
  const std::string shown = text ? read->bytes : audit::Base64(read->bytes);
  out[text ? "content" : "content_b64"] = shown;
  co_return ToolResult(std::move(out), shown, false);
}

bool AnyFits(const std::vector<std::string>& globs, const std::string& path) {
  return std::ranges::any_of(globs, [&](const std::string& glob) { return GlobMatch(glob, path); });
}

// Whether a jail of this policy would hide the entry: by its own path, or that of a directory below
// `top` that holds it.
bool IsHidden(const policy::ViewRules& view, const std::string& top, const std::string& path) {
  for (const auto& rule : view.covers) {
    if (rule.kind != policy::ViewRules::Cover::kHide || AnyFits(rule.unless, path)) continue;
    if (std::ranges::any_of(
            rule.grants, [&](const auto& grant) { return AnyFits(grant.match, path) && !AnyFits(grant.unless, path); }))
      continue;
    for (std::string at = path; at.size() > top.size(); at.resize(at.rfind('/')))
      if (AnyFits(rule.match, at)) return true;
  }
  return false;
}

asio::awaitable<Result<json>> ListTool(const Looking& l) {
  const wire::PathAnswer& path = l.found.paths.at(0);
  if (path.kind != wire::FileKind::kDirectory)
    co_return Fail(path.kind == wire::FileKind::kNone ? Code::kNotFound : Code::kInvalid,
                   path.path + ": not a directory");
  wire::ListRequest request;
  request.path = path.path;
  request.dev = path.dev;
  request.ino = path.ino;
  request.depth = l.asked.depth;
  request.max_entries = kMaxListed;
  auto listing = co_await l.session.hands().List(std::move(request));
  if (!listing) co_return std::unexpected(listing.error());
  static constexpr const char* kKinds[] = {"none", "file", "directory", "symlink", "other"};
  json entries = json::array();
  std::string text;
  const std::string top = path.path == "/" ? "" : path.path;
  std::vector<policy::ApprovedPath> approved;  // a person's yes to this listing is one to what is below
  if (l.decision.level == policy::Level::kApprove) approved.push_back({top + "/**", policy::Act::kRead});
  const policy::ViewRules view = policy::ViewOf(l.policy, l.agent.workspace.directory, approved);
  for (const wire::ListEntry& entry : listing->entries) {
    if (IsHidden(view, top, top + "/" + entry.name)) continue;
    const char* kind = kKinds[static_cast<size_t>(entry.kind)];
    // Names that are not UTF-8 are shown escaped: they can not be JSON.
    const std::string name = IsUtf8(entry.name) ? entry.name : ForTerminal(entry.name);
    json one = {{"name", name}, {"kind", kind}, {"size", entry.size}, {"mode", entry.mode}};
    if (entry.kind == wire::FileKind::kSymlink) one["target"] = ForTerminal(entry.target);
    text += std::string(kind) + "\t" + std::to_string(entry.size) + "\t" + ForTerminal(entry.name) + "\n";
    entries.push_back(std::move(one));
  }
  if (listing->cut) text += "[more than " + std::to_string(kMaxListed) + " entries]\n";
  json out = {{"call", l.id.call}, {"path", path.path}, {"cut", listing->cut}, {"entries", std::move(entries)}};
  co_return ToolResult(std::move(out), std::move(text), false);
}

void AddAllowed(const policy::Policy& layer, json& allowed) {
  for (const policy::ExecRule& rule : layer.exec) {
    if (rule.level == policy::Level::kForbid) continue;
    std::string line = rule.id + ":";
    for (const policy::Example& example : rule.match) line += " `" + example.line + "`";
    if (rule.match.empty() && !rule.argv.empty())
      for (const std::string& word : rule.argv[0].words) line += " " + word;
    allowed.push_back(line);
  }
  for (const policy::PathRule& rule : layer.paths) {
    std::string line = rule.id + ": " + policy::LevelName(rule.level);
    for (auto act : {policy::Act::kRead, policy::Act::kWrite, policy::Act::kDelete})
      if ((rule.may & policy::ActBit(act)) != 0) line += std::string(" ") + policy::ActName(act);
    if (!rule.under.empty()) line += " under " + rule.under;
    for (const std::string& glob : rule.match) line += " " + glob;
    allowed.push_back(line);
  }
}

json SessionInfo(const Looking& l) {
  json allowed = json::array();
  for (const auto& layer : l.policy.layers()) AddAllowed(*layer, allowed);
  const PlanFor plan_for{l.id.session, l.id.call, l.agent, l.host.bounds, l.policy, std::nullopt};
  const wire::Limits limits = LimitsFor(plan_for, l.policy.settings().limits);
  json out = {{"call", l.id.call},
              {"session", l.id.session},
              {"agent", l.agent.name},
              {"workspace", l.agent.workspace.directory},
              {"profile", l.agent.profile.empty() ? l.policy.default_profile() : l.agent.profile},
              {"policy", l.policy.ids()},
              {"tier", "namespace"},
              {"exec_guard", "none"},
              {"workspace_mode", "direct"},
              {"limits",
               {{"wall_ms", limits.wall_ms},
                {"cpu_ms", limits.cpu_ms},
                {"memory_bytes", limits.memory_bytes},
                {"pids", limits.pids},
                {"files", limits.files},
                {"output_bytes", limits.output_bytes},
                {"disk_bytes", limits.disk_bytes}}},
              {"allowed", std::move(allowed)},
              {"calls", l.session.calls()},
              {"refused", l.session.refused()}};
  std::string text = out.dump(2, ' ', false, json::error_handler_t::replace);
  return ToolResult(std::move(out), std::move(text), false);
}

}  // namespace

Result<std::string> TrashOrigin(const Broker& broker, const std::string& agent, const std::string& entry) {
  auto note = broker.trash.find(entry);
  if (note == broker.trash.end() || note->second.agent != agent)
    return Fail(Code::kNotFound, "where this trash entry was is not known any more", "give the path that it had");
  return note->second.path;
}

Result<PreparedChange> PrepareChange(const ChangeFor& change) {
  const wire::PathAnswer& path = change.found.paths.at(0);
  PreparedChange prepared;
  wire::ChangePlan& plan = prepared.plan;
  plan.session = change.id.session;
  plan.call = change.id.call;
  plan.agent = change.agent.name;
  plan.workspace = change.agent.workspace.directory;
  plan.path = path.path;
  plan.expect_exists = path.kind != wire::FileKind::kNone;
  if (plan.expect_exists) {
    plan.expect_dev = path.dev;
    plan.expect_ino = path.ino;
  }
  if (plan.path == plan.workspace || !wire::IsBeneath(plan.path, plan.workspace))
    return Fail(Code::kDenied, plan.path + ": only what lies inside the workspace can be changed");
  switch (change.asked.call.tool) {
    case policy::Tool::kWriteFile:
      plan.kind = wire::ChangeKind::kWrite;
      if (path.kind != wire::FileKind::kNone && path.kind != wire::FileKind::kFile)
        return Fail(Code::kInvalid, plan.path + ": not a regular file");
      WARDER_TRY_STATUS(AddContent(change.asked, prepared));
      break;
    case policy::Tool::kDeleteFile: {
      plan.kind = wire::ChangeKind::kDelete;
      if (!plan.expect_exists) return Fail(Code::kNotFound, plan.path + ": nothing is there to delete");
      WARDER_TRY(plan.trash_entry, NewEntry(change.id.call));
      break;
    }
    default:
      plan.kind = wire::ChangeKind::kRestore;
      plan.trash_entry = change.asked.trash_entry;
      break;
  }
  WARDER_TRY_STATUS(wire::ValidateChange(plan));
  return prepared;
}

ChangeDone FinishChange(Broker& broker, CallId id, const wire::Agent& agent, const wire::ChangePlan& plan,
                        const Result<wire::ChangeAnswer>& said) {
  ChangeDone done;
  if (!said || !said->done) {
    const Error error =
        said ? Error{said->code <= static_cast<uint8_t>(Code::kSystem) ? static_cast<Code>(said->code) : Code::kSystem,
                     said->reason, ""}
             : said.error();
    done.outcome.Text("ended", "failed").Text("code", CodeName(error.code)).Free("detail", error.what);
    done.answer = Failure(id.call, error);
    return done;
  }
  done.outcome.Text("ended", "done");
  json out = {{"call", id.call}};
  std::string text;
  if (plan.kind == wire::ChangeKind::kRestore) {
    out["restored"] = said->restored;
    text = "Restored " + plan.path;
    broker.trash.erase(plan.trash_entry);
    done.more.push_back(TrashRecord(id, "trash.restore", plan.trash_entry, plan.path));
    done.answer = ToolResult(std::move(out), std::move(text), false);
    return done;
  }
  out["path"] = plan.path;
  const bool written = plan.kind == wire::ChangeKind::kWrite;
  if (written) {
    out["created"] = said->created;
    out["bytes"] = said->bytes;
  }
  text = (written ? (said->created ? "Created " : "Wrote ") : "Deleted ") + plan.path;
  if (!said->trash_entry.empty()) {
    // With the path, so that it holds after a restart, which forgets the notes.
    const std::string shown = ForTerminal(plan.path);
    const std::string undo = (written ? "delete_file with path " + shown + ", then " : std::string()) +
                             "restore_file with trash_entry " + said->trash_entry + " and path " + shown;
    out["trash_entry"] = said->trash_entry;
    out["undo"] = undo;
    text += written ? "; its old content is in the trash: " : "; it is in the trash: ";
    text += undo;
    done.outcome.Text("trash_entry", said->trash_entry);
    done.more.push_back(TrashRecord(id, "trash.put", said->trash_entry, plan.path));
    if (broker.trash.size() < kMaxTrashNotes) broker.trash[said->trash_entry] = {agent.name, plan.path};
  }
  done.answer = ToolResult(std::move(out), std::move(text), false);
  return done;
}

asio::awaitable<Result<json>> Look(Permit permit, const Looking& looking) {
  WARDER_CHECK(permit.good() && permit.call() == looking.id.call);
  if (looking.asked.call.tool == policy::Tool::kReadFile) co_return co_await ReadFileTool(looking);
  if (looking.asked.call.tool == policy::Tool::kListDirectory) co_return co_await ListTool(looking);
  co_return SessionInfo(looking);
}

OnOutput ProgressTo(std::shared_ptr<Session> session, json token) {
  if (token.is_null()) return {};
  auto total = std::make_shared<uint64_t>(0);
  return [session, token, total](const wire::Output& piece) {
    *total += piece.bytes.size();  // must increase: empty pieces say nothing
    if (piece.bytes.empty()) return;
    session->Notify(NotificationOf("notifications/progress",
                                   {{"progressToken", token}, {"progress", *total}, {"message", piece.bytes}}));
  };
}

}  // namespace warder::broker
