// How does YAML become a tree of strings, and what of YAML is refused?
#include "policy/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "base/limits.h"
#include "base/text.h"

namespace warder::policy {
namespace {

constexpr const char* kKeyNoText = "a key that is not text";

// Thrown through yaml-cpp by the builder, caught in ParseYaml below.
struct Refused {
  LoadProblem problem;
};

Where At(const YAML::Mark& mark) {
  auto from_one = [](int value) { return static_cast<uint32_t>(value < 0 ? 1 : value + 1); };
  return {from_one(mark.line), from_one(mark.column)};
}

[[noreturn]] void Refuse(Where where, std::string what, std::string remedy) {
  throw Refused{{where, std::move(what), std::move(remedy)}};
}

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 60;
  bool cut = text.size() > kShown;
  return "\"" + ForTerminal(text.substr(0, kShown)) + (cut ? "…\"" : "\"");
}

// Where the last quoted text that begins before `end` was opened, if it is not closed in its own
// line: then whatever the parser met later is no fault of the place where it met it.
std::optional<Where> QuoteLeftOpen(std::string_view bytes, Where end) {
  Where at{1, 1}, opened;
  char quote = 0, before = ' ';
  bool comment = false, left_open = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    const bool after = at.line > end.line || (at.line == end.line && at.column >= end.column);
    if (after && quote == 0) break;
    if (c == '\n') {
      left_open = left_open || quote != 0;
      comment = false;
    } else if (quote != 0) {
      if (quote == '"' && c == '\\') {
        ++i;
        ++at.column;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '#' && (before == ' ' || before == '\n')) {
      comment = true;
    } else if (!comment && (c == '"' || c == '\'') && std::string_view(" \n[{,").contains(before)) {
      quote = c;
      opened = at;
      left_open = false;
    }
    before = c;
    at = c == '\n' ? Where{at.line + 1, 1} : Where{at.line, at.column + 1};
  }
  return left_open ? std::optional(opened) : std::nullopt;
}

LoadProblem NotClosed(Where opened) {
  return {opened, "a quote that is opened here is not closed in this line", "close it, or write the text in one line"};
}

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view bytes) : bytes_(bytes) {}

  YamlNode Take() { return std::move(root_); }
  bool finished() const { return finished_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (open_.empty()) Refuse(At(mark), "no content", "write `policy: 1` (or `host: 1`) and go on from there");
    // Of a missing value yaml-cpp marks what comes next: the key is where a person looks.
    const OpenNode& parent = open_.back();
    Where where = parent.has_key ? parent.node.keys.back().where : At(mark);
    Refuse(where, "an empty value, or null", "write a value, take the key out, or quote the word");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(At(mark), "an alias (*name)", "write the value out where it is needed");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = Begin(mark, tag, anchor, YamlKind::kScalar);
    RequirePlainQuote(mark, node.where);
    if (value.size() > limits::kMaxYamlScalarBytes)
      Refuse(node.where, "a text of " + std::to_string(value.size()) + " bytes",
             "at most " + std::to_string(limits::kMaxYamlScalarBytes) + " are read");
    if (auto hidden = HiddenCharacter(value)) Refuse(node.where, *hidden, "take the escape out");
    if (open_.empty()) RefuseRoot(node.where);
    RequireIndented(node.where);
    if (open_.back().node.kind == YamlKind::kMap && !open_.back().has_key) {
      --nodes_;  // a key is no value
      return AddKey(value, node.where);
    }
    node.text = value;
    Attach(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    YamlNode node = Begin(mark, tag, anchor, YamlKind::kList);
    if (open_.empty()) RefuseRoot(node.where);
    // The entries of a list may stand right below their key.
    if (style != YAML::EmitterStyle::Block) RequireIndented(node.where);
    Open(std::move(node), style == YAML::EmitterStyle::Block);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    YamlNode node = Begin(mark, tag, anchor, YamlKind::kMap);
    // A block map at the left margin can only be ended by the end of the stream or by a document
    // mark, and the scan of the bytes let no second mark through: so nothing is left behind it
    // unread.
    if (open_.empty() && (style != YAML::EmitterStyle::Block || mark.column != 0)) RefuseRoot(node.where);
    if (!open_.empty()) RequireIndented(node.where);
    Open(std::move(node), style == YAML::EmitterStyle::Block);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenNode {
    YamlNode node;
    bool has_key = false;  // of a map: a key waits for its value
    bool block = false;    // no brackets around it
  };

  [[noreturn]] static void RefuseRoot(Where where) {
    Refuse(where, "the file is not a map of keys at the left margin",
           "begin with `policy: 1` (or `host: 1`) in the first column");
  }

  // What holds for every node: no anchor, no tag, not too many, not too deep.
  YamlNode Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlKind kind) {
    Where where = At(mark);
    size_t pos = mark.pos < 0 ? 0 : static_cast<size_t>(mark.pos);
    char first = pos < bytes_.size() ? bytes_[pos] : '\0';
    if (anchor != 0 || first == '&') Refuse(where, "an anchor (&name)", "write the value out where it is needed");
    // yaml-cpp calls a plain scalar `?` and a quoted one `!`; the lone `!` tag gives the latter
    // too.
    if ((!tag.empty() && tag != "?" && tag != "!") || first == '!')
      Refuse(where, "a tag (!…)", "take it out: every value is text here; quote a text that begins with !");
    if (++nodes_ > limits::kMaxYamlNodes)
      Refuse(where, "more than " + std::to_string(limits::kMaxYamlNodes) + " values", "write fewer rules");
    if (kind != YamlKind::kScalar && open_.size() >= limits::kMaxYamlDepth)
      Refuse(where, "nesting deeper than " + std::to_string(limits::kMaxYamlDepth), "nest less");
    YamlNode node;
    node.kind = kind;
    node.where = where;
    return node;
  }

  // A value on a line of its own stands deeper than what it belongs to; yaml-cpp 0.7 takes some
  // that do not, where a comment follows.
  void RequireIndented(Where where) const {
    const OpenNode& parent = open_.back();
    if (!parent.block || (parent.node.kind == YamlKind::kMap && !parent.has_key)) return;
    if (where.column <= parent.node.where.column)
      Refuse(where, "a value that is not indented", "indent it more than what it belongs to");
  }

  // yaml-cpp 0.7 takes the end of the file for the end of a quoted text.
  void RequirePlainQuote(const YAML::Mark& mark, Where where) const {
    size_t at = mark.pos < 0 ? 0 : static_cast<size_t>(mark.pos);
    char quote = at < bytes_.size() ? bytes_[at] : '\0';
    // In brackets other readers take this for an empty key.
    if (quote == ':') Refuse(where, "a text that begins with a colon", "put it in quotes");
    if (quote != '"' && quote != '\'') return;
    bool closed = false, lines = false;
    for (++at; at < bytes_.size() && !closed; ++at) {
      if (bytes_[at] == '\n') {
        lines = true;
      } else if (quote == '"' && bytes_[at] == '\\') {
        lines = lines || (at + 1 < bytes_.size() && bytes_[at + 1] == '\n');
        if (at + 1 < bytes_.size() && bytes_[at + 1] == '\'')
          Refuse(where, "a backslash before a single quote", "take the backslash out: it needs none in double quotes");
        ++at;
      } else if (bytes_[at] == quote) {
        closed = quote == '"' || at + 1 >= bytes_.size() || bytes_[at + 1] != '\'';
        if (!closed) ++at;
      }
    }
    // How lines are joined inside of quotes, readers do not agree on.
    if (closed && lines)
      Refuse(where, "a quoted text over several lines",
             "write it in one line, with \\n for a new line, or as a block after |");
    if (closed) return;
    Refuse(where, "a quote that is never closed", std::string("write the closing ") + quote);
  }

  void AddKey(const std::string& key, Where where) {
    OpenNode& map = open_.back();
    if (key == "<<") Refuse(where, "a merge key (<<)", "write the keys out");
    if (key.empty()) Refuse(where, "an empty key", "write its name");
    auto same = [&](const YamlKey& other) { return other.text == key; };
    auto first = std::find_if(map.node.keys.begin(), map.node.keys.end(), same);
    if (first != map.node.keys.end())
      Refuse(where, Quoted(key) + " is there already, in line " + std::to_string(first->where.line),
             "write each key once");
    map.node.keys.push_back({key, where});
    map.has_key = true;
  }

  void Open(YamlNode node, bool block) {
    if (!open_.empty() && open_.back().node.kind == YamlKind::kMap && !open_.back().has_key)
      Refuse(node.where, kKeyNoText, "write a plain word as key");
    open_.push_back({std::move(node), false, block});
  }

  void Close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    if (open_.empty()) {
      root_ = std::move(node);
      finished_ = true;
    } else {
      Attach(std::move(node));
    }
  }

  void Attach(YamlNode node) {
    OpenNode& parent = open_.back();
    parent.has_key = false;
    parent.node.items.push_back(std::move(node));
  }

  std::string_view bytes_;
  std::vector<OpenNode> open_;
  YamlNode root_;
  size_t nodes_ = 0;
  bool finished_ = false;
};

// Whatever comes after the first document is too much.
class NothingMore : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { Stop(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Stop(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Stop(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override { Stop(mark); }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Stop(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Stop(mark);
  }
  void OnMapEnd() override {}

 private:
  [[noreturn]] static void Stop(const YAML::Mark& mark) {
    Refuse(At(mark), "content after the end of the document", "write one document a file");
  }
};

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i].text == key) return &items[i];
  return nullptr;
}

std::expected<YamlNode, LoadProblem> ParseYaml(std::string_view bytes) {
  if (auto problem = ScanYamlBytes(bytes)) return std::unexpected(std::move(*problem));
  try {
    std::istringstream stream{std::string(bytes)};
    YAML::Parser parser(stream);
    Builder builder(bytes);
    // Once: on some inputs (`,`) yaml-cpp 0.7 answers true for ever without reading on.
    bool any = parser.HandleNextDocument(builder);
    if (!any || !builder.finished())
      return std::unexpected(LoadProblem{{1, 1}, "no content", "write `policy: 1` (or `host: 1`) and go on"});
    // Not a second document: this handler throws at the first event, so it ends whatever yaml-cpp
    // does.
    NothingMore nothing_more;
    parser.HandleNextDocument(nothing_more);
    return builder.Take();
  } catch (const Refused& refused) {
    if (refused.problem.what == kKeyNoText)
      if (auto opened = QuoteLeftOpen(bytes, refused.problem.where)) return std::unexpected(NotClosed(*opened));
    return std::unexpected(refused.problem);
  } catch (const YAML::Exception& e) {
    size_t pos = e.mark.pos < 0 ? 0 : static_cast<size_t>(e.mark.pos);
    if (pos < bytes.size() && bytes[pos] == '*')
      return std::unexpected(
          LoadProblem{At(e.mark), "an alias (*name)", "write the value out; quote a text that begins with *"});
    if (auto opened = QuoteLeftOpen(bytes, At(e.mark))) return std::unexpected(NotClosed(*opened));
    const bool in_brackets = e.msg.find("flow") != std::string::npos;
    return std::unexpected(LoadProblem{At(e.mark), "not YAML: " + e.msg,
                                       in_brackets
                                           ? "close each bracket here and in the line before, and quote values that "
                                             "contain { } [ ] , or `: `"
                                           : "look at indentation, brackets and quotes here and in the line before"});
  } catch (const std::exception& e) {
    return std::unexpected(LoadProblem{{1, 1}, std::string("not readable: ") + e.what(), "write it simpler"});
  }
}

}  // namespace warder::policy
