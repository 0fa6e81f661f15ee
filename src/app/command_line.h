#pragma once

namespace refrain::app {

/// The program: finds the subcommand of the arguments and runs it. Returns the exit status, which
/// cli/exit.h explains and the help shows.
int run(int argc, const char* const* argv);

}  // namespace refrain::app
