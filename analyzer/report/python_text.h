// SPDX-License-Identifier: MIT
// What reports say about Python: which interpreters were seen, what of them is recorded, how full the arenas
// are.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/aggregate/python_heap.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/json.h"

namespace memtrace::report {

// "3.11.2", "3.15.0a1", "of unknown version".
std::string PythonVersionText(std::uint32_t hex_version);

// "3.11.2: objects with their lines", "3.15.0a1: objects without lines: no offsets are known for it".
std::string PythonRuntimeText(const model::PythonRuntime& runtime);

// One line for the foot of a report: that an interpreter of the trace gives objects again whose line is then
// that of their first use. Empty where none does.
std::string FreeListRemark(const model::Trace& trace);

// "36.0 MiB in 36 arenas, 33.1 MiB of them in use (92.0%)"; empty without arenas.
std::string ArenasText(const aggregate::PythonHeap& heap);

Json PythonJson(const model::Trace& trace);
Json ToJson(const aggregate::PythonHeap& heap);

}  // namespace memtrace::report
