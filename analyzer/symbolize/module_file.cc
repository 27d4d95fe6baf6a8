// SPDX-License-Identifier: MIT
// Chooses between a module's file and its debug file, and between DWARF and symbols.
#include "analyzer/symbolize/module_file.h"

#include <sys/stat.h>

#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/symbolize/demangle.h"
#include "analyzer/symbolize/symbol_table.h"

namespace memtrace::symbolize {
namespace {

using Clock = std::chrono::steady_clock;

// Size and time of a file: another file under the same build-id, stripped for instance, has other names.
struct FileIdentity {
  std::uint64_t bytes = 0;
  std::uint64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
};

FileIdentity IdentityOf(const ElfFile* file) {
  struct stat status {};
  if (file == nullptr || stat(file->path().c_str(), &status) != 0) return {};
  return {static_cast<std::uint64_t>(status.st_size), static_cast<std::uint64_t>(status.st_mtim.tv_sec),
          static_cast<std::uint64_t>(status.st_mtim.tv_nsec)};
}

std::uint64_t SourceOf(const ElfFile* file, const ElfFile* debug_file) {
  const FileIdentity files[2] = {IdentityOf(file), IdentityOf(debug_file)};
  return XXH3_64bits(files, sizeof(files));
}

}  // namespace

ModuleFile::ModuleFile(const model::Module& module, const DebugFiles& files, const SymbolCache* cache,
                       std::chrono::nanoseconds worth_keeping)
    : cache_(cache), worth_keeping_(worth_keeping) {
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
  key_.build_id = module.build_id;
  if (is_open()) LoadKept();
}

ModuleFile::~ModuleFile() {
  if (cache_ != nullptr && !fresh_.empty() && spent_ >= worth_keeping_) Keep();
}

void ModuleFile::LoadKept() {
  if (cache_ == nullptr || key_.build_id.empty()) return;
  key_.source = SourceOf(file_.get(), debug_file_.get());
  if (auto kept = cache_->Load(key_)) kept_ = std::move(*kept);
}

void ModuleFile::Keep() const {
  // Parts of the debug information that were not there may be there the next time.
  if (dwarf_ != nullptr && dwarf_->is_incomplete()) return;
  SymbolsBuilder builder;
  const std::size_t module = builder.Module({}, key_.build_id);
  for (const auto& [address, locations] : fresh_) builder.Add(module, address, locations);
  // What another process has kept meanwhile stays.
  if (const auto latest = cache_->Load(key_)) builder.AddAll(module, *latest, latest->modules[0]);
  cache_->Save(key_, builder.Finish());
}

void ModuleFile::ReadTables() {
  has_tables_ = true;
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
  if (!kept_.modules.empty()) locations = FindIn(kept_, kept_.modules[0], elf_address, inlines);
  if (!locations.empty()) return locations;
  const Clock::time_point start = Clock::now();
  if (!has_tables_) ReadTables();
  locations = LookUp(elf_address);
  spent_ += Clock::now() - start;
  if (cache_ != nullptr && !key_.build_id.empty() && is_open()) fresh_.try_emplace(elf_address, locations);
  if (!inlines) locations.erase(locations.begin(), locations.end() - 1);
  return locations;
}

std::uint32_t ModuleFile::LastLineOf(std::uint64_t elf_address, const std::string& file,
                                     std::uint32_t declared) {
  if (!has_tables_) ReadTables();
  return dwarf_ == nullptr ? 0 : dwarf_->LastLineOf(elf_address, file, declared);
}

std::vector<Location> ModuleFile::LookUp(std::uint64_t elf_address) {
  std::vector<Location> locations;
  if (dwarf_ != nullptr) locations = dwarf_->Find(elf_address);
  if (locations.empty()) locations.emplace_back();
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
