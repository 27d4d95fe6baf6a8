// SPDX-License-Identifier: MIT
// The full name of a function entry: from its linkage name, or put together from what it is nested in.
//
//   namespace store            scopes:  0 the unit ◄─ 1 store ◄─ 2 (anonymous namespace) ◄─ 3 Cache
//     namespace (unnamed)      of_entry:  Put → 3
//       struct Cache
//         subprogram Put       name of Put:  store::(anonymous namespace)::Cache::Put
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
  // namespaces and lambdas. For these a walk over the unit notes what each function entry is nested in.
  struct Nesting {
    struct Scope {
      Dwarf_Die die;
      std::uint32_t parent;  // index into scopes; always smaller than the scope's own, but for the unit's, 0
    };
    std::vector<Scope> scopes;
    std::unordered_map<const void*, std::uint32_t> of_entry;
  };
  class NestingCollector;

  std::string Build(Dwarf_Die& function);
  const Nesting& NestingOf(Dwarf_Die& entry);
  std::string ScopeName(const Nesting& nesting, std::uint32_t scope);

  std::unordered_map<const void*, std::string> names_;
  std::unordered_map<const Dwarf_CU*, Nesting> nesting_;
  int depth_ = 0;  // of names inside names
};

}  // namespace memtrace::symbolize
