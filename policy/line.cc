// How is a command line read into simple commands, and what makes it opaque?
//
// One pass, no backtracking, no recursion. Whatever is not listed here as understood is opaque: the
// reader never guesses. Sources: POSIX.1-2017 XCU 2 (Shell Command Language), bash(1), dash(1).
#include "policy/line.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "base/text.h"
#include "policy/line_words.h"

namespace warder::policy {
namespace {

constexpr size_t kNone = SIZE_MAX;
constexpr size_t kMaxRedirections = 16;  // as the plan takes them (wire/plan.cc)

struct Word {
  std::string text;
  size_t at = 0;          // byte offset in the line
  bool quoted = false;    // some of it was quoted
  size_t equals = kNone;  // of an unquoted `NAME=`: where the `=` is
};

bool IsNameByte(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

bool IsName(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i)
    if (!IsNameByte(text[i], i == 0)) return false;
  return !text.empty();
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What an unquoted byte would make a shell do; null where it stands for itself.
const char* MeaningOf(char c) {
  switch (c) {
    case '$':
      return "`$` expands something; write the value itself, or put it in single quotes";
    case '`':
      return "a command substitution; run that command in a call of its own";
    case '*':
    case '?':
    case '[':
      return "a file name pattern; name the files, or quote it if the program reads it";
    case '(':
    case ')':
      return "a subshell or function; write plain commands joined by && or ;";
    case '{':
    case '}':
      return "a brace; write each word out, or quote it if it stands for itself";
    case '!':
      return "`!`; quote it if it stands for itself";
    default:
      return nullptr;
  }
}

// Whether each `..` comes before every other name, in this path and in those before it.
bool GoesUpOnlyFirst(std::string_view path, bool& named) {
  if (path.starts_with('/')) named = true;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    at = end + 1;
    if (name == ".." && named) return false;
    named = named || (!name.empty() && name != "." && name != "..");
  }
  return true;
}

// What is not understood is decided as the argv of a shell, where it can be one.
void ForShell(CommandLine& line, std::vector<std::string> argv) {
  line.commands.clear();
  size_t bytes = 0;
  for (const std::string& word : argv) {
    if (word.contains('\0')) return;
    bytes += word.size() + 1;
  }
  if (bytes <= limits::kMaxArgvBytes) line.commands.emplace_back().argv = std::move(argv);
}

class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  CommandLine Read() {
    if (!Bytes() || !Commands() || !ChangesOfDirectory()) ForShell(out_, {"sh", "-c", std::string(line_)});
    return std::move(out_);
  }

 private:
  bool Opaque(size_t at, std::string why) {
    out_.opaque = true;
    out_.opaque_at = at;
    out_.why_opaque = "at byte " + std::to_string(at) + ": " + std::move(why);
    return false;
  }
  bool End() const { return at_ >= line_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < line_.size() ? line_[at_ + ahead] : '\0'; }
  void SkipBlanks() {
    while (Peek() == ' ' || Peek() == '\t') ++at_;
  }
  void SkipBlankLines() {
    while (Peek() == ' ' || Peek() == '\t' || Peek() == '\n') ++at_;
  }

  bool Bytes();
  bool Commands();
  bool Connector(Join& join, bool& more);
  bool Simple(Join join);
  bool Place(SimpleCommand& command, Word word);
  bool Redirect(SimpleCommand& command, std::optional<int> number);
  bool Duplicate(SimpleCommand& command, std::optional<int> number, size_t start);
  bool Target(Redirection& redirection);
  bool ReadWord(Word& word);
  bool Unquoted(Word& word);
  bool DoubleQuoted(Word& word);
  bool ChangesOfDirectory();

  std::string_view line_;
  size_t at_ = 0;
  CommandLine out_;
};

// Bytes that no part of a line may hold, quoted or not.
bool LineReader::Bytes() {
  if (line_.size() > limits::kMaxLineBytes)
    return Opaque(limits::kMaxLineBytes, "more than 8192 bytes; write shorter calls");
  if (line_.starts_with('-') || line_.starts_with('+'))
    return Opaque(0, "`sh -c` takes a line that begins with - or + for an option");
  for (size_t i = 0; i < line_.size(); ++i) {
    auto c = static_cast<unsigned char>(line_[i]);
    if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
      return Opaque(i, "a control character (a carriage return, perhaps)");
    // C1 controls in UTF-8 (U+0080 to U+009F).
    if (c == 0xc2 && i + 1 < line_.size() && static_cast<unsigned char>(line_[i + 1]) < 0xa0)
      return Opaque(i, "a control character");
  }
  if (!IsUtf8(line_)) return Opaque(0, "bytes that are not UTF-8; give an argv instead of a line");
  return true;
}

bool LineReader::Commands() {
  Join join = Join::kFirst;
  SkipBlankLines();
  for (bool more = true; more;) {
    if (out_.commands.size() == limits::kMaxLineCommands)
      return Opaque(at_, "more than 50 commands; split the line into several calls");
    if (!Simple(join) || !Connector(join, more)) return false;
  }
  return true;
}

bool LineReader::Connector(Join& join, bool& more) {
  const size_t start = at_;
  const char c = Peek(), next = Peek(1);
  if (!End()) at_ += (c == '&' || c == '|') && next == c ? 2 : 1;
  if (start < line_.size() && c == '&' && next != '&')
    return Opaque(start, "`&` runs in the background; use && or ; between commands");
  if (c == '|' && next == '&') return Opaque(start, "`|&`; write 2>&1 | instead");
  if (c == ';' && (next == ';' || next == '&')) return Opaque(start, "`;;` or `;&` outside of case");
  join = c == '|' ? next == '|' ? Join::kOr : Join::kPipe : c == '&' ? Join::kAnd : Join::kThen;
  SkipBlankLines();
  more = !End();
  if (!more && join != Join::kThen) return Opaque(start, "nothing follows the last && || or |");
  return true;
}

bool LineReader::Simple(Join join) {
  SimpleCommand command;
  command.join = join;
  const size_t start = at_;
  for (;;) {
    SkipBlanks();
    const char c = Peek();
    if (End() || c == '\n' || c == ';' || c == '&' || c == '|') break;
    if (c == '<' || c == '>') {
      if (!Redirect(command, std::nullopt)) return false;
      continue;
    }
    Word word;
    word.at = at_;
    if (!ReadWord(word)) return false;
    const bool redirects = Peek() == '<' || Peek() == '>';
    if (redirects && !word.quoted && IsDigits(word.text)) {
      if (word.text.size() > 1 || word.text[0] > '2')
        return Opaque(word.at, "a redirection of another descriptor than 0, 1 and 2");
      if (!Redirect(command, word.text[0] - '0')) return false;
    } else if (!Place(command, std::move(word))) {
      return false;
    }
  }
  if (command.argv.empty()) return Opaque(start, "no program here: an empty part, or only assignments or redirections");
  if (command.argv.size() > limits::kMaxArgvWords) return Opaque(start, "more than 1024 words");
  out_.commands.push_back(std::move(command));
  return true;
}

// A word is an assignment, the name of a program, or an argument.
bool LineReader::Place(SimpleCommand& command, Word word) {
  if (command.argv.empty()) {
    if (word.equals != kNone) {
      std::string name = word.text.substr(0, word.equals);
      if (IsShellVariable(name)) return Opaque(word.at, "an assignment to the shell's own " + name);
      command.assignments.emplace_back(std::move(name), word.text.substr(word.equals + 1));
      return true;
    }
    if (!word.quoted && IsReservedWord(word.text))
      return Opaque(word.at, "`" + word.text + "` is part of the shell's language; write plain commands");
    if (word.text.empty()) return Opaque(word.at, "a program without a name");
    // bash(1) "JOB CONTROL": quoted or not, in scripts too.
    if (word.text[0] == '%') return Opaque(word.at, "a name that begins with `%` means a job, not a program");
    if (word.text.find('=') != std::string::npos)
      return Opaque(word.at, "neither an assignment nor the name of a program");
  }
  command.argv.push_back(std::move(word.text));
  return true;
}

bool LineReader::Redirect(SimpleCommand& command, std::optional<int> number) {
  const size_t start = at_;
  if (command.redirections.size() == kMaxRedirections) return Opaque(start, "more than 16 redirections");
  const bool reads = Peek() == '<';
  const char next = Peek(1);
  Redirection redirection;
  redirection.fd = static_cast<uint8_t>(number.value_or(reads ? 0 : 1));
  if (reads != (redirection.fd == 0))
    return Opaque(start, "a redirection that reads another descriptor than 0, or writes 0");
  if (next == '(') return Opaque(start, "a process substitution; use a pipe or a file");
  if (reads && next == '<') return Opaque(start, "a here-document; give the text as the call's stdin");
  if (next == '|' || (reads && (next == '&' || next == '>')))
    return Opaque(start, "`>|`, `<&` or `<>`; only < > >> and 2>&1 are understood");
  if (next == '&') return Duplicate(command, number, start);
  redirection.kind = reads ? RedirectKind::kRead : next == '>' ? RedirectKind::kAppend : RedirectKind::kTruncate;
  at_ += redirection.kind == RedirectKind::kAppend ? 2 : 1;
  if (!Target(redirection)) return false;
  command.redirections.push_back(std::move(redirection));
  return true;
}

// `2>&1`, `>&2`, `1>&2`, nothing else.
bool LineReader::Duplicate(SimpleCommand& command, std::optional<int> number, size_t start) {
  at_ += 2;
  const char from = Peek(), after = Peek(1);
  const uint8_t fd = static_cast<uint8_t>(number.value_or(1));
  const bool ends = at_ + 1 >= line_.size() || std::string_view(" \t\n;&|").contains(after);
  if (End() || from != (fd == 2 ? '1' : '2') || !ends) return Opaque(start, "a duplication other than 2>&1 and >&2");
  ++at_;
  command.redirections.push_back({fd, RedirectKind::kDuplicate, "", static_cast<uint8_t>(from - '0')});
  return true;
}

bool LineReader::Target(Redirection& redirection) {
  SkipBlanks();
  Word word;
  word.at = at_;
  if (End() || std::string_view("\n;&|<>").contains(Peek())) return Opaque(at_, "a redirection without a path");
  if (!ReadWord(word)) return false;
  if (word.text.empty()) return Opaque(word.at, "a redirection to an empty path");
  // POSIX 2.10.1: it is an IO_NUMBER token then, and the shell wanted a word.
  if (!word.quoted && IsDigits(word.text) && (Peek() == '<' || Peek() == '>'))
    return Opaque(word.at, "a number that a redirection follows at once; put a blank between them");
  // bash opens these itself, not as files (bash(1) "REDIRECTION").
  for (std::string_view own : {"/dev/tcp/", "/dev/udp/", "/dev/fd/", "/dev/std"})
    if (word.text.starts_with(own)) return Opaque(word.at, "a name below /dev that shells treat specially");
  redirection.path = std::move(word.text);
  return true;
}

// From the current byte to the end of the word. The reader stands on a byte that begins one.
bool LineReader::ReadWord(Word& word) {
  while (!End()) {
    const char c = Peek();
    if (std::string_view(" \t\n;&|<>").contains(c)) break;
    if (c == '\'') {
      const size_t end = line_.find('\'', at_ + 1);
      if (end == std::string_view::npos) return Opaque(at_, "a single quote that does not end");
      word.text += line_.substr(at_ + 1, end - at_ - 1);
      word.quoted = true;
      at_ = end + 1;
    } else if (c == '"') {
      if (!DoubleQuoted(word)) return false;
    } else if (c == '\\') {
      if (at_ + 1 >= line_.size()) return Opaque(at_, "a backslash at the end");
      if (Peek(1) == '\n') return Opaque(at_, "a line that continues on the next; write it as one line");
      word.text += Peek(1);
      word.quoted = true;
      at_ += 2;
    } else if (!Unquoted(word)) {
      return false;
    }
  }
  return true;
}

bool LineReader::Unquoted(Word& word) {
  const char c = Peek();
  if (const char* meaning = MeaningOf(c)) return Opaque(at_, meaning);
  const bool begins = at_ == word.at;
  if (c == '#' && begins) return Opaque(at_, "a comment; leave it out, or quote the `#`");
  // Shells expand `~` at the start of a word, and after = and : where they take it for an
  // assignment.
  const char before = begins ? '\0' : line_[at_ - 1];
  if (c == '~' && (begins || std::string_view("=:'\"\\").contains(before)))
    return Opaque(at_, "`~` expands to a home directory; write the path, or quote it");
  if (c == '=' && word.equals == kNone && !word.quoted && IsName(word.text)) word.equals = word.text.size();
  word.text += c;
  ++at_;
  return true;
}

bool LineReader::DoubleQuoted(Word& word) {
  const size_t start = at_++;
  word.quoted = true;
  for (; !End(); ++at_) {
    const char c = Peek();
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '$' || c == '`') return Opaque(at_, MeaningOf(c));
    if (c == '\\' && Peek(1) == '\n') return Opaque(at_, "a line that continues on the next; write it as one line");
    // POSIX 2.2.3: only before these does a backslash quote; else it stands for itself.
    if (c == '\\' && at_ + 1 < line_.size() && std::string_view("$`\"\\").contains(Peek(1))) ++at_;
    word.text += Peek();
  }
  return Opaque(start, "a double quote that does not end");
}

// `cd` is understood only where nothing can run in the old directory because the cd failed or was
// skipped.
bool LineReader::ChangesOfDirectory() {
  std::vector<SimpleCommand>& commands = out_.commands;
  bool changed = false, named = false;
  for (size_t i = 0; i < commands.size(); ++i) {
    SimpleCommand& command = commands[i];
    if (changed && (command.join == Join::kOr || command.join == Join::kThen))
      return Opaque(0, "after `cd`, join what follows with && (else it runs elsewhere when cd fails)");
    if (command.argv[0] != "cd") continue;
    if (command.argv.size() != 2 || command.argv[1].empty() || command.argv[1][0] == '-' ||
        !command.assignments.empty() || !command.redirections.empty())
      return Opaque(0, "a `cd` that is not `cd DIRECTORY` alone");
    // `cd a/..` is text to a shell (cd -L): it need not exist, and what a symlink leads to has another parent.
    if (!GoesUpOnlyFirst(command.argv[1], named))
      return Opaque(0, "a `..` behind the name of a directory; write the directory that is meant");
    if (command.join == Join::kOr || command.join == Join::kPipe ||
        (i + 1 < commands.size() && commands[i + 1].join == Join::kPipe))
      return Opaque(0, "a `cd` after || or in a pipeline; write cd DIRECTORY && …");
    command.change_directory = changed = true;
  }
  return true;
}

CommandLine OpaqueArgv(std::string why) {
  CommandLine line;
  line.opaque = true;
  line.why_opaque = std::move(why);
  return line;
}

bool IsShell(std::string_view word) {
  for (std::string_view place : {"/usr/bin/", "/bin/"})
    if (word.starts_with(place)) word.remove_prefix(place.size());
  return word == "sh" || word == "bash" || word == "dash";
}

}  // namespace

CommandLine ReadLine(std::string_view line) { return LineReader(line).Read(); }

CommandLine ReadArgv(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) return OpaqueArgv("an argv without a program");
  if (argv.size() > limits::kMaxArgvWords) return OpaqueArgv("an argv of more than 1024 words");
  size_t bytes = 0;
  for (const std::string& word : argv) {
    if (word.find('\0') != std::string::npos) return OpaqueArgv("an argument with a NUL byte");
    bytes += word.size() + 1;
  }
  if (bytes > limits::kMaxArgvBytes) return OpaqueArgv("an argv of more than 64 KiB");
  if (argv.size() == 3 && argv[1] == "-c" && IsShell(argv[0])) {
    CommandLine read = ReadLine(argv[2]);
    if (read.opaque) ForShell(read, argv);
    return read;
  }
  CommandLine line;
  SimpleCommand& command = line.commands.emplace_back();
  command.argv = argv;
  if (argv[0] == "cd") {
    if (argv.size() != 2 || argv[1].empty() || argv[1][0] == '-')
      return OpaqueArgv("a `cd` that is not `cd DIRECTORY` alone");
    command.change_directory = true;
  }
  return line;
}

SimpleCommand AsInterpreter(const SimpleCommand& command, const std::string& interpreter, const std::string& argument,
                            const std::string& file) {
  SimpleCommand rewritten = command;
  rewritten.called_as = command.argv;
  rewritten.script = file;
  rewritten.argv = {interpreter};
  if (!argument.empty()) rewritten.argv.push_back(argument);
  rewritten.argv.push_back(file);
  rewritten.argv.insert(rewritten.argv.end(), command.argv.begin() + 1, command.argv.end());
  return rewritten;
}

std::string ShowCommand(const std::vector<std::string>& argv) {
  constexpr size_t kShown = 200;
  std::string line;
  for (const std::string& word : argv) {
    line += (line.empty() ? "" : " ") + ShellQuote(word);
    if (line.size() > kShown) break;
  }
  if (line.size() <= kShown) return ForTerminal(line);
  size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80) --cut;  // between characters
  return ForTerminal(line.substr(0, cut)) + "…";
}

}  // namespace warder::policy
