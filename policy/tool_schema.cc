// Which arguments does a rule's tool take, and which argv do they make?
#include "policy/tool_schema.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "policy/load_parts.h"
#include "policy/match.h"

namespace warder::policy {
namespace {

// A JSON string; bytes come from policies, which are UTF-8 without controls but newline and tab.
std::string Json(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else
      out += c;
  }
  return out + "\"";
}

std::string Number(const char* key, uint64_t value) { return std::string(",\"") + key + "\":" + std::to_string(value); }

std::string ValueSchema(const ToolParameter& parameter) {
  if (parameter.is_integer)
    return "{\"type\":\"integer\"" + Number("minimum", parameter.minimum) + Number("maximum", parameter.maximum) + "}";
  std::string out =
      "{\"type\":\"string\"" + Number("minLength", parameter.min_length) + Number("maxLength", parameter.max_length);
  if (!parameter.pattern.empty()) out += ",\"pattern\":" + Json(parameter.pattern);
  return out + "}";
}

// The largest integer that JSON readers agree on (RFC 8259, 6).
constexpr uint64_t kMostInteger = (1ull << 53) - 1;

}  // namespace

std::vector<ToolParameter> ToolParameters(const ExecRule& rule) {
  std::vector<ToolParameter> parameters;
  if (!rule.tool) return parameters;
  for (size_t e = 1; e < rule.argv.size(); ++e) {
    const Element& element = rule.argv[e];
    if (element.as.empty()) continue;
    ToolParameter parameter;
    parameter.name = element.as;
    parameter.element = e;
    parameter.description = DescribeElement(element);
    parameter.is_list = element.repeat_high > 1;
    parameter.required = element.repeat_low > 0;
    parameter.min_items = element.repeat_low;
    parameter.max_items = element.repeat_high;
    parameter.min_length = 1;
    parameter.max_length = limits::kMaxPathBytes;
    if (element.kind == ElementKind::kInt) {
      parameter.is_integer = true;
      parameter.minimum = element.low;
      parameter.maximum = std::min(element.high, kMostInteger);
    } else if (element.kind == ElementKind::kText) {
      parameter.max_length = element.high;
    } else if (element.kind == ElementKind::kRegex) {
      parameter.pattern = "^(" + element.regex + ")$";
    } else if (element.kind == ElementKind::kHost) {
      parameter.max_length = 253;
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::string ToolSchema(const ExecRule& rule) {
  std::string properties, required;
  for (const ToolParameter& parameter : ToolParameters(rule)) {
    std::string value = ValueSchema(parameter);
    if (parameter.is_list)
      value = "{\"type\":\"array\",\"items\":" + value + Number("minItems", parameter.min_items) +
              Number("maxItems", parameter.max_items) + "}";
    value.insert(value.size() - 1, ",\"description\":" + Json(parameter.description));
    properties += (properties.empty() ? "" : ",") + Json(parameter.name) + ":" + value;
    if (parameter.required) required += (required.empty() ? "" : ",") + Json(parameter.name);
  }
  return "{\"type\":\"object\",\"properties\":{" + properties + "},\"required\":[" + required +
         "],\"additionalProperties\":false}";
}

Result<std::vector<std::string>> FillTool(const ExecRule& rule, const std::vector<ToolArgument>& arguments) {
  const std::vector<ToolParameter> parameters = ToolParameters(rule);
  if (!rule.tool) return Fail(Code::kInvalid, "the rule " + rule.id + " is no tool");
  auto bad = [&](const ToolParameter& parameter, const std::string& why) {
    return Fail(Code::kInvalid, "the argument " + parameter.name + " " + why, "give " + parameter.description);
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (std::ranges::find(parameters, arguments[i].name, &ToolParameter::name) == parameters.end())
      return Fail(Code::kInvalid, "the tool " + rule.tool->name + " has no argument " + ForTerminal(arguments[i].name),
                  "leave it out");
    for (size_t j = 0; j < i; ++j)
      if (arguments[j].name == arguments[i].name)
        return Fail(Code::kInvalid, "the argument " + arguments[i].name + " is there twice");
  }
  std::vector<std::string> argv;
  bool after_dashes = false;
  for (size_t e = 0; e < rule.argv.size(); ++e) {
    const Element& element = rule.argv[e];
    if (element.as.empty()) {
      // The loader lets only words stand here alone, and what may be left out.
      if (element.kind != ElementKind::kWords) continue;
      argv.push_back(element.words.front());
      after_dashes = after_dashes || (e > 0 && argv.back() == "--");
      continue;
    }
    const auto parameter = std::ranges::find(parameters, e, &ToolParameter::element);
    const auto given = std::ranges::find(arguments, element.as, &ToolArgument::name);
    if (given == arguments.end()) {
      if (parameter->required) return bad(*parameter, "is missing");
      continue;
    }
    if (given->is_list != parameter->is_list) return bad(*parameter, parameter->is_list ? "is no list" : "is a list");
    if (given->is_integer != parameter->is_integer)
      return bad(*parameter, parameter->is_integer ? "is no integer" : "is no text");
    if (given->values.size() < std::max<uint64_t>(parameter->min_items, given->is_list ? 0 : 1) ||
        given->values.size() > parameter->max_items)
      return bad(*parameter, "has " + std::to_string(given->values.size()) + " values");
    for (const std::string& value : given->values) {
      if (!parameter->is_integer && value.size() > parameter->max_length) return bad(*parameter, "is too long");
      if (value.contains('\0') || !FitsWord(element, value, after_dashes))
        return bad(*parameter, "does not fit: " + ForTerminal(value.substr(0, 200)));
      argv.push_back(value);
    }
  }
  return argv;
}

void CheckTool(Reading& reading, const YamlNode& node, const ExecRule& rule) {
  std::vector<std::string_view> names;
  for (size_t e = 0; e < rule.argv.size(); ++e) {
    const Element& element = rule.argv[e];
    if (!element.as.empty()) {
      if (std::ranges::find(names, element.as) != names.end())
        reading.Problem(element.where, Quote(element.as) + " is the parameter of another element",
                        "write each name once");
      names.push_back(element.as);
      continue;
    }
    const bool alone = element.kind == ElementKind::kWords ? element.words.size() == 1 : element.repeat_low == 0;
    if (alone || element.kind == ElementKind::kFlags || element.kind == ElementKind::kRest) continue;
    reading.Problem(element.where, "an element that no parameter of the tool fills: " + DescribeElement(element),
                    "write `as: name` in it, or one word");
  }
  if (rule.argv.empty()) reading.Problem(node.where, "a tool without argv", "write `argv`");
}

}  // namespace warder::policy
