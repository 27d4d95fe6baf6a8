// SPDX-License-Identifier: MIT
// Writes the packed copy of a trace: the same facts in less room, and the names of its call sites with them.
//
//     recorded   header │ log, room │ nodes, room │ window │ window │ events │ events │ …
//     packed     header │ log, compressed │ nodes, compressed │ symbols │ packed events: 16 windows in a
//     chunk │ …
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "analyzer/model/symbols.h"
#include "analyzer/util/result.h"

namespace memtrace::reader {

struct PackedSizes {
  std::uint64_t before_bytes = 0;  // on disk: holes of the recorded file do not count
  std::uint64_t after_bytes = 0;
  std::uint64_t symbol_bytes = 0;
};

// Reads the trace at `input` and writes the packed one to `output`, by way of a file beside it that takes its
// place when it is complete. The two may be the same. Fails with kUsage when the trace is still being
// recorded or is damaged (a packed copy would not show where), with kUnreadable when a file cannot be read or
// written. `progress` is called now and then with the share done, 0 to 1.
Result<PackedSizes> PackFile(const std::string& input, const std::string& output,
                             const model::Symbols& symbols, const std::function<void(double)>& progress = {});

}  // namespace memtrace::reader
