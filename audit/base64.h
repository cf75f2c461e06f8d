// RFC 4648 base64 with padding, strictly: one text for one value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace warder::audit {

std::string Base64(std::string_view bytes);
// Nothing for a wrong length, a foreign character, or padding bits that are not zero.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace warder::audit
