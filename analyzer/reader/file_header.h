// SPDX-License-Identifier: MIT
// Reads and judges the file header; everything behind it may be damaged, but without a header nothing is a
// trace.
#pragma once

#include "analyzer/model/trace.h"
#include "analyzer/reader/damage_log.h"
#include "analyzer/reader/trace_file.h"
#include "analyzer/util/result.h"
#include "memtrace/trace_format.h"

namespace memtrace::reader {

// Fails with kUnreadable when the file is empty, foreign, cut inside the header, or of a newer format.
Result<format::FileHeader> ReadFileHeader(const TraceFile& file);

// Everything of TraceInfo that stands in the header. Counts that cannot be true (a text longer than its
// field) are cut down to what is possible.
model::TraceInfo InfoFromHeader(const format::FileHeader& header, const TraceFile& file);

}  // namespace memtrace::reader
