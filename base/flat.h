// Flat binary: how our own processes write values for each other. Little-endian, lengths before
// bytes, no padding, nothing optional: one value has one encoding.
//
// Reader never reads past its input, never allocates more than the input holds, and remembers the
// first failure: check ok() (or use Done()) before any value is believed. It is used as root.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace warder::flat {

class Writer {
 public:
  template <typename T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
  void Int(T value) {
    uint64_t wide = static_cast<uint64_t>(value);
    for (size_t i = 0; i < sizeof(T); ++i) out_.push_back(static_cast<char>(wide >> (8 * i) & 0xff));
  }
  void Bool(bool value) { Int<uint8_t>(value ? 1 : 0); }
  // u32 length, then the bytes.
  void Bytes(std::string_view bytes) {
    Int<uint32_t>(static_cast<uint32_t>(bytes.size()));
    out_.append(bytes);
  }
  // The bytes alone; the reader knows how many.
  void Raw(std::string_view bytes) { out_.append(bytes); }
  template <typename Range, typename Each>
  void List(const Range& range, Each each) {
    Int<uint32_t>(static_cast<uint32_t>(range.size()));
    for (const auto& item : range) each(*this, item);
  }
  void Strings(const std::vector<std::string>& strings) {
    List(strings, [](Writer& w, const std::string& s) { w.Bytes(s); });
  }
  const std::string& str() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  template <typename T>
    requires std::is_integral_v<T>
  T Int() {
    if (in_.size() < sizeof(T)) return Spoil<T>();
    uint64_t wide = 0;
    for (size_t i = 0; i < sizeof(T); ++i) wide |= static_cast<uint64_t>(static_cast<unsigned char>(in_[i])) << (8 * i);
    in_.remove_prefix(sizeof(T));
    return static_cast<T>(wide);
  }
  // An enum whose values are 0..last; anything else spoils the reader.
  template <typename E>
    requires std::is_enum_v<E>
  E Enum(E last) {
    using U = std::underlying_type_t<E>;
    U value = Int<U>();
    if (value > static_cast<U>(last)) return static_cast<E>(Spoil<U>());
    return static_cast<E>(value);
  }
  bool Bool() {
    uint8_t value = Int<uint8_t>();
    if (value > 1) return Spoil<bool>();
    return value == 1;
  }
  std::string_view View() {
    uint32_t size = Int<uint32_t>();
    if (!ok_ || in_.size() < size) return Spoil<std::string_view>();
    std::string_view bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  std::string Bytes() { return std::string(View()); }
  std::string_view Raw(size_t size) {
    if (in_.size() < size) return Spoil<std::string_view>();
    std::string_view bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  // Calls each(reader) -> T count times; stops at the first failure, so a count that lies costs nothing.
  template <typename T, typename Each>
  std::vector<T> List(Each each) {
    uint32_t count = Int<uint32_t>();
    std::vector<T> items;
    // Every item has at least one byte: a larger count is a lie.
    if (!ok_ || count > in_.size()) return Spoil<std::vector<T>>();
    for (uint32_t i = 0; i < count && ok_; ++i) items.push_back(each(*this));
    return items;
  }
  std::vector<std::string> Strings() {
    return List<std::string>([](Reader& r) { return r.Bytes(); });
  }
  bool ok() const { return ok_; }
  // Everything was read and nothing was left over.
  bool Done() const { return ok_ && in_.empty(); }
  std::string_view rest() const { return in_; }

 private:
  template <typename T>
  T Spoil() {
    ok_ = false;
    in_ = {};
    return T{};
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace warder::flat
