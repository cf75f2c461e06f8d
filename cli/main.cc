// Where does `warder` begin?
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"

int main(int argc, char** argv) {
  // A reader that went away (`warder audit timeline | head`) ends a write with EPIPE, not the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return warder::cli::RunCommandLine({argv + 1, argv + argc});
  } catch (const std::exception& trouble) {
    return warder::cli::Trouble({warder::Code::kSystem, std::string("an unexpected trouble: ") + trouble.what(),
                                 "please report it with the command that you gave"});
  }
}
