// What do the hands of the tests find?
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/broker/fake_host.h"

namespace warder::broker::test {
namespace {

std::string Lexical(const std::string& directory, const std::string& text) {
  std::string path = text.starts_with("/") ? text : directory + "/" + text;
  while (path.ends_with("/.") || (path.size() > 1 && path.ends_with("/"))) path.resize(path.rfind('/'));
  return path;
}

}  // namespace

wire::PathAnswer FakeHost::AnswerPath(const wire::PathQuestion& question) {
  wire::PathAnswer answer;
  answer.resolved = true;
  answer.path = Lexical(question.directory, question.text);
  if (answer.path == kWorkspace) {
    answer.kind = wire::FileKind::kDirectory;
    answer.dev = 7;
    answer.ino = 2;
  } else if (auto file = script_.files.find(answer.path); file != script_.files.end()) {
    answer.kind = file->second.kind;
    answer.dev = 7;
    answer.ino = file->second.ino;
    answer.size = file->second.content.size();
  }
  if (script_.hands == HandsScript::kNotCanonical) answer.path += "/../x";
  return answer;
}

void FakeHost::TakeHands(int fd, const Packet& packet) {
  if (script_.hands == HandsScript::kNonsense) return Say(fd, std::string(9, '\xff'));
  if (auto resolve = flat::DecodeMessage<wire::ResolveRequest>(packet.bytes)) {
    Note("resolve");
    wire::ResolveAnswer answer;
    answer.request = resolve->request;
    for (const auto& question : resolve->paths) answer.paths.push_back(AnswerPath(question));
    for (const auto& question : resolve->programs) {
      wire::ProgramAnswer program;
      program.found = program.executable = program.readable = true;
      program.path = question.path;
      auto other = script_.programs.find(question.path);
      program.identity.dev = 7;
      program.identity.ino = other == script_.programs.end() ? InodeOf(question.path) : other->second;
      if (question.want_sha256) program.identity.sha256 = HashSha256(question.path);
      answer.programs.push_back(program);
    }
    if (script_.hands == HandsScript::kTooFew) answer.paths.clear();
    if (script_.hands == HandsScript::kTooFew) answer.programs.clear();
    // The number of the question, in an answer to another one.
    if (script_.hands == HandsScript::kWrongType)
      return Say(fd, flat::EncodeMessage(wire::ListAnswer{resolve->request, 0, "", false}));
    return Say(fd, flat::EncodeMessage(answer));
  }
  if (auto covers = flat::DecodeMessage<wire::CoverRequest>(packet.bytes)) {
    Note("covers");
    wire::CoverAnswer answer;
    answer.request = covers->request;
    return Say(fd, flat::EncodeMessage(answer));
  }
  auto read = flat::DecodeMessage<wire::ReadRequest>(packet.bytes);
  ASSERT_TRUE(read.has_value()) << "hands got a message of type " << int{flat::MessageType(packet.bytes)};
  Note("read");
  const std::string content = script_.files[read->path].content;
  auto memory = SealedMemory("bytes", content.substr(std::min<size_t>(read->offset, content.size()), read->length));
  const int fds[] = {memory->get()};
  Say(fd, flat::EncodeMessage(wire::ReadAnswer{read->request, 0, "", content.size()}), fds);
}

}  // namespace warder::broker::test
