// Which texts look like keys, tokens and passwords, so that no policy should hold them?
#include <re2/re2.h>

#include <array>

#include "policy/learn/parts.h"

namespace warder::policy::learn {
namespace {

// Forms that their issuers document, and the usual ways of giving a password. A net with holes: a policy that was
// learned is read before it is used.
constexpr const char* kForms[] = {
    R"((AKIA|ASIA)[0-9A-Z]{16})",                                  // AWS access keys
    R"(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",  // GitHub
    R"(glpat-[A-Za-z0-9_-]{16,})",                                 // GitLab
    R"(xox[abeoprs]-[A-Za-z0-9-]{10,})",                           // Slack
    R"(\b(sk|pk|rk)[-_][A-Za-z0-9_-]{16,})",                       // Stripe and others
    R"(AIza[0-9A-Za-z_-]{30,})",                                   // Google
    R"(npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,})",             // registries
    R"(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",  // JWT
    R"(-----BEGIN [A-Z0-9 ]*(PRIVATE KEY|CERTIFICATE)-----)",
    R"([a-zA-Z][a-zA-Z0-9+.-]*://[^/@\s:]*:[^/@\s]+@)",  // user:password in a URL
    R"((?i)(password|passwd|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|auth|credential)s?["']?\s*[=:]\s*["']?[^\s"']{4,})",
    R"((?i)\b(authorization|bearer|basic)\s*:?\s+[A-Za-z0-9+/_.=-]{8,})",
    R"((?i)^--?(password|passwd|passphrase|secret|token|api[-_]?key)$)",  // its value is the next word
};

const std::array<RE2*, std::size(kForms)>& Forms() {
  static const auto* forms = [] {
    auto* made = new std::array<RE2*, std::size(kForms)>();
    for (size_t i = 0; i < std::size(kForms); ++i) {
      RE2::Options options(RE2::Latin1);  // bytes, whatever they are
      (*made)[i] = new RE2(kForms[i], options);
    }
    return made;
  }();
  return *forms;
}

// A run of 28 letters and digits and more, of all three kinds: what nobody names by hand. Hex digests are none.
bool LooksRandom(std::string_view text) {
  size_t length = 0, upper = 0, lower = 0, digits = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool is_upper = c >= 'A' && c <= 'Z', is_lower = c >= 'a' && c <= 'z', is_digit = c >= '0' && c <= '9';
    if (is_upper || is_lower || is_digit) {
      ++length;
      upper += is_upper;
      lower += is_lower;
      digits += is_digit;
      continue;
    }
    if (length >= 28 && upper >= 3 && lower >= 3 && digits >= 2) return true;
    length = upper = lower = digits = 0;
  }
  return false;
}

}  // namespace

bool LooksSecret(std::string_view text) {
  if (LooksRandom(text)) return true;
  for (const RE2* form : Forms())
    if (RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *form)) return true;
  return false;
}

}  // namespace warder::policy::learn
