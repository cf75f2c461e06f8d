// How is a request of the broker answered?
#include "sandbox/hands/session.h"

#include "base/file.h"
#include "base/flat.h"
#include "base/limits.h"
#include "sandbox/hands/covers.h"
#include "sandbox/hands/program.h"
#include "sandbox/hands/read.h"
#include "sandbox/hands/walk.h"
#include "wire/hands.h"

namespace warder::hands {
namespace {

constexpr const char* kTooLarge = "the answer does not fit one message";

Result<Reply> Resolve(int root, std::string_view bytes) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::ResolveRequest>(bytes));
  if (request.paths.size() + request.programs.size() > kMaxQuestions)
    return Fail(Code::kLimit, "more than 1024 questions in one request");
  wire::ResolveAnswer answer;
  answer.request = request.request;
  for (const auto& path : request.paths) answer.paths.push_back(AnswerPath(root, path));
  for (const auto& program : request.programs) answer.programs.push_back(AnswerProgram(root, program));
  Reply reply{flat::EncodeMessage(answer), {}};
  if (reply.bytes.size() <= limits::kMaxMessageBytes) return reply;
  for (auto& path : answer.paths) {
    path = {};
    path.problem = kTooLarge;
  }
  for (auto& program : answer.programs) {
    program = {};
    program.problem = kTooLarge;
  }
  return Reply{flat::EncodeMessage(answer), {}};
}

Result<Reply> Cover(int root, std::string_view bytes) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::CoverRequest>(bytes));
  wire::CoverAnswer answer;
  answer.request = request.request;
  auto covers = FindCovers(root, request.trees, request.rules);
  if (covers) {
    answer.covers = std::move(covers->covers);
    answer.walked = covers->walked;
  } else {
    answer.problem = covers.error().ToString();
  }
  Reply reply{flat::EncodeMessage(answer), {}};
  if (reply.bytes.size() <= limits::kMaxMessageBytes) return reply;
  answer.covers.clear();
  answer.problem = "the paths to hide or protect do not fit one plan; name a directory above them in the rules";
  return Reply{flat::EncodeMessage(answer), {}};
}

Result<Reply> Read(int root, std::string_view bytes) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::ReadRequest>(bytes));
  wire::ReadAnswer answer;
  answer.request = request.request;
  Reply reply;
  auto range = ReadRange(root, request, &answer.size);
  if (range) {
    answer.size = range->size;
    WARDER_TRY(reply.memory, SealedMemory("read", range->bytes));
  } else {
    answer.code = static_cast<uint8_t>(range.error().code);
    answer.problem = range.error().ToString();
  }
  reply.bytes = flat::EncodeMessage(answer);
  return reply;
}

Result<Reply> List(int root, std::string_view bytes) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::ListRequest>(bytes));
  wire::ListAnswer answer;
  answer.request = request.request;
  Reply reply;
  auto listing = ListDirectory(root, request);
  if (listing) {
    answer.cut = listing->cut;
    flat::Saver saver;
    saver(listing->entries);
    WARDER_TRY(reply.memory, SealedMemory("list", saver.Take()));
  } else {
    answer.code = static_cast<uint8_t>(listing.error().code);
    answer.problem = listing.error().ToString();
  }
  reply.bytes = flat::EncodeMessage(answer);
  return reply;
}

}  // namespace

Result<Reply> AnswerRequest(int root, std::string_view request) {
  switch (flat::MessageType(request)) {
    case wire::ResolveRequest::kType:
      return Resolve(root, request);
    case wire::CoverRequest::kType:
      return Cover(root, request);
    case wire::ReadRequest::kType:
      return Read(root, request);
    case wire::ListRequest::kType:
      return List(root, request);
    default:
      return Fail(Code::kInvalid, "a request of an unknown type");
  }
}

}  // namespace warder::hands
