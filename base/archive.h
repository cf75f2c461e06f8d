// One list of fields a struct, for writing and for reading it as flat binary (base/flat.h).
//
//   struct Point {
//     static constexpr uint8_t kVersion = 1, kType = 7;   // messages only
//     uint32_t x = 0; std::string name; std::vector<Point> more;
//     template <typename F> void Fields(F& f) { f(x, name, more); }
//   };
//
// Enums carry `kLast` as an alias of their last value and are refused beyond it. EncodeMessage() puts the
// version and type bytes first; DecodeMessage() refuses another version, another type, cut input and
// bytes left over. Used as root: no recursion deeper than the types themselves, no allocation beyond
// the input's own size.
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/flat.h"

namespace warder::flat {

class Saver {
 public:
  template <typename... T>
  void operator()(const T&... fields) {
    (One(fields), ...);
  }
  std::string Take() { return writer_.Take(); }
  Writer& writer() { return writer_; }

 private:
  void One(bool value) { writer_.Bool(value); }
  template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void One(T value) {
    writer_.Int(value);
  }
  template <typename T>
    requires std::is_enum_v<T>
  void One(T value) {
    writer_.Int(value);
  }
  void One(const std::string& bytes) { writer_.Bytes(bytes); }
  template <size_t N>
  void One(const std::array<uint8_t, N>& bytes) {
    writer_.Raw({reinterpret_cast<const char*>(bytes.data()), N});
  }
  template <typename T>
  void One(const std::optional<T>& value) {
    writer_.Bool(value.has_value());
    if (value) One(*value);
  }
  template <typename A, typename B>
  void One(const std::pair<A, B>& value) {
    One(value.first);
    One(value.second);
  }
  template <typename T>
  void One(const std::vector<T>& items) {
    writer_.Int(static_cast<uint32_t>(items.size()));
    for (const T& item : items) One(item);
  }
  template <typename T>
    requires std::is_class_v<T> && requires(T& t, Saver& f) { t.Fields(f); }
  void One(const T& value) {
    const_cast<T&>(value).Fields(*this);  // Fields() of a Saver only reads
  }
  Writer writer_;
};

class Loader {
 public:
  explicit Loader(std::string_view bytes) : reader_(bytes) {}
  template <typename... T>
  void operator()(T&... fields) {
    (One(fields), ...);
  }
  bool Done() const { return reader_.Done(); }
  Reader& reader() { return reader_; }

 private:
  void One(bool& value) { value = reader_.Bool(); }
  template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
  void One(T& value) {
    value = reader_.Int<T>();
  }
  template <typename T>
    requires std::is_enum_v<T>
  void One(T& value) {
    value = reader_.Enum(T::kLast);
  }
  void One(std::string& bytes) { bytes = reader_.Bytes(); }
  template <size_t N>
  void One(std::array<uint8_t, N>& bytes) {
    std::string_view raw = reader_.Raw(N);
    if (raw.size() == N) std::memcpy(bytes.data(), raw.data(), N);
  }
  template <typename T>
  void One(std::optional<T>& value) {
    value.reset();
    if (reader_.Bool()) One(value.emplace());
  }
  template <typename A, typename B>
  void One(std::pair<A, B>& value) {
    One(value.first);
    One(value.second);
  }
  template <typename T>
  void One(std::vector<T>& items) {
    items = reader_.List<T>([this](Reader&) {
      T item{};
      One(item);
      return item;
    });
  }
  template <typename T>
    requires std::is_class_v<T> && requires(T& t, Loader& f) { t.Fields(f); }
  void One(T& value) {
    value.Fields(*this);
  }
  Reader reader_;
};

template <typename T>
std::string EncodeMessage(const T& message) {
  Saver saver;
  saver(T::kVersion, T::kType);
  saver(message);
  return saver.Take();
}

template <typename T>
Result<T> DecodeMessage(std::string_view bytes) {
  Loader loader(bytes);
  uint8_t version = 0, type = 0;
  loader(version, type);
  if (!loader.reader().ok()) return Fail(Code::kInvalid, "a message without a head");
  if (version != T::kVersion)
    return Fail(Code::kUnsupported,
                "message version " + std::to_string(version) + ", this program speaks " + std::to_string(T::kVersion));
  if (type != T::kType) return Fail(Code::kInvalid, "message type " + std::to_string(type) + " was not expected");
  T message{};
  loader(message);
  if (!loader.Done()) return Fail(Code::kInvalid, "a message that is cut or has bytes left over");
  return message;
}

// The type byte of a message, to choose what to decode; 0 where there is none (0 is no type).
inline uint8_t MessageType(std::string_view bytes) { return bytes.size() < 2 ? 0 : static_cast<uint8_t>(bytes[1]); }

}  // namespace warder::flat
