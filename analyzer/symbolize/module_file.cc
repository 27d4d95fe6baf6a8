// SPDX-License-Identifier: MIT
// Chooses between a module's file and its debug file, and between DWARF and symbols.
#include "analyzer/symbolize/module_file.h"

#include <utility>

#include "analyzer/symbolize/demangle.h"

namespace memtrace::symbolize {

ModuleFile::ModuleFile(const model::Module& module, const DebugFiles& files) {
  FoundFile found = files.FindModule(module);
  file_ = std::move(found.file);
  if (file_ != nullptr) {
    FoundFile debug = files.FindDebugInfo(*file_);
    debug_file_ = std::move(debug.file);
    problem_ = std::move(debug.problem);
  } else {
    // A debug file of the recorded build knows the symbols, too: the module itself may be missing.
    debug_file_ = files.FindByBuildId(module.build_id);
    if (debug_file_ == nullptr) debug_file_ = files.FetchByBuildId(module.build_id);
    if (debug_file_ == nullptr) problem_ = std::move(found.problem);
  }
  const ElfFile* main = file_ != nullptr ? file_.get() : debug_file_.get();
  if (main == nullptr) return;
  if (debug_file_ != nullptr) dwarf_ = DwarfInfo::Open(debug_file_->elf(), main->code());
  if (dwarf_ == nullptr) dwarf_ = DwarfInfo::Open(main->elf(), main->code());
  std::vector<Elf*> symbol_files = {main->elf()};
  if (debug_file_ != nullptr && debug_file_.get() != main) symbol_files.push_back(debug_file_->elf());
  if (debug_file_ == nullptr) mini_symbols_ = MiniSymbols::Open(*main);
  if (mini_symbols_ != nullptr) symbol_files.push_back(mini_symbols_->elf());
  symbols_.emplace(symbol_files, main->code());
}

std::vector<Location> ModuleFile::Find(std::uint64_t elf_address, bool inlines) {
  std::vector<Location> locations;
  if (dwarf_ != nullptr) locations = dwarf_->Find(elf_address);
  if (locations.empty()) locations.emplace_back();
  if (!inlines) locations.erase(locations.begin(), locations.end() - 1);
  if (Location& outermost = locations.back(); outermost.function.empty()) {
    outermost.function = SymbolName(elf_address);
  }
  return locations;
}

std::string ModuleFile::SymbolName(std::uint64_t elf_address) const {
  const char* symbol = symbols_ ? symbols_->Find(elf_address) : nullptr;
  return symbol == nullptr ? std::string() : Demangle(symbol);
}

}  // namespace memtrace::symbolize
