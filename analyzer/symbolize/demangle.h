// SPDX-License-Identifier: MIT
// Symbol → name as a person wrote it: C++ (Itanium), Rust (both manglings), plain C.
#pragma once

#include <string>
#include <string_view>

namespace memtrace::symbolize {

// Compiler suffixes (.cold, .part.0, .constprop.1, .llvm.123) and symbol versions (@@GLIBC_2.4) are left out:
// the source has one function. Rust's hash is left out, too. A symbol that is not understood comes back as it
// is. The length is capped at both ends, since a few bytes of mangled name can stand for megabytes.
std::string Demangle(const char* symbol);

// True for symbols that carry a C++ or Rust name.
bool IsMangled(std::string_view symbol);

}  // namespace memtrace::symbolize
