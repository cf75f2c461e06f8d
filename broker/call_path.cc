// The story of one call: decode, session, stop, facts, decide, approval, intent, run, outcome, reply.
#include "broker/call_path.h"

#include <algorithm>

#include "base/text.h"
#include "broker/candidate.h"
#include "broker/decode.h"
#include "broker/file_tools.h"
#include "broker/records.h"
#include "broker/results.h"
#include "broker/run_plan.h"
#include "broker/shown.h"
#include "broker/stages.h"

namespace warder::broker {
namespace {

using nlohmann::json;

class CallPath {
 public:
  CallPath(std::shared_ptr<Session> session, std::shared_ptr<Session::Running> running, CallRequest request)
      : session_(std::move(session)),
        running_(std::move(running)),
        request_(std::move(request)),
        broker_(session_->broker()),
        id_{session_->opened().session, running_->call},
        stages_(request_.received) {}
  ~CallPath() {
    if (counted_) session_->CountRun(-1);
  }
  CallPath(const CallPath&) = delete;
  CallPath& operator=(const CallPath&) = delete;

  asio::awaitable<json> Serve();
  // Once it has its answer: what the agent's candidate says to it.
  void TellCandidate();

 private:
  Status MayServe() const;
  bool Counts() const { return asked_.call.tool != policy::Tool::kNone; }  // against `concurrent`
  asio::awaitable<Status> FindFacts(bool digests);
  void Decide();
  asio::awaitable<std::optional<json>> AskPerson();
  void SayThatItWaits(uint64_t approval);
  std::string MissingProgram() const;
  asio::awaitable<json> RunTool();
  asio::awaitable<json> ChangeTool();
  asio::awaitable<json> LookTool();
  asio::awaitable<Result<RecordedIntent>> Record(std::string plan);
  asio::awaitable<json> Finish(audit::Body body, json answer, std::vector<audit::Draft> more = {});
  asio::awaitable<json> Refuse(policy::Decision decision, const ApprovalAnswer* approval);
  asio::awaitable<json> Fail(std::string rule, Error error);
  asio::awaitable<json> FailEarly(std::string rule, Error error);
  audit::Draft DecisionDraft(const policy::Decision& decision, const std::string& part);
  Error Cancelled() const { return {Code::kConflict, running_->cancellation.why(), ""}; }
  static Error Changed(const char* what) { return {Code::kConflict, what, "make the call again"}; }
  static Error NotInHostFile() { return {Code::kDenied, "this agent is not in the host file any more", ""}; }
  WhereFrom From() { return {session_->hands(), *policy_, agent_->workspace.directory, generation_->host.bounds}; }

  std::shared_ptr<Session> session_;
  std::shared_ptr<Session::Running> running_;
  CallRequest request_;
  Broker& broker_;
  CallId id_;
  Stages stages_;
  // What is in force when the call begins stays in force for it, whatever is reloaded meanwhile.
  std::shared_ptr<const Generation> generation_;
  std::shared_ptr<const policy::PolicySet> policy_;
  const wire::Agent* agent_ = nullptr;
  DecodedCall asked_;
  LookedUp found_;
  bool looked_up_ = false, decided_ = false;
  policy::Decision decision_;
  std::optional<Permit> permit_;
  std::vector<audit::Draft> unwritten_;  // goes into the log with what comes next
  uint64_t approval_ = 0;
  bool counted_ = false;
};

asio::awaitable<json> CallPath::Serve() {
  // 1 decode
  unwritten_.push_back(CallRecord(id_, request_, session_->client()));
  Result<DecodedCall> asked = DecodeCall(request_);
  if (!asked) co_return co_await FailEarly("arguments", asked.error());
  asked_ = std::move(*asked);
  running_->line = asked_.line;
  stages_.Mark("decode");

  // 2 session: whose agent, under which policy, the workspace's own included
  generation_ = broker_.generation;
  agent_ = generation_->FindAgent(session_->opened().agent);
  if (agent_ == nullptr || !generation_->policies.contains(agent_->name))
    co_return co_await FailEarly("host", NotInHostFile());
  auto layers =
      co_await session_->workspace_layer().Join(generation_->policies.at(agent_->name), agent_->workspace.directory);
  if (!layers) co_return co_await FailEarly(layers.error().code == Code::kDenied ? "policy" : "facts", layers.error());
  policy_ = std::move(*layers);

  // 3 stop: nothing new while the host ends or is full
  if (Status may = MayServe(); !may) co_return co_await FailEarly("host", may.error());
  if (Counts()) session_->CountRun(+1);
  counted_ = Counts();

  // 4 facts
  Status facts = co_await FindFacts(false);
  if (!facts) co_return co_await Fail("facts", facts.error());
  stages_.Mark("resolve");

  // 5 decide
  Decide();
  stages_.Mark("decide");
  if (decision_.level == policy::Level::kForbid) co_return co_await Refuse(decision_, nullptr);

  if (asked_.call.tool == policy::Tool::kRunCommand)
    if (Status may = CommandsMayWrite(found_); !may) co_return co_await Fail("plan", may.error());

  // 6 a person, where the level is approve
  if (decision_.level == policy::Level::kApprove) {
    std::optional<json> no = co_await AskPerson();
    if (no) co_return std::move(*no);
    stages_.Mark("approve");
  } else {
    unwritten_.push_back(DecisionDraft(decision_, {}));
    permit_ = Permit::FromDecision(id_.call, decision_);
  }
  WARDER_CHECK(permit_.has_value());
  if (running_->cancellation.requested()) co_return co_await Fail("cancelled", Cancelled());

  // 7 intent, 8 permit and receipt, 9 outcome, 10 reply
  switch (asked_.call.tool) {
    case policy::Tool::kRunCommand:
      co_return co_await RunTool();
    case policy::Tool::kWriteFile:
    case policy::Tool::kDeleteFile:
    case policy::Tool::kRestoreFile:
      co_return co_await ChangeTool();
    default:
      co_return co_await LookTool();
  }
}

Status CallPath::MayServe() const {
  if (!broker_.ledger.ok())
    return warder::Fail(Code::kUnavailable, "the audit log is shut: nothing can be recorded, so nothing runs");
  if (broker_.draining) return warder::Fail(Code::kUnavailable, "the host is draining: it takes no new calls");
  const uint64_t concurrent = policy_->settings().limits.concurrent.value_or(SIZE_MAX);
  if (Counts() && session_->runs() >= concurrent)
    return warder::Fail(Code::kLimit,
                        "the policy lets " + std::to_string(concurrent) + " calls of a session run at once",
                        "wait for one to end");
  if (asked_.call.tool == policy::Tool::kRunCommand &&
      broker_.monitor.running() >= generation_->host.bounds.jails_running)
    return warder::Fail(Code::kLimit, "the host runs as many jails as it may", "try again later");
  return {};
}

asio::awaitable<Status> CallPath::FindFacts(bool digests) {
  policy::Call call = asked_.call;
  if (call.tool == policy::Tool::kRestoreFile && call.path.empty()) {
    Result<std::string> origin = TrashOrigin(broker_, agent_->name, asked_.trash_entry);
    if (!origin) co_return std::unexpected(origin.error());
    call.path = std::move(*origin);
  }
  Result<LookedUp> found = co_await LookUp(From(), std::move(call), digests);
  if (!found) co_return std::unexpected(found.error());
  found_ = std::move(*found);
  looked_up_ = true;
  co_return Status();
}

void CallPath::Decide() {
  decision_ = policy::Decide(*policy_, found_.call, found_.facts, agent_->profile);
  decided_ = true;
}

void CallPath::TellCandidate() {
  if (!decided_ || broker_.candidates.empty()) return;
  DecideInShadow(broker_, {id_, agent_->name, agent_->profile, generation_, policy_, std::move(request_),
                           std::move(found_), std::move(decision_)});
}

// Nothing: a person said yes to exactly this, and permit_ is there. Else the answer.
asio::awaitable<std::optional<json>> CallPath::AskPerson() {
  Status facts = co_await FindFacts(true);
  if (!facts) co_return co_await Fail("facts", facts.error());
  Decide();
  if (decision_.level == policy::Level::kForbid) co_return co_await Refuse(decision_, nullptr);
  if (decision_.level != policy::Level::kApprove)
    co_return co_await Fail("facts", Changed("a file changed while the call was decided"));
  auto place = broker_.approvals.Take(id_.session, agent_->name);
  if (!place) co_return co_await Fail("approvals", place.error());
  const Shown shown{id_, session_->opened(), *agent_, *policy_, generation_->host, asked_, found_, decision_};
  ApprovalRequest request = MakeApprovalRequest(shown, request_.tool->name);
  const Digest digest = request.digest;
  unwritten_.push_back(DecisionDraft(decision_, {}));
  approval_ = place->id();
  unwritten_.push_back(ApprovalRequestRecord(id_, approval_, request));
  std::vector<audit::Draft> drafts = std::exchange(unwritten_, {});
  Status asked = co_await broker_.ledger.Append(std::move(drafts));
  if (!asked) co_return Failure(id_.call, asked.error());
  SayThatItWaits(place->id());
  ApprovalAnswer answer = co_await broker_.approvals.Ask(std::move(*place), std::move(request), running_->cancellation);
  std::vector<audit::Draft> answers = ApprovalAnswerRecords(id_, answer, digest);
  if (!answer.grant) {
    Status written = co_await broker_.ledger.Append(std::move(answers));
    if (!written) co_return Failure(id_.call, written.error());
    session_->CountRefused();
    co_return Refusal(id_.call, decision_, PartOf(decision_, asked_.line), &answer);
  }
  unwritten_ = std::move(answers);
  // Between the question and the yes the world may have changed: look, decide and compare again.
  Status again = co_await FindFacts(true);
  if (again) {
    Decide();
    permit_ = Permit::FromGrant(id_.call, decision_, std::move(*answer.grant), ShownDigest(shown));
    if (permit_) co_return std::nullopt;
  }
  const Error error =
      !again ? again.error()
             : Changed("what was approved is not what is there now: a file changed since a person was asked");
  session_->CountRefused();
  audit::Body body;
  body.Text("ended", "failed").Text("code", CodeName(error.code)).Free("detail", error.what);
  co_return co_await Finish(std::move(body), Failure(id_.call, error));
}

// Progress 0, which no output ever has: nothing is done yet.
void CallPath::SayThatItWaits(uint64_t approval) {
  if (request_.progress_token.is_null()) return;
  const std::string words = "call " + std::to_string(id_.call) + " waits for a person: `warder approvals show " +
                            std::to_string(approval) + "`";
  session_->Notify(NotificationOf("notifications/progress",
                                  {{"progressToken", request_.progress_token}, {"progress", 0}, {"message", words}}));
}

// The program that is not there, where a rule that allows would have been for it; empty: that is not why.
std::string CallPath::MissingProgram() const {
  const bool allows = std::ranges::any_of(policy_->layers(), [&](const auto& layer) {
    return std::ranges::any_of(layer->exec, [&](const policy::ExecRule& rule) {
      return rule.id == decision_.rule && rule.level != policy::Level::kForbid;
    });
  });
  for (size_t i = 0; allows && i < found_.facts.programs.size(); ++i)
    if (!found_.facts.programs[i].found)
      return found_.call.line.commands.at(found_.wanted.programs.at(i).command).argv.at(0);
  return {};
}

// What was not written yet, and the intent, in one sync.
asio::awaitable<Result<RecordedIntent>> CallPath::Record(std::string plan) {
  std::vector<audit::Draft> drafts = std::exchange(unwritten_, {});
  drafts.push_back(IntentRecord(id_, request_.tool->name, asked_.line, approval_));
  auto intent = co_await broker_.ledger.AppendIntent(std::move(drafts), std::move(plan));
  stages_.Mark("intent");
  co_return intent;
}

asio::awaitable<json> CallPath::RunTool() {
  std::vector<policy::ApprovedPath> approved;
  for (const policy::Applied& applied : decision_.applied)
    if (applied.is_path && applied.level == policy::Level::kApprove) approved.push_back({applied.object, applied.act});
  Result<std::vector<wire::Cover>> covers = co_await LookUpCovers(From(), found_.trees, std::move(approved));
  if (!covers) co_return co_await Fail("view", covers.error());
  const PlanFor plan_for{id_.session, id_.call, *agent_, generation_->host.bounds, *policy_, asked_.timeout_ms};
  Result<wire::RunPlan> plan = MakeRunPlan(plan_for, found_, decision_, std::move(*covers));
  if (!plan) co_return co_await Fail("plan", plan.error());
  Result<PreparedRun> prepared = PrepareRun(std::move(*plan), asked_.input);
  if (!prepared) co_return co_await Fail("plan", prepared.error());
  if (running_->cancellation.requested()) co_return co_await Fail("cancelled", Cancelled());
  if (Status place = co_await broker_.monitor.TakePlace(id_.call, generation_->host.bounds.jails_running); !place)
    co_return co_await Fail("host", place.error());
  // The jail is built while the intent is written; in it nothing runs without the receipt.
  const std::string bytes = flat::EncodeMessage(prepared->plan);
  if (Status asked = broker_.monitor.MakeJail(*permit_, bytes, std::move(prepared->theirs)); !asked)
    co_return co_await Fail("host", asked.error());
  Result<RecordedIntent> intent = co_await Record(bytes);
  if (!intent) {
    broker_.monitor.DropJail(id_.call);
    co_return Failure(id_.call, intent.error());
  }
  RunResult result = co_await Run(broker_, std::move(*permit_), std::move(*intent), std::move(*prepared),
                                  running_->cancellation, ProgressTo(session_, request_.progress_token));
  stages_.Add("start", result.start_ns);
  stages_.Add("run", result.run_ns);
  const wire::RunEnd& end = result.end;
  audit::Body body;
  body.Text("ended", EndName(end.kind));
  if (end.kind == wire::EndKind::kExited) body.Number("exit_code", end.code);
  if (end.kind == wire::EndKind::kSignaled) body.Number("signal", end.signal);
  body.Number("command", end.command)
      .Decimal("stdout_bytes", end.stdout_bytes)
      .Decimal("stderr_bytes", end.stderr_bytes);
  body.Bool("truncated", end.stdout_bytes > end.stdout_kept || end.stderr_bytes > end.stderr_kept);
  body.Number("duration_ms", static_cast<int64_t>(end.wall_ns / 1'000'000));
  if (!end.step.empty()) body.Text("step", end.step);
  if (!result.problem.empty() || !end.detail.empty())
    body.Free("detail", result.problem.empty() ? end.detail : result.problem);
  co_return co_await Finish(std::move(body), RunAnswerFor(id_.call, decision_, result));
}

asio::awaitable<json> CallPath::ChangeTool() {
  if (asked_.call.tool == policy::Tool::kDeleteFile && found_.facts.paths.at(0).is_directory) {
    const bool approved = decision_.level == policy::Level::kApprove;
    if (Status whole = co_await MayGoWith(From(), found_.facts.paths[0].path, approved); !whole)
      co_return co_await Fail("paths", whole.error());
  }
  Result<PreparedChange> prepared = PrepareChange({id_, *agent_, asked_, found_});
  if (!prepared) co_return co_await Fail("plan", prepared.error());
  Result<RecordedIntent> intent = co_await Record(flat::EncodeMessage(prepared->plan));
  if (!intent) co_return Failure(id_.call, intent.error());
  std::vector<UniqueFd> fds;
  if (prepared->content) fds.push_back(std::move(prepared->content));
  auto answer = co_await broker_.monitor.MakeChange(std::move(*permit_), std::move(*intent), std::move(fds));
  stages_.Mark("run");
  ChangeDone done = FinishChange(broker_, id_, *agent_, prepared->plan, answer);
  co_return co_await Finish(std::move(done.outcome), std::move(done.answer), std::move(done.more));
}

asio::awaitable<json> CallPath::LookTool() {
  std::vector<audit::Draft> drafts = std::exchange(unwritten_, {});
  Status recorded = co_await broker_.ledger.Append(std::move(drafts));
  if (!recorded) co_return Failure(id_.call, recorded.error());
  stages_.Mark("intent");
  Looking looking{id_, *session_, *agent_, *policy_, generation_->host, asked_, found_, decision_};
  Result<json> answer = co_await Look(std::move(*permit_), looking);
  stages_.Mark("run");
  audit::Body body;
  body.Text("ended", answer ? "done" : "failed");
  if (!answer) body.Text("code", CodeName(answer.error().code)).Free("detail", answer.error().what);
  json said = answer ? std::move(*answer) : Failure(id_.call, answer.error());
  co_return co_await Finish(std::move(body), std::move(said));
}

asio::awaitable<json> CallPath::Finish(audit::Body body, json answer, std::vector<audit::Draft> more) {
  body.Raw("stages_ns", stages_.AsJson());
  // Every answer to a decided call says by which rule (3-protocol).
  if (auto said = answer.find("structuredContent");
      said != answer.end() && said->is_object() && !said->contains("level")) {
    (*said)["level"] = policy::LevelName(decision_.level);
    (*said)["rule"] = decision_.rule;
  }
  std::vector<audit::Draft> drafts = std::exchange(unwritten_, {});
  for (audit::Draft& draft : more) drafts.push_back(std::move(draft));
  drafts.push_back({"outcome", id_.session, id_.call, body.Take()});
  Status written = co_await broker_.ledger.Append(std::move(drafts));
  if (!written) {
    Error error = written.error();
    error.what = "the call ended, and its outcome could not be recorded: " + error.what;
    co_return Failure(id_.call, error);
  }
  co_return answer;
}

asio::awaitable<json> CallPath::Refuse(policy::Decision decision, const ApprovalAnswer* approval) {
  session_->CountRefused();
  const std::string part = PartOf(decision, asked_.line);
  std::vector<audit::Draft> drafts = std::exchange(unwritten_, {});
  drafts.push_back(DecisionDraft(decision, part));
  Status written = co_await broker_.ledger.Append(std::move(drafts));
  if (!written) co_return Failure(id_.call, written.error());
  json answer = Refusal(id_.call, decision, part, approval);
  if (std::string program = MissingProgram(); !program.empty()) answer["structuredContent"]["no_program"] = program;
  co_return answer;
}

audit::Draft CallPath::DecisionDraft(const policy::Decision& decision, const std::string& part) {
  return DecisionRecord(id_, decision, policy_.get(), part, looked_up_ ? &found_ : nullptr,
                        agent_ == nullptr ? std::string() : agent_->profile,
                        broker_.refusals[session_->opened().agent].TakeLeftOut());
}

// A refusal of steps 1 to 3, which cost an agent nothing: recorded at a limited rate.
asio::awaitable<json> CallPath::FailEarly(std::string rule, Error error) {
  if (broker_.refusals[session_->opened().agent].Take(RefusalRate::Clock::now()))
    co_return co_await Fail(std::move(rule), std::move(error));
  session_->CountRefused();
  co_return Failure(id_.call, error);
}

// A call that could not be made: recorded as forbidden by a word of ours, in the place of a rule.
asio::awaitable<json> CallPath::Fail(std::string rule, Error error) {
  session_->CountRefused();
  if (permit_.has_value()) {
    // The decision that allowed is written with it; what failed after it is the outcome.
    audit::Body body;
    body.Text("ended", "failed").Text("code", CodeName(error.code)).Free("detail", error.ToString());
    co_return co_await Finish(std::move(body), Failure(id_.call, error));
  }
  std::vector<audit::Draft> drafts = std::exchange(unwritten_, {});
  policy::Decision no;
  no.rule = std::move(rule);
  no.why = error.ToString();
  drafts.push_back(DecisionDraft(no, asked_.line));
  Status written = co_await broker_.ledger.Append(std::move(drafts));
  if (!written) co_return Failure(id_.call, written.error());
  co_return Failure(id_.call, error);
}

}  // namespace

asio::awaitable<json> ServeCall(std::shared_ptr<Session> session, std::shared_ptr<Session::Running> running,
                                CallRequest request) {
  CallPath path(std::move(session), std::move(running), std::move(request));
  json answer = co_await path.Serve();
  path.TellCandidate();
  co_return answer;
}

}  // namespace warder::broker
