// SPDX-License-Identifier: MIT
// The exit codes that scripts rely on.
#pragma once

namespace memtrace::cli {

// Of the commands that read a trace.
enum ExitCode : int {
  kExitOk = 0,
  kExitFinding = 1,     // something that was asked for was found; `leaks --error-exitcode` sets its own
  kExitUsage = 2,       // the command line asks for what does not exist
  kExitUnreadable = 3,  // no trace, or a file that could not be read or written
  kExitDamaged = 4,     // the report was made, from a damaged trace
};

// Of `run`, where it cannot return the program's own, as env and timeout have them.
enum RunExitCode : int {
  kRunFailed = 125,
  kRunNotExecutable = 126,
  kRunNotFound = 127,
  kRunSignalBase = 128,
};

}  // namespace memtrace::cli
