// How is a program found in the table of those that run others or write files?
#include "policy/analyse/programs.h"

#include <string>
#include <unordered_map>

namespace warder::policy::lint {
namespace {

std::vector<const KnownProgram*> Collect() {
  std::vector<const KnownProgram*> all;
  for (auto part : {StartingPrograms(), LanguagePrograms(), BuildingPrograms(), FilePrograms(), NetworkPrograms()})
    for (const KnownProgram& program : part) all.push_back(&program);
  return all;
}

std::unordered_map<std::string_view, const KnownProgram*> ByName() {
  std::unordered_map<std::string_view, const KnownProgram*> by_name;
  for (const KnownProgram* program : KnownPrograms())
    for (std::string_view rest = program->names; !rest.empty();) {
      const size_t end = std::min(rest.find(' '), rest.size());
      by_name.emplace(rest.substr(0, end), program);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  return by_name;
}

}  // namespace

const std::vector<const KnownProgram*>& KnownPrograms() {
  static const std::vector<const KnownProgram*> all = Collect();
  return all;
}

const KnownProgram* FindKnownProgram(std::string_view name) {
  static const std::unordered_map<std::string_view, const KnownProgram*> by_name = ByName();
  name = name.substr(name.find_last_of('/') + 1);
  if (auto exact = by_name.find(name); exact != by_name.end()) return exact->second;
  // "python3.11", "gcc-12", "clang-14", "perl5.36.0", "lua5.4", "pip3".
  const size_t last = name.find_last_not_of("0123456789.-");
  if (last == std::string_view::npos) return nullptr;
  auto plain = by_name.find(name.substr(0, last + 1));
  return plain == by_name.end() ? nullptr : plain->second;
}

}  // namespace warder::policy::lint
