// SPDX-License-Identifier: MIT
// Names for the addresses of the sample program (tests/unit/report/sample_program.h), as `memtrace pack` puts
// them into a trace: with them the whole command line gives the same text on every machine.
#pragma once

#include "analyzer/model/symbols.h"

namespace memtrace::testing {

// As SampleStacks has them; source lines are included.
model::Symbols SampleSymbols();

}  // namespace memtrace::testing
