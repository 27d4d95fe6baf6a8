// SPDX-License-Identifier: MIT
// Locations in and out of model::Symbols: the builder interns strings, the look-up is a binary search.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/model/symbols.h"
#include "analyzer/symbolize/dwarf_info.h"

namespace memtrace::symbolize {

// The locations of an address, innermost first; empty if it is not there. Without `inlines` the last one
// alone.
std::vector<Location> FindIn(const model::Symbols& symbols, const model::ModuleSymbols& module,
                             std::uint64_t address, bool inlines);

// The module of that path and build-id; null if there is none.
const model::ModuleSymbols* FindModule(const model::Symbols& symbols, const std::string& path,
                                       const std::string& build_id);

// Not thread-safe.
class SymbolsBuilder {
 public:
  // The module's number, for Add. A second call with the same words gives the same number.
  std::size_t Module(const std::string& path, const std::string& build_id);
  // Of two sets of locations for one address the first counts. Empty ones are left out.
  void Add(std::size_t module, std::uint64_t address, const std::vector<Location>& locations);
  // Everything `module` of `symbols` has.
  void AddAll(std::size_t module, const model::Symbols& symbols, const model::ModuleSymbols& from);
  void AddSource(const std::string& file, std::uint32_t line, const std::string& text);

  std::size_t address_count() const { return address_count_; }

  // Sorts everything; the builder is empty afterwards.
  model::Symbols Finish();

 private:
  std::uint32_t Number(const std::string& text);

  model::Symbols symbols_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::unordered_map<std::string, std::size_t> modules_;  // by path and build-id
  std::size_t address_count_ = 0;
};

}  // namespace memtrace::symbolize
