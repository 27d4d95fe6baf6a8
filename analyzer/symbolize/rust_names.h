// SPDX-License-Identifier: MIT
// Rust's two manglings: the legacy one, an Itanium name with escapes and a hash, and v0 (RFC 2603).
#pragma once

#include <string>
#include <string_view>

namespace memtrace::symbolize {

// True for _ZN…17h<16 hex digits>E.
bool IsRustLegacy(std::string_view symbol);

// A legacy symbol after Itanium demangling: takes off "::h0123456789abcdef" and undoes "$LT$", "$u20$", "..".
std::string RustLegacyName(std::string_view demangled);

// "_RNvCs1234_7mycrate3foo" → "mycrate::foo". Comes back unchanged if it is no valid v0 symbol.
std::string DemangleRustV0(std::string_view symbol);

}  // namespace memtrace::symbolize
