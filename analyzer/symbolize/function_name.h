// SPDX-License-Identifier: MIT
// Reads demangled function names: what is the name itself, and how to show it in a narrow report.
//
//   void store::Cache<int, std::allocator<int> >::Put<long>(long const&) const
//   ╰┬─╯ ╰──────────────── qualified name ─────────────────╯╰────┬───────────╯
//   return type (of templates only)                           parameters
#pragma once

#include <string>
#include <string_view>

namespace memtrace::symbolize {

struct Frame;

// The qualified name without return type and parameters, those of enclosing functions left out as well:
// "main::{lambda(int)#1}::operator()". The whole text if it cannot be read.
std::string QualifiedName(std::string_view function);

// Rewrites templates as people write them: std::basic_string<char, ...> becomes std::string, default
// allocators, comparators, hashes and deleters go, as do inline namespaces and "[abi:cxx11]". Parameters
// stay.
//   std::vector<std::__cxx11::basic_string<char, ...>, std::allocator<...> >::push_back(int)
//   → std::vector<std::string>::push_back(int)
std::string ShortenTemplates(std::string_view name);

// For table rows and flame graphs: qualified and shortened.
std::string DisplayName(std::string_view function);

// The same of a frame. Python's names stay as they are: "<module>", "Cache.load.<locals>.<listcomp>".
std::string QualifiedName(const Frame& frame);
std::string DisplayName(const Frame& frame);

}  // namespace memtrace::symbolize
