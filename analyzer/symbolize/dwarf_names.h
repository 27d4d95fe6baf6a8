// SPDX-License-Identifier: MIT
// The full name of a function entry: from its linkage name, or put together from what it is nested in.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace memtrace::symbolize {

// One per module; caches by the entry's place in memory, so it must not outlive the Dwarf handle.
class FunctionNames {
 public:
  // Empty if the entry has no name at all. The reference stays valid.
  const std::string& Of(Dwarf_Die& function);

 private:
  // Compilers leave the linkage name out for functions that only one file can see: those in unnamed
  // namespaces and lambdas. For these the walk notes what each function entry of the unit is nested in.
  struct Nesting {
    std::vector<std::string> scopes;  // "store::(anonymous namespace)"; [0] is the unit, ""
    std::unordered_map<const void*, std::uint32_t> of_entry;  // function entry → index into scopes
  };
  class NestingCollector;

  std::string Build(Dwarf_Die function);
  const Nesting& NestingOf(Dwarf_Die& entry);

  std::unordered_map<const void*, std::string> names_;
  std::unordered_map<const Dwarf_CU*, Nesting> nesting_;
};

}  // namespace memtrace::symbolize
