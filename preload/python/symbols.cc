// SPDX-License-Identifier: MIT
#include "preload/python/symbols.h"

#include "preload/base/text.h"

namespace memtrace::preload {
namespace {

// Bernstein's hash with 33 and 5381, as the tables hold it.
std::uint32_t HashOf(const char* name) {
  std::uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

}  // namespace

ModuleSymbols::ModuleSymbols(const link_map& module) : bias_(module.l_addr) {
  for (const ElfW(Dyn)* entry = module.l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
    // glibc has added the load bias already, but not in the kernel's own vdso.
    const std::uintptr_t address = entry->d_un.d_ptr < bias_ ? entry->d_un.d_ptr + bias_ : entry->d_un.d_ptr;
    if (entry->d_tag == DT_SYMTAB) symbols_ = reinterpret_cast<const ElfW(Sym)*>(address);
    if (entry->d_tag == DT_STRTAB) strings_ = reinterpret_cast<const char*>(address);
    if (entry->d_tag == DT_GNU_HASH) hash_ = reinterpret_cast<const std::uint32_t*>(address);
  }
}

ModuleSymbols::Found ModuleSymbols::Find(const char* name) const {
  if (symbols_ == nullptr || strings_ == nullptr || hash_ == nullptr) return {};
  // [buckets | first hashed symbol | Bloom words | Bloom shift] Bloom words, buckets, one chain word a symbol
  const std::uint32_t buckets = hash_[0];
  const std::uint32_t first = hash_[1];
  const std::uint32_t bloom_words = hash_[2];
  const auto* bloom = reinterpret_cast<const std::uint64_t*>(hash_ + 4);
  const auto* bucket = reinterpret_cast<const std::uint32_t*>(bloom + bloom_words);
  const std::uint32_t* chain = bucket + buckets;
  if (buckets == 0 || bloom_words == 0) return {};
  const std::uint32_t hash = HashOf(name);
  const std::uint64_t word = bloom[hash / 64 % bloom_words];
  if ((word >> (hash % 64) & word >> ((hash >> hash_[3]) % 64) & 1) == 0) return {};
  std::uint32_t index = bucket[hash % buckets];
  if (index < first) return {};
  for (;; ++index) {
    const std::uint32_t entry = chain[index - first];
    const ElfW(Sym)& symbol = symbols_[index];
    if ((entry | 1) == (hash | 1) && symbol.st_shndx != SHN_UNDEF && Equal(strings_ + symbol.st_name, name))
      return {bias_ + symbol.st_value, symbol.st_size};
    if ((entry & 1) != 0) return {};
  }
}

}  // namespace memtrace::preload
