// What may `programs` say: which names are bound to which files?
#include "base/text.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kForm = "write `name: /absolute/file`, a list of files, or { path: …, sha256: … }";

void ReadFiles(Reading& reading, const YamlNode& node, Program& program) {
  for (const auto& [path, where] : reading.OneOrMore(node, kForm)) {
    if (IsCleanAbsolutePath(path) && path != "/")
      program.paths.push_back(path);
    else
      reading.Problem(where, Quote(path) + " is not the absolute path of a file",
                      "write it from / on, without `.`, `..`, doubled or trailing slashes");
  }
}

void ReadPin(Reading& reading, const YamlNode& node, Program& program) {
  auto bytes = node.kind == YamlKind::kScalar ? FromHex(node.text) : std::nullopt;
  if (!bytes || bytes->size() != sizeof(Digest)) {
    reading.Problem(node.where, Quote(node.text) + " is not a SHA-256",
                    "write its 64 lower-case hex digits, as sha256sum prints them");
    return;
  }
  Digest digest{};
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  program.sha256 = digest;
}

constexpr KeyRule<Program> kProgram[] = {
    {"path",
     Need::kRequired,
     ReadFiles,
     "`path: /absolute/file`",
     {shape::OneOrMore<shape::FilePath>, "The files that the name stands for", "/usr/local/bin/kubectl"}},
    {"sha256",
     Need::kOptional,
     ReadPin,
     "",
     {shape::Sha256, "What the file must be, byte for byte",
      "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", "any bytes"}},
};

}  // namespace

Shape ProgramsShape() {
  Shape program = shape::Map("a program", kProgram);
  return shape::NamedOf(
      "names of programs", "^[^-/\\s][^/\\s]*$",
      shape::EitherOf("files, or `{ path, sha256 }`", {shape::OneOrMore<shape::FilePath>(), program}));
}

bool IsProgramName(std::string_view text) {
  if (text.starts_with('/')) return IsCleanAbsolutePath(text) && text != "/";
  if (text.empty() || text.size() > 255 || text == "." || text == ".." || text[0] == '-') return false;
  return text.find_first_of("/ \t\n") == std::string_view::npos;
}

void ReadPrograms(Reading& reading, const YamlNode& node, Draft& draft) {
  if (!reading.IsMap(node, kForm)) return;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const YamlKey& key = node.keys[i];
    if (!IsProgramName(key.text) || key.text[0] == '/') {
      reading.Problem(key.where, Quote(key.text) + " is not the name of a program",
                      "write a bare name, without slash or blank, not beginning with a dash");
      continue;
    }
    Program program;
    program.name = key.text;
    program.declared = true;
    program.where = key.where;
    if (node.items[i].kind == YamlKind::kMap)
      ReadMap(reading, node.items[i], "a program", kProgram, program);
    else
      ReadFiles(reading, node.items[i], program);
    draft.policy.programs.push_back(std::move(program));
  }
}

}  // namespace warder::policy
