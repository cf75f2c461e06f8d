// What may `windows` say: when is an action at its own level, and when stricter?
#include <algorithm>

#include "base/text.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::string_view kForm =
    "write \"Tue-Thu 10:00-16:00 Europe/Berlin\": days, times of the same day, a zone of the tz "
    "database";

struct WindowDraft {
  Window window;
  Draft* draft = nullptr;
};

// "A-B" in two halves, neither empty.
std::optional<std::pair<std::string_view, std::string_view>> Halves(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  return std::pair(text.substr(0, dash), text.substr(dash + 1));
}

// Area/City, in the letters that the tz database uses.
bool IsZoneName(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == '/' || text.back() == '/') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
             std::string_view::npos &&
         !text.contains("//");
}

std::optional<Span> ReadSpan(std::string_view text) {
  Span span;
  const size_t first = text.find(' ');
  const size_t second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto days = Halves(text.substr(0, first));
  const auto times = Halves(text.substr(first + 1, second - first - 1));
  const std::string_view zone = text.substr(second + 1);
  if (!days || !times || !IsZoneName(zone)) return std::nullopt;
  const auto first_day = WeekdayNamed(days->first), last_day = WeekdayNamed(days->second);
  const auto from = MinuteNamed(times->first), to = MinuteNamed(times->second);
  if (!first_day || !last_day || !from || !to || *from >= *to) return std::nullopt;
  return Span{*first_day, *last_day, *from, *to, std::string(zone)};
}

void ReadId(Reading& reading, const YamlNode& node, WindowDraft& into) {
  auto text = reading.Text(node, "write `id: name-of-the-window`");
  if (text && !IsRuleId(*text))
    reading.Problem(node.where, Quote(*text) + " is not a rule id",
                    "write small letters, digits and dashes, as `working-hours`");
  into.window.id = text.value_or("");
}

void ReadActions(Reading& reading, const YamlNode& node, WindowDraft& into) {
  for (const auto& [action, where] : reading.Texts(node, "write a list, as [restart_service]")) {
    into.window.actions.push_back(action);
    into.draft->ListAction(action, where);
  }
}

void ReadOutside(Reading& reading, const YamlNode& node, WindowDraft& into) {
  for (const auto& [text, where] : reading.OneOrMore(node, kForm)) {
    if (auto span = ReadSpan(text))
      into.window.open.push_back(std::move(*span));
    else
      reading.Problem(where, Quote(text) + " is not a window", std::string(kForm));
  }
}

void ReadLevel(Reading& reading, const YamlNode& node, WindowDraft& into) {
  auto level = reading.LevelOf(node);
  if (level == Level::kAuto)
    reading.Problem(node.where, "a window whose outside is at auto changes nothing", "write notify, approve or forbid");
  into.window.level = level.value_or(Level::kForbid);
}

Shape Outside() {
  return shape::Pattern("`Day-Day HH:MM-HH:MM Zone`",
                        "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)-(Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
                        "([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00) [A-Za-z0-9_+/-]+$");
}

constexpr KeyRule<WindowDraft> kWindow[] = {
    {"id",
     Need::kRequired,
     ReadId,
     "`id: name-of-the-window`",
     {shape::RuleId, "The name of the window, unique in the file", "working-hours"}},
    {"actions",
     Need::kRequired,
     ReadActions,
     "`actions: [restart_service]`",
     {shape::List<shape::ActionName>, "The actions that it holds for", "[restart_service]"}},
    {"outside",
     Need::kRequired,
     ReadOutside,
     "`outside: \"Tue-Thu 10:00-16:00 Europe/Berlin\"`",
     {shape::OneOrMore<Outside>, "When it is open: days, hours of one day, a zone; the end is not included",
      "\"Tue-Thu 10:00-16:00 Europe/Berlin\""}},
    {"level",
     Need::kRequired,
     ReadLevel,
     "`level: approve`",
     {shape::Level, "The least level outside of all its hours", "approve", "", "strictest"}},
};

}  // namespace

Shape WindowsShape() { return shape::ListOf(shape::Map("a window", kWindow)); }

std::optional<uint8_t> WeekdayNamed(std::string_view text) {
  const auto day = std::ranges::find(kDays, text);
  if (day == std::end(kDays)) return std::nullopt;
  return static_cast<uint8_t>(day - kDays);
}

std::optional<uint16_t> MinuteNamed(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const size_t i : {0U, 1U, 3U, 4U})
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return static_cast<uint16_t>(hour * 60 + minute);
}

void ReadWindows(Reading& reading, const YamlNode& node, Draft& draft) {
  if (!reading.IsList(node, "write a list, `- { id: …, actions: […], outside: …, level: … }`")) return;
  for (const YamlNode& item : node.items) {
    WindowDraft into;
    into.draft = &draft;
    into.window.where = item.where;
    ReadMap(reading, item, "a window", kWindow, into);
    draft.policy.windows.push_back(std::move(into.window));
  }
}

}  // namespace warder::policy
