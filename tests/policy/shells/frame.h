// How do the test and the runner in its jail speak? Numbers and texts of one machine, one after the other.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace warder::shells {

// Appends to a message. Not thread-safe.
class FrameWriter {
 public:
  void Number(uint64_t number) { bytes_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void Text(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
  }
  void Texts(const std::vector<std::string>& texts) {
    Number(texts.size());
    for (const std::string& text : texts) Text(text);
  }
  const std::string& Bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what a FrameWriter or the stub wrote. Once something is missing, Bad() holds and all is empty.
class FrameReader {
 public:
  explicit FrameReader(std::string_view bytes) : bytes_(bytes) {}
  uint64_t Number() {
    uint64_t number = 0;
    Take(&number, sizeof number);
    return number;
  }
  std::string Text() {
    uint32_t size = 0;
    Take(&size, sizeof size);
    if (size > bytes_.size()) bad_ = true;
    if (bad_) return "";
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> texts;
    for (uint64_t left = Number(); left > 0 && !bad_; --left) texts.push_back(Text());
    return texts;
  }
  // The next `size` bytes as a reader of their own.
  std::string_view Part(size_t size) {
    if (size > bytes_.size()) bad_ = true;
    if (bad_) return "";
    const std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  uint32_t RecordSize() {
    uint32_t size = 0;
    Take(&size, sizeof size);
    return size;
  }
  bool Bad() const { return bad_; }
  bool AtEnd() const { return bytes_.empty(); }

 private:
  void Take(void* to, size_t size) {
    if (size > bytes_.size()) bad_ = true;
    if (bad_) return;
    std::memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }
  std::string_view bytes_;
  bool bad_ = false;
};

}  // namespace warder::shells
