// SPDX-License-Identifier: MIT
// An independent truth for counts: what valgrind's memcheck saw the same program allocate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/e2e/harness/command.h"

namespace memtrace::e2e {

struct HeapCounts {
  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;
  std::uint64_t bytes_allocated = 0;
  std::uint64_t in_use_bytes = 0;
  std::uint64_t in_use_blocks = 0;
  bool operator==(const HeapCounts&) const = default;
};

std::string ToString(const HeapCounts& counts);

// nullopt: valgrind could not run it or said nothing readable.
std::optional<HeapCounts> CountWithValgrind(const Command& command);

// Programs that copy their environment (bash, perl) allocate by its size, so a fair comparison needs the very
// environment that valgrind gives them. This is `command` in that environment, preloaded with `library`: the
// value of LD_PRELOAD is padded with slashes to the length of valgrind's own.
Command AsUnderValgrind(const Command& command, const std::string& library);

}  // namespace memtrace::e2e
