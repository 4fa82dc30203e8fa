#pragma once

#include "api/job.h"

namespace rheon {

/// The program of a job: reads the command line, runs the job function with the parameters found
/// there, and does what was asked (docs/running.md). Returns the program's exit code: 0 done, 2 bad
/// usage or input, 3 refused, 1 anything else.
///
///     int main(int argc, char** argv) { return rheon::main("wordcount", wordcount, argc, argv); }
[[nodiscard]] int main(const char* name, JobFunction job, int argc, char** argv);

}  // namespace rheon
