// The command-line program: `rheon log check|dump|salvage`.

#include <iostream>

#include "cli/log_commands.h"
#include "env/posix.h"

int main(int argc, char** argv) {
  rheon::env::end_when_memory_is_used_up();
  const auto env = rheon::env::make_posix_env();
  return rheon::cli::run(*env, argc, argv, {std::cout, std::cerr});
}
