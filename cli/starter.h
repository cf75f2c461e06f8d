// Which policies does the program carry in itself? policies/cautious.yaml and policies/demo.yaml, as built.
#pragma once

#include <string_view>

namespace warder::cli {

std::string_view CautiousPolicy();
std::string_view DemoPolicy();

}  // namespace warder::cli
