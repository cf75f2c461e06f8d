// Which facts does a record of the log hold? Written by facts.cc; a text of another form is none.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "policy/record/facts.h"

namespace warder::policy {
namespace {

using nlohmann::json;

// The members of one object; what is absent takes its plain value, what is of another type makes the record unusable.
class Members {
 public:
  Members(const json& object, bool& good) : object_(object), good_(good) { good_ = good_ && object.is_object(); }
  std::string Text(const char* key) {
    const json* found = Find(key);
    if (found == nullptr) return {};
    if (found->is_string()) return found->get<std::string>();
    good_ = false;
    return {};
  }
  bool Bool(const char* key, bool otherwise) {
    const json* found = Find(key);
    if (found == nullptr) return otherwise;
    good_ = good_ && found->is_boolean();
    return good_ && found->get<bool>();
  }
  size_t Number(const char* key, size_t otherwise) {
    const json* found = Find(key);
    if (found == nullptr) return otherwise;
    good_ = good_ && found->is_number_unsigned();
    return good_ ? found->get<size_t>() : 0;
  }
  std::vector<std::string> Texts(const char* key, std::vector<std::string> otherwise) {
    const json* found = Find(key);
    if (found == nullptr) return otherwise;
    std::vector<std::string> texts;
    good_ = good_ && found->is_array();
    if (good_)
      for (const json& text : *found) {
        good_ = good_ && text.is_string();
        if (good_) texts.push_back(text.get<std::string>());
      }
    return texts;
  }
  // "DEV:INO".
  void Id(uint64_t& dev, uint64_t& ino) {
    const std::string text = Text("id");
    if (text.empty()) return;
    const size_t colon = text.find(':');
    auto device = ParseDecimal(std::string_view(text).substr(0, colon));
    auto inode = ParseDecimal(colon == std::string::npos ? "" : std::string_view(text).substr(colon + 1));
    good_ = good_ && device && inode;
    if (!good_) return;
    dev = *device;
    ino = *inode;
  }
  const json* Find(const char* key) {
    if (!good_) return nullptr;
    auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

 private:
  const json& object_;
  bool& good_;
};

RecordedPath ReadPath(const json& object, bool& good) {
  Members in(object, good);
  RecordedPath path;
  path.text = in.Text("text");
  const std::string act = in.Text("act");
  for (Act known : {Act::kRead, Act::kWrite, Act::kDelete})
    if (act == ActName(known)) path.act = known;
  good = good && act == ActName(path.act);
  path.follow_last = path.act != Act::kDelete;
  path.from = in.Number("from", SIZE_MAX);
  path.fact.problem = in.Text("problem");
  path.fact.path = in.Text("path");
  path.fact.resolved = in.Find("path") != nullptr;
  path.fact.exists = in.Bool("exists", false);
  path.fact.is_directory = in.Bool("directory", false);
  in.Id(path.fact.dev, path.fact.ino);
  return path;
}

RecordedProgram ReadProgram(const json& object, bool& good) {
  Members in(object, good);
  RecordedProgram program;
  program.asked = in.Text("asked");
  program.named = in.Texts("named", {});
  program.fact.found = in.Bool("found", false);
  program.fact.problem = in.Text("problem");
  program.fact.path = in.Text("path");
  in.Id(program.fact.dev, program.fact.ino);
  program.fact.executable = in.Bool("executable", program.fact.found);
  program.fact.readable = in.Bool("readable", program.fact.found);
  program.fact.is_script = in.Bool("script", false);
  if (program.fact.found) program.bound = in.Texts("bound", {program.fact.path});
  program.replaced = in.Bool("replaced", false);
  if (const std::string hex = in.Text("sha256"); !hex.empty()) {
    auto bytes = FromHex(hex);
    good = good && bytes && bytes->size() == sizeof(Digest);
    if (good) std::copy(bytes->begin(), bytes->end(), program.fact.sha256.emplace().begin());
  }
  return program;
}

RecordedScript ReadScript(const json& object, bool& good) {
  Members in(object, good);
  return {in.Number("command", SIZE_MAX), in.Text("path"), in.Text("interpreter"), in.Text("argument")};
}

ZoneFact ReadZone(const json& object, bool& good) {
  Members in(object, good);
  const size_t weekday = in.Number("weekday", 7), minute = in.Number("minute", 1440);
  good = good && weekday < 7 && minute < 1440;
  return {in.Text("zone"), {static_cast<uint8_t>(weekday), static_cast<uint16_t>(minute)}};
}

template <typename T>
void ReadList(const json* list, T (*read)(const json&, bool&), std::vector<T>& out, bool& good) {
  if (list == nullptr) return;
  good = good && list->is_array();
  for (size_t i = 0; good && i < list->size(); ++i) out.push_back(read((*list)[i], good));
}

}  // namespace

std::optional<RecordedFacts> ReadFacts(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  bool good = !object.is_discarded();
  RecordedFacts facts;
  Members in(object, good);
  if (in.Number("form", 0) != 1) return std::nullopt;
  facts.workspace = in.Text("workspace");
  facts.profile = in.Text("profile");
  facts.origin = in.Text("origin");
  ReadList(in.Find("paths"), ReadPath, facts.paths, good);
  ReadList(in.Find("programs"), ReadProgram, facts.programs, good);
  ReadList(in.Find("scripts"), ReadScript, facts.scripts, good);
  ReadList(in.Find("zones"), ReadZone, facts.zones, good);
  facts.unknown_zones = in.Texts("unknown_zones", {});
  for (size_t i = 0; i < facts.paths.size(); ++i)  // a directory comes before what starts in it
    good = good && (facts.paths[i].from == SIZE_MAX || facts.paths[i].from < i);
  if (const json* counters = in.Find("counters"); counters != nullptr) {
    good = good && counters->is_object();
    for (const auto& [name, used] : counters->items()) {
      auto number = used.is_string() ? ParseDecimal(used.get_ref<const std::string&>()) : std::nullopt;
      good = good && (used.is_null() || number);
      facts.counters[name] = {number.has_value(), number.value_or(0)};
    }
  }
  if (!good) return std::nullopt;
  return facts;
}

}  // namespace warder::policy
