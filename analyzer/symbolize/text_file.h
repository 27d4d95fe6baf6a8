// SPDX-License-Identifier: MIT
// Reads a text file whose path comes from somebody else.
#pragma once

#include <cstdint>
#include <string>

namespace memtrace::symbolize {

// The whole content; empty if the file is not there, is no regular file (a FIFO must not block us), or is
// larger than `max_bytes`.
std::string ReadRegularFile(const std::string& path, std::uint64_t max_bytes);

}  // namespace memtrace::symbolize
