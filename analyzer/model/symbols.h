// SPDX-License-Identifier: MIT
// Names of code addresses as plain data: what a packed trace carries along, and what the symbol cache keeps.
//
//   modules ─► addresses ─► frames ─► strings          address 0x11f3 of app:
//   [app   ]   [0x11f3 ]    [Put  cache.cc:41 ]          Put at cache.cc:41, inlined into
//              [0x1280 ]    [Fill load.cc:9   ]          Fill at load.cc:9
//
// Frames of one address are innermost first; all but the last are inlined into the next. Addresses are those
// that were looked up: in the module's ELF file, and one byte before the return address.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace memtrace::model {

struct SourceFrame {
  std::uint32_t function = 0;  // index into Symbols::strings, as is file; 0 is the empty string: unknown
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t function_line = 0;  // where the function is declared, if that is in `file`
};

struct AddressFrames {
  std::uint64_t address = 0;
  std::uint32_t first = 0;  // index into Symbols::frames
  std::uint32_t count = 0;  // at least 1
};

struct ModuleSymbols {
  std::string path;  // as recorded; empty: code outside of any file, its addresses are those in the process
  std::string build_id;                  // lower-case hex; empty: none
  std::vector<AddressFrames> addresses;  // ascending
};

// The text of one line of a source file.
struct SourceText {
  std::uint32_t file = 0;  // index into strings, as is text
  std::uint32_t line = 0;
  std::uint32_t text = 0;
};

struct Symbols {
  std::vector<std::string> strings = {""};
  std::vector<SourceFrame> frames;
  std::vector<ModuleSymbols> modules;
  std::vector<SourceText> sources;
};

}  // namespace memtrace::model
