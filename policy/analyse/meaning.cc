// How is a policy compared without its places? See meaning.h.
#include "policy/analyse/meaning.h"

#include <algorithm>

#include "base/archive.h"

namespace warder::policy {
namespace {

// Walks all fields and forgets where they stood.
class Forget {
 public:
  template <typename... T>
  void operator()(T&... fields) {
    (One(fields), ...);
  }

 private:
  void One(Where& where) { where = {}; }
  template <typename T>
  void One(std::optional<T>& value) {
    if (value) One(*value);
  }
  template <typename A, typename B>
  void One(std::pair<A, B>& value) {
    One(value.first);
    One(value.second);
  }
  template <typename T>
  void One(std::vector<T>& items) {
    for (T& item : items) One(item);
  }
  template <typename T>
  void One(T& value) {
    if constexpr (requires(Forget& f) { value.Fields(f); }) value.Fields(*this);
  }
};

}  // namespace

std::string Meaning(const Policy& policy) {
  Policy bare = policy;
  Forget forget;
  bare.Fields(forget);
  bare.file.clear();
  bare.digest = {};
  bare.used.clear();
  // What only repeats other fields, and orders that say nothing.
  bare.listed_actions.clear();
  for (Program& program : bare.programs) program.files.clear();
  std::ranges::sort(bare.programs, {}, &Program::name);
  for (Profile& profile : bare.profiles) std::ranges::sort(profile.actions);
  flat::Saver saver;
  saver(bare);
  return saver.Take();
}

}  // namespace warder::policy
