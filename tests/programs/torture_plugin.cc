// SPDX-License-Identifier: MIT
// A library for torture.cc, built twice with different code of the same size class, so that one is likely to
// be loaded where the other was: TORTURE_VARIANT 1 and 2 have frames of different sizes at the same
// addresses.
#include <cstddef>

namespace {

#define KEEP_FRAME() asm volatile("" ::: "memory")

template <int kLevel>
[[gnu::noinline]] void Nest(void (*touch)(std::size_t), int value) {
  volatile char room[TORTURE_VARIANT * 48 + kLevel * 16];
  room[0] = static_cast<char>(value);
  touch(16);
  if constexpr (kLevel > 0) Nest<kLevel - 1>(touch, value);
  touch(32);
  room[1] = room[0];
}

// Destructors that run inside dlclose allocate as well.
void (*g_touch)(std::size_t) = nullptr;
struct AtClose {
  ~AtClose() {
    if (g_touch != nullptr) Nest<2>(g_touch, 7);
  }
} g_at_close;

}  // namespace

extern "C" void TorturePluginEnter(void (*touch)(std::size_t), int value) {
  g_touch = touch;
  Nest<5 + TORTURE_VARIANT>(touch, value);
  KEEP_FRAME();
}
