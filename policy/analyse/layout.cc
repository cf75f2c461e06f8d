// How is a laid-out value written as YAML? See layout.h.
#include "policy/analyse/layout.h"

#include <algorithm>

namespace warder::policy {
namespace {

constexpr size_t kColumns = 120;

// In columns, as far as this matters: one for each character.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string Open(const Laid& value) { return value.kind == YamlKind::kMap ? "{ " : "["; }
std::string Close(const Laid& value) { return value.kind == YamlKind::kMap ? " }" : "]"; }

std::string InLine(const Laid& value) {
  if (value.kind == YamlKind::kScalar) return value.text;
  if (value.entries.empty()) return value.kind == YamlKind::kMap ? "{}" : "[]";
  std::string line = Open(value);
  for (size_t i = 0; i < value.entries.size(); ++i) {
    const LaidEntry& entry = value.entries[i];
    line += (i > 0 ? ", " : "") + (entry.key.empty() ? "" : entry.key + ": ") + InLine(entry.value);
  }
  return line + Close(value);
}

// Pieces between which a line may be broken. What fits in one line is not broken inside.
void Pieces(const Laid& value, const std::string& before, const std::string& after, size_t width,
            std::vector<std::string>& out) {
  std::string whole = before + InLine(value) + after;
  if (value.kind == YamlKind::kScalar || value.entries.empty() || Width(whole) <= width) {
    out.push_back(std::move(whole));
    return;
  }
  for (size_t i = 0; i < value.entries.size(); ++i) {
    const LaidEntry& entry = value.entries[i];
    const bool last = i + 1 == value.entries.size();
    Pieces(entry.value, (i == 0 ? before + Open(value) : "") + (entry.key.empty() ? "" : entry.key + ": "),
           last ? Close(value) + after : ",", width, out);
  }
}

class Writer {
 public:
  std::string Write(const Laid& root) {
    Entries(root, 0);
    return std::move(out_);
  }

 private:
  void Line(size_t indent, const std::string& text) {
    if (!text.empty()) out_ += std::string(indent, ' ') + text;
    out_ += '\n';
  }
  void Comments(const std::vector<std::string>& comments, size_t indent) {
    for (const std::string& comment : comments) Line(indent, comment);
  }
  static std::string Beside(const LaidEntry& entry) { return entry.beside.empty() ? "" : "  " + entry.beside; }

  // `open`: the first entry goes on in a line that holds so much already.
  void Entries(const Laid& value, size_t indent, bool open = false) {
    for (const LaidEntry& entry : value.entries) {
      if (!open) {
        Comments(entry.above, indent);
        out_ += std::string(indent, ' ');
      }
      open = false;
      Entry(entry, value.kind, indent);
    }
    Comments(value.below, indent);
  }

  void Entry(const LaidEntry& entry, YamlKind of, size_t indent) {
    const Laid& value = entry.value;
    std::string head = of == YamlKind::kMap ? entry.key + ":" : "-";
    if (value.kind == YamlKind::kScalar && value.block) {
      Block(value.text, head, indent, Beside(entry));
    } else if (value.kind == YamlKind::kScalar || value.brackets || value.entries.empty()) {
      InBrackets(value, head + " ", indent, Beside(entry));
    } else if (of == YamlKind::kMap || !entry.beside.empty()) {
      out_ += head + Beside(entry) + "\n";
      Entries(value, indent + 2);
    } else {
      out_ += "- ";
      Entries(value, indent + 2, true);
    }
  }

  void InBrackets(const Laid& value, const std::string& head, size_t indent, const std::string& beside) {
    const size_t start = indent + Width(head), inner = start + (value.kind == YamlKind::kMap ? 2 : 1);
    std::vector<std::string> pieces;
    Pieces(value, "", "",
           start + Width(InLine(value)) <= kColumns ? SIZE_MAX : kColumns - std::min(inner, kColumns / 2), pieces);
    out_ += head;
    size_t at = start;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const size_t width = Width(pieces[i]);
      if (i > 0 && at + 1 + width > kColumns) {
        out_ += "\n" + std::string(inner, ' ');
        at = inner;
      } else if (i > 0) {
        out_ += ' ';
        ++at;
      }
      out_ += pieces[i];
      at += width;
    }
    out_ += beside + "\n";
  }

  void Block(std::string_view text, const std::string& head, size_t indent, const std::string& beside) {
    const bool ends = text.ends_with('\n');
    out_ += head + (ends ? " |" : " |-") + beside + "\n";
    if (ends) text.remove_suffix(1);
    for (size_t at = 0; at <= text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      Line(indent + 2, std::string(text.substr(at, end - at)));
      at = end + 1;
    }
  }

  std::string out_;
};

}  // namespace

std::string WriteLaid(const Laid& root) { return Writer().Write(root); }

std::string ScalarOf(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  // No number, no word that some reader takes for something else, no dash in front.
  constexpr std::string_view kWords[] = {"true", "false", "null", "on", "off", "y", "n", "yes", "no"};
  std::string low(text);
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos &&
                     std::string_view("0123456789-.").find(text[0]) == std::string_view::npos &&
                     std::ranges::find(kWords, low) == std::end(kWords);
  return plain ? std::string(text) : InQuotes(text);
}

}  // namespace warder::policy
