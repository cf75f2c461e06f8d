// Whole files and sealed memory: what several rooms do with descriptors.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder {

// Everything from the descriptor's current position; kLimit beyond max_bytes.
Result<std::string> ReadAll(int fd, size_t max_bytes);
Result<std::string> ReadFile(const std::string& path, size_t max_bytes);

// Writes all of it or fails.
Status WriteAll(int fd, std::string_view bytes);

// A memfd that holds these bytes, sealed against every change (F_SEAL_WRITE, GROW, SHRINK, SEAL),
// not executable where the kernel can say so (MFD_NOEXEC_SEAL, 6.3), at offset 0.
Result<UniqueFd> SealedMemory(const char* name, std::string_view bytes);

// The bytes of a memfd that is sealed as SealedMemory seals; kDenied where it is not. Reads with
// pread from 0, so that a shared offset does not matter.
Result<std::string> ReadSealed(int fd, size_t max_bytes);

}  // namespace warder
