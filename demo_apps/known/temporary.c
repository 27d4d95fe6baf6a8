// SPDX-License-Identifier: MIT
// Known answer: temporary blocks and realloc chains. A block is temporary if the thread that allocated it
// frees it before its next allocation. A realloc frees the old block and then allocates the new one, so every
// link of an undisturbed chain but the last is temporary, whether the block grew in place or moved.
//
//   @PAIR_A is freed after @PAIR_B was allocated: not temporary; @PAIR_B is
//   @GROW   4,096 bytes from @FIRST, grown by as much seven times, in place: 4,096 × (2 + ... + 8) = 143,360
//   @MOVE   moves because a guard lies behind the old block; the guard's allocation comes between, so @OLD is
//           not temporary. 100 × 9,000 bytes are held together, with the last @GROW and the guards: the peak.
//           The last of them is temporary: it lives long, but it is freed before anything else is allocated
//   @FAILED asks for far too much: the block stays as it was and nothing is counted (valgrind counts it)
//   @SHRINK is a link as any other
//
// expect: line=@SINGLE function=Singles peak=0:0 total=30000:1000 temporary=30000:1000
// expect: line=@PAIR_A function=Pairs peak=0:0 total=16000:500 temporary=0:0
// expect: line=@PAIR_B function=Pairs peak=0:0 total=32000:500 temporary=32000:500
// expect: line=@FIRST function=GrowInPlace peak=0:0 total=4096:1 temporary=4096:1
// expect: line=@GROW function=GrowInPlace peak=32768:1 total=143360:7 temporary=110592:6
// expect: line=@OLD function=Move peak=0:0 total=100000:100 temporary=0:0
// expect: line=@GUARD function=Move peak=1600:100 total=1600:100 temporary=0:0
// expect: line=@MOVE function=Move peak=900000:100 total=900000:100 temporary=9000:1
// expect: line=@FROM_NULL function=Shrink peak=0:0 total=500:1 temporary=500:1
// expect: line=@SHRINK function=Shrink peak=0:0 not-freed=10:1 total=10:1 temporary=0:0
// expect: file peak=934368:201 not-freed=10:1 total=1227566:2310 temporary=186188:1509
// expect: order=peak lines=@MOVE,@GROW,@GUARD
// expect: order=temporary lines=@SINGLE,@PAIR_B,@GROW,@MOVE,@FIRST,@FROM_NULL
#include <stdint.h>
#include <stdlib.h>

#include "demo_apps/known/known.h"

enum { kMoves = 100 };

static void* guards[kMoves];
static void* moved[kMoves];
static volatile size_t far_too_much = SIZE_MAX / 4;

static __attribute__((noinline)) void Singles(void) {
  for (int i = 0; i < 1000; i++) {
    void* block = malloc(30);  // @SINGLE
    Escape(block);
    free(block);
  }
}

static __attribute__((noinline)) void Pairs(void) {
  for (int i = 0; i < 500; i++) {
    void* first = malloc(32);  // @PAIR_A
    Escape(first);
    void* second = malloc(64);  // @PAIR_B
    Escape(second);
    free(first);
    free(second);
  }
}

// At the latest when the block has come to lie at the end of the heap, it has room behind it.
static __attribute__((noinline)) void* GrowInPlace(int* steps_in_place) {
  void* block = malloc(4096);  // @FIRST
  Escape(block);
  for (size_t steps = 2; steps <= 8; steps++) {
    uintptr_t before = AddressOf(block);
    block = realloc(block, steps * 4096);  // @GROW
    Escape(block);
    *steps_in_place += AddressOf(block) == before;
  }
  return block;
}

static __attribute__((noinline)) int Move(void) {
  int moves = 0;
  for (int i = 0; i < kMoves; i++) {
    void* old = malloc(1000);  // @OLD
    Escape(old);
    guards[i] = malloc(16);  // @GUARD
    Escape(guards[i]);
    uintptr_t before = AddressOf(old);
    moved[i] = realloc(old, 9000);  // @MOVE
    Escape(moved[i]);
    moves += AddressOf(moved[i]) != before;
  }
  return moves;
}

static __attribute__((noinline)) int Shrink(void) {
  void* block = realloc(NULL, 500);  // @FROM_NULL
  Escape(block);
  void* nothing = realloc(block, far_too_much);  // @FAILED
  if (nothing != NULL) return 0;
  block = realloc(block, 10);  // @SHRINK
  Escape(block);
  return block != NULL;
}

int main(void) {
  Singles();
  Pairs();
  int steps_in_place = 0;
  void* grown = GrowInPlace(&steps_in_place);
  int moves = Move();
  free(grown);
  for (int i = 0; i < kMoves; i++) {
    free(guards[i]);
    free(moved[i]);
  }
  int has_shrunk = Shrink();
  return Finish("known_temporary: done\n", steps_in_place > 0 && moves > 0 && has_shrunk);
}
