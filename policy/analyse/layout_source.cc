// How does a policy's own text become what is to be laid out, with each comment in its place?
#include <algorithm>

#include "policy/analyse/layout.h"
#include "policy/analyse/meaning.h"
#include "policy/shape.h"

namespace warder::policy {
namespace {

struct Span {
  size_t from = 0, to = 0;
};

struct Comment {
  size_t at = 0;
  uint32_t line = 0, column = 0;
  bool own_line = false;
  std::string text;
};

// The bytes, by line and column as the parser counts them.
class Source {
 public:
  explicit Source(std::string_view bytes) : bytes_(bytes) {
    starts_.push_back(0);
    for (size_t i = 0; i < bytes.size(); ++i)
      if (bytes[i] == '\n') starts_.push_back(i + 1);
  }

  char At(size_t at) const { return at < bytes_.size() ? bytes_[at] : '\0'; }
  size_t Offset(Where where) const { return starts_[where.line - 1] + where.column - 1; }
  uint32_t LineOf(size_t at) const {
    return static_cast<uint32_t>(std::ranges::upper_bound(starts_, at) - starts_.begin());
  }
  uint32_t ColumnOf(size_t at) const { return static_cast<uint32_t>(at - starts_[LineOf(at) - 1] + 1); }
  std::string_view Text(size_t from, size_t to) const { return bytes_.substr(from, to - from); }
  std::string_view Line(uint32_t line) const {
    const size_t end = line < starts_.size() ? starts_[line] - 1 : bytes_.size();
    return Text(starts_[line - 1], std::max(end, starts_[line - 1]));
  }
  uint32_t lines() const { return static_cast<uint32_t>(starts_.size()); }
  bool Blank(uint32_t line) const { return Line(line).find_first_not_of(' ') == std::string_view::npos; }
  size_t size() const { return bytes_.size(); }

  // Where a scalar or key with this text ends.
  size_t EndOf(size_t from, std::string_view text) const {
    const char first = At(from);
    if (first == '"' || first == '\'') {
      size_t at = from + 1;
      for (; at < size(); ++at) {
        if (first == '"' && At(at) == '\\')
          ++at;
        else if (At(at) == first && first == '\'' && At(at + 1) == '\'')
          ++at;
        else if (At(at) == first)
          break;
      }
      return at + 1;
    }
    if (first == '|' || first == '>') return EndOfBlock(from);
    // A plain one may be folded over lines: its letters are met in order.
    size_t at = from;
    for (char c : text) {
      if (c == ' ' || c == '\n') continue;
      while (At(at) == ' ' || At(at) == '\n') ++at;
      ++at;
    }
    return at;
  }

 private:
  // Up to the last line that is indented as its first is.
  size_t EndOfBlock(size_t from) const {
    uint32_t line = LineOf(from) + 1;
    while (line <= lines() && Blank(line)) ++line;
    if (line > lines()) return size();
    const size_t indent = Line(line).find_first_not_of(' ');
    size_t end = from + 1;
    for (; line <= lines(); ++line) {
      if (Blank(line)) continue;
      if (Line(line).find_first_not_of(' ') < indent) break;
      end = starts_[line - 1] + Line(line).size();
    }
    return end;
  }

  std::string_view bytes_;
  std::vector<size_t> starts_;
};

class Reader {
 public:
  Reader(std::string_view bytes, const YamlNode& root) : source_(bytes) {
    Collect(root);
    FindComments();
  }

  Laid Build(const YamlNode& root, const Shape& shape) {
    Laid laid = Value(root, &shape, source_.size());
    while (next_ < comments_.size()) laid.below.push_back(comments_[next_++].text);
    return laid;
  }

 private:
  void Collect(const YamlNode& node) {
    if (node.kind == YamlKind::kScalar) {
      const size_t from = source_.Offset(node.where);
      spans_.push_back({from, source_.EndOf(from, node.text)});
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      if (node.kind == YamlKind::kMap) {
        const size_t from = source_.Offset(node.keys[i].where);
        spans_.push_back({from, source_.EndOf(from, node.keys[i].text)});
      }
      Collect(node.items[i]);
    }
  }

  void FindComments() {
    size_t span = 0;
    for (size_t at = 0; at < source_.size(); ++at) {
      while (span < spans_.size() && spans_[span].to <= at) ++span;
      if (span < spans_.size() && spans_[span].from <= at) {
        const char first = source_.At(spans_[span].from);
        // Behind the mark of a block stands a comment of its line.
        if (first == '|' || first == '>') {
          const uint32_t line = source_.LineOf(at);
          const size_t mark = source_.Line(line).find(" #", source_.ColumnOf(at) - 1);
          if (mark != std::string_view::npos) Add(at - (source_.ColumnOf(at) - 1) + mark + 1);
        }
        at = spans_[span].to - 1;
        continue;
      }
      if (source_.At(at) != '#' || (at > 0 && source_.At(at - 1) != ' ' && source_.At(at - 1) != '\n')) continue;
      Add(at);
      at += source_.Line(source_.LineOf(at)).size() - source_.ColumnOf(at);
    }
  }
  void Add(size_t at) {
    Comment comment;
    comment.at = at;
    comment.line = source_.LineOf(at);
    comment.column = source_.ColumnOf(at);
    const std::string_view line = source_.Line(comment.line);
    comment.own_line = line.find_first_not_of(' ') == comment.column - 1;
    comment.text = line.substr(comment.column - 1);
    while (comment.text.ends_with(' ')) comment.text.pop_back();
    comments_.push_back(std::move(comment));
  }

  // Where the last byte of the value stands, behind its bracket.
  size_t End(const YamlNode& node) const {
    const size_t from = source_.Offset(node.where);
    if (node.kind == YamlKind::kScalar) return source_.EndOf(from, node.text);
    size_t at = node.items.empty() ? from + 1 : End(node.items.back());
    if (!InBrackets(node)) return at;
    const char close = node.kind == YamlKind::kMap ? '}' : ']';
    for (; at < source_.size() && source_.At(at) != close; ++at)
      if (source_.At(at) == '#') at += source_.Line(source_.LineOf(at)).size() - source_.ColumnOf(at);
    return at + 1;
  }
  bool InBrackets(const YamlNode& node) const {
    const char first = source_.At(source_.Offset(node.where));
    return node.kind != YamlKind::kScalar && (first == '{' || first == '[');
  }
  bool CommentWithin(size_t from, size_t to) const {
    return std::ranges::any_of(comments_, [&](const Comment& comment) { return comment.at > from && comment.at < to; });
  }

  static const Shape* Fitting(const Shape* shape, YamlKind kind) {
    if (shape == nullptr || shape->kind != ShapeKind::kEither) return shape;
    for (const Shape& part : shape->parts) {
      const Shape* inner = Fitting(&part, kind);
      if (inner == nullptr) continue;
      const bool map = inner->kind == ShapeKind::kMap || inner->kind == ShapeKind::kNamed;
      const bool list = inner->kind == ShapeKind::kList;
      if (kind == YamlKind::kMap ? map : kind == YamlKind::kList ? list : !map && !list) return inner;
    }
    return nullptr;
  }

  Laid Scalar(const YamlNode& node, const Shape* shape) {
    Laid laid;
    const size_t from = source_.Offset(node.where), to = source_.EndOf(from, node.text);
    const std::string_view written = source_.Text(from, to);
    const char first = source_.At(from);
    if (shape != nullptr && shape->kind == ShapeKind::kLevel && LevelNamed(node.text)) {
      laid.text = LevelName(*LevelNamed(node.text));
    } else if (first != '|' && first != '>' && written.find('\n') == std::string_view::npos) {
      laid.text = written;
    } else if (IsBlockText(node.text)) {
      laid.text = node.text;
      laid.block = true;
    } else {
      laid.text = ScalarOf(node.text);
    }
    return laid;
  }
  // Lines that `|` gives back as they are.
  static bool IsBlockText(std::string_view text) {
    if (text.empty() || text.starts_with(' ') || text.starts_with('\n') || text.find('\n') == std::string_view::npos)
      return false;
    if (text.ends_with("\n\n") || text.find('\t') != std::string_view::npos) return false;
    for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
      if (at > 0 && text[at - 1] == ' ') return false;  // a blank at the end of a line is seen by nobody
    return !text.ends_with(' ');
  }

  // `until`: where the next thing of the document begins.
  Laid Value(const YamlNode& node, const Shape* shape, size_t until) {
    shape = Fitting(shape, node.kind);
    if (node.kind == YamlKind::kScalar) return Scalar(node, shape);
    Laid laid;
    laid.kind = node.kind;
    const size_t from = source_.Offset(node.where);
    const bool was_in_brackets = InBrackets(node);
    laid.brackets = was_in_brackets && !CommentWithin(from, End(node));
    in_brackets_ += laid.brackets ? 1 : 0;
    for (size_t i = 0; i < node.items.size(); ++i) {
      const size_t next = i + 1 == node.items.size() ? (was_in_brackets ? End(node) : until) : Start(node, i + 1);
      laid.entries.push_back(Entry(node, i, shape, next, i == 0));
    }
    in_brackets_ -= laid.brackets ? 1 : 0;
    // Comments behind the last entry that stand as deep as the entries do.
    while (next_ < comments_.size() && comments_[next_].at < (was_in_brackets ? End(node) : until) &&
           (was_in_brackets || (comments_[next_].own_line && comments_[next_].column >= node.where.column)))
      laid.below.push_back(comments_[next_++].text);
    return laid;
  }

  size_t Start(const YamlNode& node, size_t i) const {
    return source_.Offset(node.kind == YamlKind::kMap ? node.keys[i].where : node.items[i].where);
  }

  LaidEntry Entry(const YamlNode& node, size_t i, const Shape* shape, size_t until, bool first) {
    LaidEntry entry;
    const YamlNode& value = node.items[i];
    const size_t start = Start(node, i);
    Above(entry, start, first ? Blanks::kBetween : Blanks::kKept);
    const Shape* of_value = nullptr;
    if (node.kind == YamlKind::kMap) {
      const size_t end = source_.EndOf(start, node.keys[i].text);
      entry.key = KeyOf(node, i, shape, std::string(source_.Text(start, end)));
      if (shape != nullptr)
        of_value = shape->kind == ShapeKind::kNamed ? &shape->parts[0] : shape->Find(node.keys[i].text);
      // Beside the key, before the value begins; what stands alone there goes above.
      const size_t begins = source_.Offset(value.where);
      if (!InBrackets(value) && value.kind != YamlKind::kScalar && next_ < comments_.size() &&
          comments_[next_].at < begins && !comments_[next_].own_line)
        entry.beside = comments_[next_++].text;
      if (value.kind != YamlKind::kMap || InBrackets(value)) Above(entry, begins, Blanks::kDropped);
    } else if (shape != nullptr && shape->kind == ShapeKind::kList) {
      of_value = &shape->parts[0];
    }
    entry.value = Value(value, of_value, until);
    const uint32_t last = source_.LineOf(End(value) - 1);
    const uint32_t head = source_.LineOf(source_.Offset(value.where));
    const bool lines = value.kind != YamlKind::kScalar && !entry.value.brackets;
    // What follows the closing bracket belongs to whatever that closes.
    if (in_brackets_ > 0) return entry;
    if (next_ < comments_.size() && comments_[next_].at >= until) return entry;
    if (!lines && entry.beside.empty() && next_ < comments_.size() && !comments_[next_].own_line &&
        (comments_[next_].line == last || comments_[next_].line == head))
      entry.beside = comments_[next_++].text;
    else if (lines && InBrackets(value) && next_ < comments_.size() && !comments_[next_].own_line &&
             comments_[next_].line == last)
      entry.value.below.push_back(comments_[next_++].text);
    return entry;
  }

  // Comments that stand before `at`, with one blank line where there was one.
  enum class Blanks { kKept, kBetween, kDropped };  // kBetween: none before what comes first
  void Above(LaidEntry& entry, size_t at, Blanks blanks) {
    auto blank_before = [&](uint32_t line) { return line > 1 && source_.Blank(line - 1); };
    auto add_blank = [&](uint32_t line) {
      if (blanks == Blanks::kDropped || (blanks == Blanks::kBetween && entry.above.empty())) return;
      if (blank_before(line)) entry.above.push_back("");
    };
    for (; next_ < comments_.size() && comments_[next_].at < at; ++next_) {
      if (comments_[next_].own_line) add_blank(comments_[next_].line);
      entry.above.push_back(comments_[next_].text);
    }
    add_blank(source_.LineOf(at));
  }

  // The shorter name of a profile's list, where the profile has not both.
  static std::string KeyOf(const YamlNode& node, size_t i, const Shape* shape, std::string written) {
    if (shape == nullptr || shape->kind != ShapeKind::kMap) return written;
    for (const KeyShape& key : shape->keys)
      if (key.key == node.keys[i].text && !key.about.instead.empty() && node.Find(key.about.instead) == nullptr)
        return std::string(key.about.instead);
    return written;
  }

  const Source source_;
  std::vector<Span> spans_;  // of keys and scalars, in order
  std::vector<Comment> comments_;
  size_t next_ = 0;
  size_t in_brackets_ = 0;
};

}  // namespace

std::expected<std::string, std::vector<LoadProblem>> LayOut(const std::string& file, std::string_view bytes) {
  const LoadResult loaded = LoadPolicy(file, bytes);
  if (!loaded.problems.empty()) return std::unexpected(loaded.problems);
  const auto tree = ParseYaml(bytes);
  WARDER_CHECK(tree.has_value());  // it was loaded
  std::string out = WriteLaid(Reader(bytes, *tree).Build(*tree, PolicyShape()));
  // Whatever this file gets wrong must not reach a policy.
  const LoadResult again = LoadPolicy(file, out);
  if (!again.problems.empty() || Meaning(again.policy) != Meaning(loaded.policy))
    return std::unexpected(std::vector<LoadProblem>{
        {{1, 1}, "this file can not be laid out without changing what it means", "lay it out by hand, and report it"}});
  return out;
}

}  // namespace warder::policy
