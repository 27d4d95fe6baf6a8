// SPDX-License-Identifier: MIT
#include "preload/buffer/compressor.h"

#include <dlfcn.h>

#include "preload/base/arena.h"

// Debian's libzstd exports the functions of its "experimental" section, ZSTD_createCCtx_advanced among them.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

namespace memtrace::preload {
namespace {

constexpr int kLevel = 1;
constexpr std::size_t kOutputBytes = format::kWindowDataBytes;  // what does not shrink is stored raw

struct Zstd {
  decltype(&ZSTD_createCCtx_advanced) create_context;
  decltype(&ZSTD_compressCCtx) compress;
  decltype(&ZSTD_isError) is_error;
};

// Set once in the constructor, before any thread of the program can seal a window.
constinit Zstd g_zstd{};

// zstd asks for its tables once a context and keeps them; sizes are remembered in front of each piece.
void* ArenaAlloc(void*, std::size_t bytes) {
  constexpr std::size_t kHeaderBytes = 64;
  auto* memory = static_cast<char*>(MapPrivate(bytes + kHeaderBytes));
  if (memory == nullptr) return nullptr;
  *reinterpret_cast<std::size_t*>(memory) = bytes + kHeaderBytes;
  return memory + kHeaderBytes;
}

void ArenaFree(void*, void* address) {
  if (address == nullptr) return;
  char* memory = static_cast<char*>(address) - 64;
  UnmapPrivate(memory, *reinterpret_cast<std::size_t*>(memory));
}

CompressorSlot* NewSlot() {
  auto* slot = static_cast<CompressorSlot*>(MapPrivate(sizeof(CompressorSlot) + kOutputBytes));
  if (slot == nullptr) return nullptr;
  slot->output = reinterpret_cast<std::uint8_t*>(slot + 1);
  slot->context = g_zstd.create_context(ZSTD_customMem{ArenaAlloc, ArenaFree, nullptr});
  if (slot->context == nullptr) {
    UnmapPrivate(slot, sizeof(CompressorSlot) + kOutputBytes);
    return nullptr;
  }
  return slot;
}

}  // namespace

void OpenCompressionLibrary() {
  void* library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;
  Zstd zstd;
  zstd.create_context = reinterpret_cast<decltype(zstd.create_context)>(dlsym(library, "ZSTD_createCCtx_advanced"));
  zstd.compress = reinterpret_cast<decltype(zstd.compress)>(dlsym(library, "ZSTD_compressCCtx"));
  zstd.is_error = reinterpret_cast<decltype(zstd.is_error)>(dlsym(library, "ZSTD_isError"));
  if (zstd.create_context != nullptr && zstd.compress != nullptr && zstd.is_error != nullptr) g_zstd = zstd;
}

CompressorSlot* CompressorPool::Acquire() {
  if (g_zstd.compress == nullptr) return nullptr;
  {
    SpinLockHolder hold(lock_);
    if (CompressorSlot* slot = free_; slot != nullptr) {
      free_ = slot->next;
      return slot;
    }
  }
  return NewSlot();
}

void CompressorPool::Release(CompressorSlot* slot) {
  SpinLockHolder hold(lock_);
  slot->next = free_;
  free_ = slot;
}

std::size_t Compress(CompressorSlot* slot, const void* data, std::size_t size_bytes) {
  const std::size_t stored = g_zstd.compress(static_cast<ZSTD_CCtx*>(slot->context), slot->output, kOutputBytes,
                                             data, size_bytes, kLevel);
  if (g_zstd.is_error(stored) != 0 || stored >= size_bytes) return 0;
  return stored;
}

}  // namespace memtrace::preload
