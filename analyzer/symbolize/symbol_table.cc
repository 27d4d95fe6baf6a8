// SPDX-License-Identifier: MIT
// Builds and searches tables of symbols.
#include "analyzer/symbolize/symbol_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace memtrace::symbolize {

std::vector<Location> FindIn(const model::Symbols& symbols, const model::ModuleSymbols& module,
                             std::uint64_t address, bool inlines) {
  const auto found = std::lower_bound(
      module.addresses.begin(), module.addresses.end(), address,
      [](const model::AddressFrames& entry, std::uint64_t wanted) { return entry.address < wanted; });
  if (found == module.addresses.end() || found->address != address) return {};
  std::vector<Location> locations;
  for (std::uint32_t i = inlines ? 0 : found->count - 1; i < found->count; ++i) {
    const model::SourceFrame& frame = symbols.frames[found->first + i];
    locations.push_back({symbols.strings[frame.function], symbols.strings[frame.file], frame.line,
                         frame.column, frame.function_line, i + 1 < found->count});
  }
  return locations;
}

const model::ModuleSymbols* FindModule(const model::Symbols& symbols, const std::string& path,
                                       const std::string& build_id) {
  for (const model::ModuleSymbols& module : symbols.modules) {
    if (module.path == path && module.build_id == build_id) return &module;
  }
  return nullptr;
}

std::uint32_t SymbolsBuilder::Number(const std::string& text) {
  if (text.empty()) return 0;
  const auto [place, is_new] =
      numbers_.try_emplace(text, static_cast<std::uint32_t>(symbols_.strings.size()));
  if (is_new) symbols_.strings.push_back(text);
  return place->second;
}

std::size_t SymbolsBuilder::Module(const std::string& path, const std::string& build_id) {
  const auto [place, is_new] = modules_.try_emplace(path + '\0' + build_id, symbols_.modules.size());
  if (is_new) symbols_.modules.push_back({path, build_id, {}});
  return place->second;
}

void SymbolsBuilder::Add(std::size_t module, std::uint64_t address, const std::vector<Location>& locations) {
  if (locations.empty()) return;
  model::AddressFrames entry{address, static_cast<std::uint32_t>(symbols_.frames.size()),
                             static_cast<std::uint32_t>(locations.size())};
  for (const Location& location : locations) {
    symbols_.frames.push_back({Number(location.function), Number(location.file), location.line,
                               location.column, location.function_line});
  }
  symbols_.modules[module].addresses.push_back(entry);
  ++address_count_;
}

void SymbolsBuilder::AddAll(std::size_t module, const model::Symbols& symbols,
                            const model::ModuleSymbols& from) {
  for (const model::AddressFrames& entry : from.addresses) {
    Add(module, entry.address, FindIn(symbols, from, entry.address, true));
  }
}

void SymbolsBuilder::AddSource(const std::string& file, std::uint32_t line, const std::string& text) {
  symbols_.sources.push_back({Number(file), line, Number(text)});
}

model::Symbols SymbolsBuilder::Finish() {
  for (model::ModuleSymbols& module : symbols_.modules) {
    const auto by_address = [](const model::AddressFrames& a, const model::AddressFrames& b) {
      return a.address < b.address;
    };
    const auto is_same = [](const model::AddressFrames& a, const model::AddressFrames& b) {
      return a.address == b.address;
    };
    std::stable_sort(module.addresses.begin(), module.addresses.end(), by_address);
    module.addresses.erase(std::unique(module.addresses.begin(), module.addresses.end(), is_same),
                           module.addresses.end());
  }
  const auto by_place = [](const model::SourceText& a, const model::SourceText& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  };
  std::sort(symbols_.sources.begin(), symbols_.sources.end(), by_place);
  const auto is_same = [](const model::SourceText& a, const model::SourceText& b) {
    return a.file == b.file && a.line == b.line;
  };
  symbols_.sources.erase(std::unique(symbols_.sources.begin(), symbols_.sources.end(), is_same),
                         symbols_.sources.end());
  numbers_.clear();
  modules_.clear();
  address_count_ = 0;
  return std::exchange(symbols_, {});
}

}  // namespace memtrace::symbolize
