// What an agent's bytes must never do to the parser.
#include "broker/frame.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "broker/arguments.h"
#include "broker/json_rpc.h"
#include "broker/mcp.h"
#include "broker/tools.h"

namespace warder::broker {
namespace {

using nlohmann::json;

TEST(Frame, BrokenJsonIsRefusedAndSaysWhy) {
  struct {
    std::string text, word;
  } cases[] = {
      {"{", "not JSON"},
      {"", "not JSON"},
      {"{} {}", "not JSON"},
      {"[1,]", "not JSON"},
      {"{'a':1}", "not JSON"},
      {"// c\n{}", "not JSON"},
      {R"({"a":1,"a":2})", "twice"},
      {R"({"x":{"a":1,"\u0061":2}})", "twice"},
      {std::string("{}\0", 3), "NUL"},
      {std::string("\"a\0b\"", 5), "NUL"},
      {R"({"a\u0000b":1})", "NUL"},
      {"\"\xff\"", "UTF-8"},
      {"\"\xc0\x80\"", "UTF-8"},
      {"\"\xed\xa0\x80\"", "UTF-8"},
      {"\xef\xbb\xbf{}", "byte order"},
      {"1e999", "not JSON"},
      {"NaN", "not JSON"},
      {R"("\ud800")", "not JSON"},
  };
  for (const auto& c : cases) {
    auto value = ParseJson(c.text);
    ASSERT_FALSE(value) << c.text;
    EXPECT_NE(value.error().what.find(c.word), std::string::npos) << c.text << ": " << value.error().what;
  }
}

TEST(Frame, NestingIsTakenTo64AndNoDeeper) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ParseJson(nested(limits::kMaxJsonDepth)));
  EXPECT_FALSE(ParseJson(nested(limits::kMaxJsonDepth + 1)));
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')));
}

TEST(Frame, AMessageOfOneByteTooManyIsRefused) {
  LineCutter cutter;
  cutter.Feed(std::string(limits::kMaxFrameBytes, 'x') + "\n");
  auto good = cutter.Next();
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->has_value());
  LineCutter longer;
  longer.Feed(std::string(limits::kMaxFrameBytes + 1, 'x'));
  EXPECT_FALSE(longer.Next());
}

TEST(Frame, ManyValuesAreRefused) {
  std::string text = "[0";
  for (size_t i = 0; i < limits::kMaxJsonValues; ++i) text += ",0";
  EXPECT_FALSE(ParseJson(text + "]"));
}

TEST(Frame, LinesAreCutWhereverTheBytesArrive) {
  const std::string all = "one\r\ntwo\n\nthree\nrest";
  for (size_t step = 1; step <= all.size(); ++step) {
    LineCutter cutter;
    std::vector<std::string> lines;
    for (size_t at = 0; at < all.size(); at += step) {
      cutter.Feed(all.substr(at, step));
      for (auto line = cutter.Next(); line && line->has_value(); line = cutter.Next()) lines.push_back(**line);
    }
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "three"})) << step;
    EXPECT_TRUE(cutter.Pending());
  }
}

TEST(JsonRpc, OnlyProperMessagesAreTaken) {
  struct {
    const char* text;
    int code;
  } cases[] = {
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", kInvalidRequest},
      {R"("ping")", kInvalidRequest},
      {R"({"id":1,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"1.0","id":1,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":{},"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[1]})", kInvalidParams},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","extra":1})", kInvalidRequest},
  };
  for (const auto& c : cases) {
    auto message = ReadMessage(*ParseJson(c.text));
    ASSERT_FALSE(message) << c.text;
    EXPECT_EQ(message.error().code, c.code) << c.text;
  }
}

TEST(Arguments, OfEachToolAreCheckedByItsSchema) {
  for (const ToolEntry& tool : Tools()) EXPECT_TRUE(UsesOnlyKnownKeywords(tool.input())) << tool.name;
  struct {
    const char *tool, *arguments, *word;  // word: empty where it fits
  } cases[] = {
      {"run_command", R"({"argv":["ls"]})", ""},
      {"run_command", R"({"command":"ls -l","timeout_ms":5})", ""},
      {"run_command", R"({"argv":[]})", "fewer"},
      {"run_command", R"({"argv":["ls",1]})", "argv[1]: must be string"},
      {"run_command", R"({"argv":"ls"})", "must be array"},
      {"run_command", R"({"env":{"A":1}})", "env.A: must be string"},
      {"run_command", R"({"timeout_ms":0})", "smaller"},
      {"run_command", R"({"timeout_ms":18446744073709551615})", "larger"},
      {"run_command", R"({"timeout_ms":1.0})", "must be integer"},
      {"run_command", R"({"shell":true})", "not an argument"},
      {"read_file", R"({})", "path: is missing"},
      {"read_file", R"({"path":""})", "shorter"},
      {"read_file", R"({"path":"a","encoding":"latin1"})", "one of"},
      {"read_file", R"({"path":"a","offset":-1})", "smaller"},
      {"session_info", R"({"x":1})", "not an argument"},
      {"session_info", R"([])", "must be object"},
  };
  for (const auto& c : cases) {
    auto wrong = CheckArguments(FindTool(c.tool)->input(), *ParseJson(c.arguments));
    if (*c.word == 0)
      EXPECT_FALSE(wrong) << *wrong;
    else
      EXPECT_TRUE(wrong && wrong->find(c.word) != std::string::npos) << c.arguments << ": " << wrong.value_or("");
  }
}

Message Request(const char* text) { return *ReadMessage(*ParseJson(text)); }

TEST(Mcp, EraIsToldByMetaAndByInitialize) {
  const char* modern =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}})";
  EXPECT_EQ(EraOf(Request(modern), Era::kUnknown), Era::kModern);
  const char* bare = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";
  EXPECT_EQ(EraOf(Request(bare), Era::kUnknown).error().code, kInvalidParams);
  EXPECT_EQ(EraOf(Request(bare), Era::kLegacy), Era::kLegacy);
  const char* unknown =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}})";
  auto refused = EraOf(Request(unknown), Era::kUnknown);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, kUnsupportedVersion);
  EXPECT_EQ(refused.error().data["requested"], "2030-01-01");
  EXPECT_EQ(refused.error().data["supported"][0], "2026-07-28");
  const char* partly =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})";
  EXPECT_EQ(EraOf(Request(partly), Era::kUnknown).error().code, kInvalidParams);
}

TEST(Mcp, ModernResultsAreCompleteAndLegacyOnesAreNot) {
  json modern = Framed(Era::kModern, ListTools(Era::kModern));
  EXPECT_EQ(modern["resultType"], "complete");
  EXPECT_TRUE(modern.contains("ttlMs") && modern.contains("cacheScope"));
  json legacy = Framed(Era::kLegacy, ListTools(Era::kLegacy));
  EXPECT_FALSE(legacy.contains("resultType") || legacy.contains("ttlMs"));
  EXPECT_EQ(legacy["tools"].size(), 7u);
  for (const json& tool : legacy["tools"])
    for (const char* key : {"inputSchema", "outputSchema", "annotations", "description"})
      EXPECT_TRUE(tool.contains(key)) << tool["name"];
}

TEST(Mcp, InitializeNegotiates) {
  auto spoken = [](const std::string& version) {
    json params = {{"protocolVersion", version}, {"capabilities", json::object()}};
    Message message;
    message.params = params;
    return (*Initialize(message))["protocolVersion"].get<std::string>();
  };
  EXPECT_EQ(spoken("2025-06-18"), "2025-06-18");
  EXPECT_EQ(spoken("2025-11-25"), "2025-11-25");
  EXPECT_EQ(spoken("1999-01-01"), "2025-11-25");
}

}  // namespace
}  // namespace warder::broker
