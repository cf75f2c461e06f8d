// Who may connect, what a session gets at its start, and what goes with it at its end?
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "sandbox/id_map.h"
#include "sandbox/jailer/monitor.h"
#include "sandbox/peer.h"

namespace warder::jailer {
namespace {

constexpr size_t kMostGroups = 256;

// A closed connection says why, as the protocol of agents says it; the words are ours alone.
void Refuse(int connection, const std::string& why) {
  std::string line = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"warder: )" + why + "\"}}\n";
  (void)!send(connection, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

// Whether a source of the bounds is there: the operator's own paths, no symlink, nothing is opened.
bool IsThere(const std::string& path) {
  open_how how{.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_SYMLINKS};
  return static_cast<bool>(UniqueFd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how))));
}

}  // namespace

Result<UniqueFd> MakeOwnerMap(const wire::Workspace& workspace, uint32_t session_uid) {
  std::vector<IdLine> uids{{workspace.owner_uid, session_uid}};
  for (uint32_t also : workspace.also_uids) uids.push_back({also, also});
  return MakeIdMap(uids, {{workspace.owner_gid, session_uid}});
}

Status Monitor::Listen() {
  std::map<std::string, UniqueFd> next;
  for (const wire::Agent& agent : config_.host.agents) {
    std::string path = config_.host.run_directory + "/agents/" + agent.name + ".sock";
    WARDER_TRY(next[agent.name], ListenAt(path, agent.gid));
  }
  for (const auto& [name, fd] : listeners_)
    if (!next.contains(name)) unlink((config_.host.run_directory + "/agents/" + name + ".sock").c_str());
  listeners_ = std::move(next);
  if (!admin_listener_) {
    WARDER_TRY(admin_listener_, ListenAt(config_.host.run_directory + "/admin.sock", config_.host.admin_gid));
  }
  return {};
}

// By its directory: the file comes and goes.
Status Monitor::WatchStopFile() {
  const std::string& file = config_.host.stop_file;
  if (file.empty()) return {};
  std::string directory = file.substr(0, std::max<size_t>(file.rfind('/'), 1));
  stop_watch_ = UniqueFd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!stop_watch_ ||
      inotify_add_watch(stop_watch_.get(), directory.c_str(), IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR) < 0)
    return Fail(Code::kSystem, "paths.stop-file: " + directory + " can not be watched: " + strerrordesc_np(errno),
                "make the directory");
  return {};
}

void Monitor::OnStopFile() {
  char events[4096];
  while (stop_watch_ && read(stop_watch_.get(), events, sizeof events) > 0) {
  }
  const std::string& file = config_.host.stop_file;
  bool present = !file.empty() && faccessat(AT_FDCWD, file.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  if (present == stopped_) return;
  stopped_ = present;
  LogWarning(present ? "stopped: " + file + " is there; every session ends" : file + " is gone: sessions may begin");
  Record(present ? "stop" : "resume", file, {}, present ? "the stop file came" : "the stop file is gone");
  ToBroker(flat::EncodeMessage(wire::StopState{present}));
  if (!present) return;
  for (Session& session : sessions_) EndSession(session, "stopped: an operator's stop file is present");
}

void Monitor::AcceptAgent(const std::string& name) {
  auto agent = std::find_if(config_.host.agents.begin(), config_.host.agents.end(),
                            [&](const auto& a) { return a.name == name; });
  auto listener = listeners_.find(name);
  if (listener == listeners_.end() || agent == config_.host.agents.end()) return;
  UniqueFd connection(accept4(listener->second.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  auto peer = connection ? PeerOf(connection.get()) : std::nullopt;
  if (!peer) return;
  auto open = std::count_if(sessions_.begin(), sessions_.end(),
                            [&](const Session& s) { return s.agent.name == name && s.over.empty(); });
  if (peer->uid != agent->uid) return Refuse(connection.get(), "this socket is another user's");
  OnStopFile();  // an event may still be on its way
  if (stopped_) return Refuse(connection.get(), "stopped: an operator's stop file is present");
  if (static_cast<size_t>(open) >= agent->sessions)
    return Refuse(connection.get(), "as many sessions as the host file allows");
  if (auto opened = OpenSession(*agent, *peer, std::move(connection)); !opened)
    LogError("agent " + name + ": no session: " + opened.error().ToString());
}

void Monitor::AcceptAdmin() {
  UniqueFd connection(accept4(admin_listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  gid_t groups[kMostGroups];
  socklen_t size = sizeof groups;
  auto peer = connection ? PeerOf(connection.get()) : std::nullopt;
  if (!peer) return;
  for (const wire::Agent& agent : config_.host.agents)
    if (agent.uid == peer->uid) return Refuse(connection.get(), "an agent's user is never let in here");
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) return;
  wire::AdminOpened opened{++last_admin_, peer->uid, peer->gid, peer->pid, {groups, groups + size / sizeof groups[0]}};
  ToBroker(flat::EncodeMessage(opened), {connection.get()});
}

Status Monitor::OpenSession(const wire::Agent& agent, const ucred& peer, UniqueFd connection) {
  uint64_t id = last_session_ + 1;
  const wire::HostPlan& host = config_.host;
  uint64_t span = uint64_t{host.session_uid_last} - host.session_uid_first + 1;
  auto taken = [&](uint32_t uid) {
    return std::any_of(sessions_.begin(), sessions_.end(), [&](const Session& s) { return s.uid == uid; });
  };
  uint32_t uid = host.session_uid_first + static_cast<uint32_t>(id % span);
  for (uint64_t tries = 0; taken(uid); ++tries) {
    if (tries == span) return Fail(Code::kLimit, "every uid of session-uids is in use");
    uid = uid == host.session_uid_last ? host.session_uid_first : uid + 1;
  }
  WARDER_TRY(auto hands, MakePacketPair());
  WARDER_TRY(UniqueFd id_map, MakeOwnerMap(agent.workspace, uid));
  last_session_ = id;
  sessions_.push_back({.id = id,
                       .agent = agent,
                       .uid = uid,
                       .hands = {},
                       .owner = {},
                       .layer = {},
                       .layer_deadline_ns = 0,
                       .hands_status = {},
                       .owner_socket = {},
                       .id_map = std::move(id_map),
                       .changes = {},
                       .calls = {},
                       .over = {}});
  PeerProgram program = ProgramOf(connection.get(), peer.pid);
  ToLedger(flat::EncodeMessage(wire::SessionBegan{id, agent.name, peer.uid, peer.pid, agent.workspace.directory, uid,
                                                  program.path, program.dev, program.ino}));
  if (auto started = StartHands(sessions_.back(), std::move(hands.second)); !started) {
    EndSession(sessions_.back(), started.error().what);
    return started;
  }
  ToBroker(flat::EncodeMessage(wire::SessionOpened{id, agent.name, peer.uid, peer.gid, peer.pid, uid}),
           {connection.get(), hands.first.get()});
  return {};
}

// The session's view, all read-only: its workspace, and the permitted sources that exist. The workspace is not
// looked at from here: a dead network file system may block warder-enter, never this loop.
Status Monitor::StartHands(Session& session, UniqueFd socket) {
  wire::RunPlan plan;
  plan.session = session.id;
  plan.agent = session.agent.name;
  plan.trees.push_back({.path = session.agent.workspace.directory});
  for (const std::string& path : config_.host.bounds.sources)
    if (IsThere(path)) plan.trees.push_back({.path = path});
  int status[2];
  if (pipe2(status, O_CLOEXEC | O_NONBLOCK) != 0) return FailErrno("pipe2");
  session.hands_status = UniqueFd(status[0]);
  UniqueFd status_write(status[1]);
  UniqueFd calls;
  WARDER_TRY(
      session.hands,
      StartEnter(wire::EnterRole::kSessionHands, nullptr,
                 {{wire::kEnterStatusFd, socket.get()}, {wire::kEnterHandsStatusFd, status_write.get()}}, calls));
  WARDER_TRY(UniqueFd memory, SealedMemory("plan", flat::EncodeMessage(plan)));
  ready_wanted_ = std::max<size_t>(ready_wanted_, 1);  // it will call
  return GiveCall(calls, session, 0, memory.get());
}

Session* Monitor::FindSession(uint64_t id) {
  for (Session& session : sessions_)
    if (session.id == id && session.over.empty()) return &session;
  return nullptr;
}

void Monitor::EndSession(Session& session, const std::string& reason) {
  if (!session.over.empty()) return;
  session.over = reason.empty() ? "closed" : reason.substr(0, 1024);
  LogInfo("session " + std::to_string(session.id) + " ends: " + session.over);
  session.hands.Kill();
  session.owner.Kill();
  session.layer.Kill();
  for (Jail& jail : jails_)
    if (jail.session == session.id) jail.Condemn();
}

// Its uid is free again only when nothing runs under it any more.
void Monitor::FreeSessions() {
  std::erase_if(sessions_, [this](Session& session) {
    bool left = session.hands.alive() || session.owner.alive() || session.layer.alive() ||
                std::any_of(jails_.begin(), jails_.end(), [&](const Jail& jail) { return jail.session == session.id; });
    if (session.over.empty() || left) return false;
    ToLedger(flat::EncodeMessage(wire::SessionOver{session.id, session.over}));
    return true;
  });
}

}  // namespace warder::jailer
