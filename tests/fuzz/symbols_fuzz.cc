// SPDX-License-Identifier: MIT
// Fuzzes the symbols of packed traces and of the symbol cache: whatever is accepted can be searched and
// written again.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/reader/symbols_codec.h"
#include "analyzer/symbolize/source_cache.h"
#include "analyzer/symbolize/symbol_table.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

// A changed byte nearly always breaks the checksum: it is set right, most of the time, and the codec
// sometimes to "as it is", so that changes reach the parser.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using memtrace::format::SymbolsHeader;
  size = LLVMFuzzerMutate(data, size, max_size);
  SymbolsHeader header;
  if (size < sizeof(header) || seed % 16 == 0) return size;
  std::memcpy(&header, data, sizeof(header));
  header.stored_bytes = size - sizeof(header);
  if (header.codec == 0) header.raw_bytes = header.stored_bytes;
  header.checksum = XXH3_64bits(data + sizeof(header), header.stored_bytes);
  std::memcpy(data, &header, sizeof(header));
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memtrace;
  model::Symbols symbols;
  if (reader::DecodeSymbols({data, size}, &symbols) != nullptr) return 0;
  symbolize::SymbolsBuilder builder;
  for (const model::ModuleSymbols& module : symbols.modules) {
    const std::size_t number = builder.Module(module.path, module.build_id);
    builder.AddAll(number, symbols, module);
    for (const model::AddressFrames& entry : module.addresses) {
      if (symbolize::FindIn(symbols, module, entry.address, true).size() != entry.count) std::abort();
      if (symbolize::FindIn(symbols, module, entry.address, false).size() != 1) std::abort();
    }
  }
  symbolize::SourceCache sources(&symbols);
  for (const model::SourceText& source : symbols.sources) {
    builder.AddSource(symbols.strings[source.file], source.line, symbols.strings[source.text]);
  }
  const std::string written = reader::EncodeSymbols(builder.Finish());
  model::Symbols again;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(written.data());
  if (reader::DecodeSymbols({bytes, written.size()}, &again) != nullptr) std::abort();
  return 0;
}
