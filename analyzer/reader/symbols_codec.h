// SPDX-License-Identifier: MIT
// model::Symbols ↔ bytes: the content of a trace's symbols chunk and of a file of the symbol cache.
//
//   strings   count, then length and bytes of each; the empty string, number 0, is left out
//   modules   count, then of each: path, build-id (string numbers), count of addresses, then of each address:
//             difference to the one before, count of frames, then of each frame: function, file, line,
//             column, line of the function's declaration
//   sources   count, then of each line of source text: file, line, text
//
// All numbers are LEB128. The whole is compressed (format::SymbolsHeader).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "analyzer/model/symbols.h"
#include "memtrace/trace_format.h"

namespace memtrace::reader {

// A SymbolsHeader and the bytes behind it.
std::string EncodeSymbols(const model::Symbols& symbols);

// Null on success, else what is wrong with the bytes, which begin with a SymbolsHeader. They are not trusted:
// whatever they say, no more than some hundred times their size is allocated.
const char* DecodeSymbols(std::span<const std::uint8_t> bytes, model::Symbols* symbols);

}  // namespace memtrace::reader
