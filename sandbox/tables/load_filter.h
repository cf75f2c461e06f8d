// Filters as bytes: u16 number of instructions, then struct sock_filter each (8 bytes, host order); repeated.
#pragma once

#include <linux/filter.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace warder::tables {

// kInvalid where the bytes are cut, empty or hold more than four programs.
Result<std::vector<std::vector<sock_filter>>> ParseFilter(std::string_view bytes);
void AppendFilter(std::string& bytes, const std::vector<sock_filter>& program);

// Loads each program into this thread. no_new_privs must be set (or CAP_SYS_ADMIN held).
Status LoadFilter(std::string_view bytes);

}  // namespace warder::tables
