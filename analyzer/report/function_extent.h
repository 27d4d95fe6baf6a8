// SPDX-License-Identifier: MIT
// Where a function ends, by its source text and, where there is some, by what debug information says.
//
//     int Add(int a) {    braces that open are closed again        def load(self, name,     what is indented
//       if (a) { … }                                                        size=None):     deeper than "def"
//     }           ◄ end                                            return self.read(size)   ◄ end
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace memtrace::report {

// A source file as far as it is needed here; lines count from 1.
struct SourceLines {
  std::uint32_t count = 0;
  std::function<std::string(std::uint32_t)> text;
};

// The last line of the function declared there; 0 if that cannot be told. Braces in strings and comments of
// one line do not count.
std::uint32_t EndOfBraces(const SourceLines& source, std::uint32_t declared);

// The same of a function whose last line with code is known: that line, unless the closing brace has no code
// (the function does not return, or was inlined everywhere). Text that misleads, as in raw strings or where
// #if leaves a brace open, is not followed far beyond it.
std::uint32_t EndOfCodeAndBraces(const SourceLines& source, std::uint32_t declared, std::uint32_t last_code);

// The same for Python: a function, class, lambda or comprehension whose code begins at that line, which may
// be its decorator's. Blank lines behind it do not belong to it.
std::uint32_t EndOfIndentation(const SourceLines& source, std::uint32_t declared);

}  // namespace memtrace::report
