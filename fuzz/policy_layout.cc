// Property: every policy that loads is laid out and shown; both load to the same meaning, and what is laid out is laid
// out as itself.
#include <cstdint>
#include <cstdlib>

#include "policy/analyse/layout.h"
#include "policy/analyse/meaning.h"
#include "policy/analyse/show.h"
#include "policy/load.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warder;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const policy::LoadResult loaded = policy::LoadPolicy("F", bytes);
  if (!loaded.problems.empty()) return 0;
  const std::string meaning = policy::Meaning(loaded.policy);
  const auto once = policy::LayOut("F", bytes);
  Require(once.has_value());
  Require(policy::Meaning(policy::LoadPolicy("F", *once).policy) == meaning);
  Require(policy::LayOut("F", *once) == *once);
  for (const bool defaults : {false, true}) {
    const policy::LoadResult shown = policy::LoadPolicy("F", policy::ShowPolicy(loaded.policy, defaults));
    Require(shown.problems.empty() && policy::Meaning(shown.policy) == meaning);
  }
  return 0;
}
