// SPDX-License-Identifier: MIT
// What all JSON reports share: the envelope, and how places, amounts and rows are written.
// The schema only ever grows: a field keeps its name, type and meaning; schema_version changes if that is
// broken.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "analyzer/aggregate/profile.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/rows.h"

namespace memtrace::report {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonSchemaVersion = 1;

// {"schema_version", "tool", "command", "trace"}: the caller adds "selector", "rows" and its own.
Json Envelope(const std::string& command, const model::Trace& trace);

// Indented, with a newline at the end; bytes that are no UTF-8 become U+FFFD.
std::string ToText(const Json& json);

Json ToJson(const aggregate::Amount& amount);
Json ToJson(const symbolize::Frame& frame);
Json ToJson(const Stack& stack);

// Place, amounts, threads, callers, stack and source line of a row.
Json RowJson(const Row& row, const RowOptions& options, const model::Trace& trace, StackSource& source);

// A time, or null where there is none.
Json KnownOrNull(std::uint64_t value);

}  // namespace memtrace::report
