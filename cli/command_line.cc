// How does `warder`'s command line become a command and its arguments? The only file that knows CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <list>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "policy/schema.h"

namespace warder::cli {

std::string Arguments::Text(std::string_view name, std::string_view otherwise) const {
  auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::string(otherwise);
  return found->second.front();
}

const std::vector<std::string>& Arguments::List(std::string_view name) const {
  static const std::vector<std::string> kNone;
  auto found = values_.find(name);
  return found == values_.end() ? kNone : found->second;
}

namespace {

// Where CLI11 puts the values of one option; `option` tells whether it was given.
struct Slot {
  const Command* command;
  std::string name;
  CLI::Option* option = nullptr;
  bool flag = false;
  std::vector<std::string> values;
};

void AddOption(CLI::App* app, const Command& command, const Option& option, std::list<Slot>* slots) {
  if (option.kind == OptionKind::kRest) return;  // taken off before CLI11 sees the words
  Slot& slot = slots->emplace_back(Slot{&command, option.name, nullptr, false, {}});
  if (option.kind == OptionKind::kFlag) {
    slot.flag = true;
    slot.option = app->add_flag(std::string("--") + option.name, option.text);
    return;
  }
  const bool several = option.kind == OptionKind::kTexts || option.kind == OptionKind::kPositionals;
  const bool named = option.kind == OptionKind::kText || option.kind == OptionKind::kTexts;
  slot.option = app->add_option((named ? "--" : "") + std::string(option.name), slot.values, option.text);
  slot.option->required(option.required)->type_name(named ? "VALUE" : "");
  // A vector takes extra words by default, and would swallow the next positional's.
  if (!several) slot.option->expected(1)->allow_extra_args(false);
  if (named && !several) slot.option->take_last();
}

std::string Footer(const Command& command) {
  std::string text;
  for (const Option& option : command.options)
    if (option.kind == OptionKind::kRest)
      text += std::string("After --: ") + option.name + "\n  " + option.text + "\n\n";
  return text + "Example:\n  " + command.example;
}

struct Parser {
  CLI::App app{"warder runs the tool calls of agents: decided by policy, written down, jailed.", "warder"};
  std::list<Slot> slots;
  std::map<const Command*, CLI::App*> apps;
};

CLI::App* AddGroup(CLI::App* root, const std::string& word) {
  for (CLI::App* known : root->get_subcommands([&](CLI::App* a) { return a->get_name() == word; })) return known;
  CLI::App* group = root->add_subcommand(word, GroupBrief(word));
  group->require_subcommand(1);
  for (const Command& command : AllCommands())
    if (std::string_view(command.path).starts_with(word + " ")) {
      group->footer(std::string("Example:\n  ") + command.example);
      break;
    }
  return group;
}

void Build(Parser* parser) {
  parser->app.set_version_flag("--version", Version());
  parser->app.require_subcommand(1);
  parser->app.footer("Example:\n  warder run -- make test\n\nEach command has --json, and --help with an example.");
  for (const Command& command : AllCommands()) {
    std::string path = command.path;
    CLI::App* parent = &parser->app;
    if (size_t space = path.find(' '); space != std::string::npos) {
      parent = AddGroup(parent, path.substr(0, space));
      path.erase(0, space + 1);
    }
    CLI::App* app = parent->add_subcommand(path, command.brief);
    app->footer(Footer(command));
    parser->apps[&command] = app;
    for (const Option& option : command.options) AddOption(app, command, option, &parser->slots);
    AddOption(app, command, {OptionKind::kFlag, "json", "One JSON value on stdout, for machines", false},
              &parser->slots);
  }
}

const Command* Chosen(const Parser& parser) {
  for (const Command& command : AllCommands())
    if (parser.apps.at(&command)->parsed()) return &command;
  return nullptr;
}

int Misuse(const std::string& what, const std::string& remedy) {
  PrintError(Error{Code::kInvalid, what, remedy});
  return kMisuse;
}

// `warder audit show`'s own help, for a message: the words that name a command, no more.
std::string HelpCommand(const std::vector<std::string>& words) {
  std::string line = "warder";
  for (const Command& command : AllCommands()) {
    std::string path = command.path;
    size_t space = path.find(' ');
    std::string first = path.substr(0, space);
    if (words.empty() || words[0] != first) continue;
    if (space == std::string::npos) return line + " " + first + " --help";
    if (words.size() > 1 && words[1] == path.substr(space + 1)) return "warder " + path + " --help";
    line = "warder " + first;
  }
  return line + " --help";
}

// What CLI11 would call a missing subcommand: a word where a command's name must be, and is none. Empty: no such word.
std::string UnknownCommand(const std::vector<std::string>& words) {
  if (words.empty() || words[0].starts_with('-')) return "";
  std::vector<std::string> paths;
  std::string asked = words[0];
  bool group = false;
  for (const Command& command : AllCommands()) {
    const std::string path = command.path;
    if (path == words[0]) return "";
    group = group || path.starts_with(words[0] + " ");
  }
  if (group && (words.size() == 1 || words[1].starts_with('-'))) return "";
  if (group) asked += " " + words[1];
  for (const Command& command : AllCommands()) {
    const std::string path = command.path;
    if (path == asked) return "";
    if (group == path.contains(' '))
      paths.push_back(path);
    else if (!group)
      paths.push_back(path.substr(0, path.find(' ')));
  }
  std::vector<std::string_view> views(paths.begin(), paths.end());
  std::string near = policy::DidYouMean(asked, views);
  return "there is no command " + ForTerminal(asked) + (near.empty() ? "" : "; " + near);
}

const Option* RestOption(const Command& command) {
  for (const Option& option : command.options)
    if (option.kind == OptionKind::kRest) return &option;
  return nullptr;
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& words) {
  auto dashes = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> before(words.begin(), dashes);
  bool has_rest = dashes != words.end();
  std::vector<std::string> rest(has_rest ? dashes + 1 : dashes, words.end());
  if (std::string unknown = UnknownCommand(before); !unknown.empty())
    return Misuse(unknown, "see `" + HelpCommand(before) + "`");
  Parser parser;
  Build(&parser);
  try {
    std::vector<std::string> reversed(before.rbegin(), before.rend());
    parser.app.parse(reversed);
  } catch (const CLI::Success& wanted) {  // --help, --version
    return parser.app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return Misuse("the command line can not be used: " + std::string(error.what()),
                  "see `" + HelpCommand(before) + "`");
  }
  const Command* command = Chosen(parser);
  if (command == nullptr) return Misuse("no command was named", "see `warder --help`");
  Arguments arguments;
  for (Slot& slot : parser.slots)
    if (slot.command == command && slot.option->count() > 0) arguments.Put(slot.name, slot.values);
  const Option* rest_option = RestOption(*command);
  std::string help = std::string("warder ") + command->path + " --help";
  if (has_rest && rest_option == nullptr)
    return Misuse(std::string("`warder ") + command->path + "` takes nothing after --", "see `" + help + "`");
  if (rest_option != nullptr && rest_option->required && rest.empty())
    return Misuse(std::string("`warder ") + command->path + "` needs " + rest_option->name + " after --",
                  std::string("write it as `") + command->example + "`");
  if (has_rest) arguments.Put(rest_option->name, std::move(rest));
  return command->run(arguments);
}

}  // namespace warder::cli
