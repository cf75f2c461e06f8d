// Which version is this? The project's, from CMake.
#pragma once

namespace warder::cli {

inline const char* Version() { return "warder " WARDER_VERSION; }

}  // namespace warder::cli
