// SPDX-License-Identifier: MIT
// Known answer: the exact peak and its lines. The peak is in the middle; the most blocks and the most bytes
// in total belong to lines that hold little or nothing then.
//
//   live    ┌ @BIG 1 MiB ┐
//   bytes ┌─┘            └┐        ┌ @LATE 600,000 ┐
//         │ @TABLE  @SMALL│  @CHURN│               │
//         └───────────────┴────────┴───────────────┴─► end: @SMALL 20,000, @LATE 600,000
//
// At the peak: 1,048,576 + 250 × 1,000 + 1,000 × 100 + 8,192 = 1,406,768 bytes in 1,252 blocks.
//
// expect: line=@BIG function=HoldMost peak=1048576:1 not-freed=0:0 total=1048576:1 temporary=1048576:1
// expect: line=@TABLE function=FillTable peak=250000:250 not-freed=0:0 total=250000:250 temporary=0:0
// expect: line=@SMALL function=FillSmall peak=100000:1000 not-freed=20000:200 total=100000:1000 temporary=0:0
// expect: line=@ALIGNED function=main peak=8192:1 not-freed=0:0 total=8192:1 temporary=0:0
// expect: line=@CHURN function=Churn peak=0:0 not-freed=0:0 total=3200000:50000 temporary=3200000:50000
// expect: line=@LATE function=HoldLate peak=0:0 not-freed=600000:3 total=600000:3 temporary=0:0
// expect: file peak=1406768:1252 not-freed=620000:203 total=5206768:51255 temporary=4248576:50001
// expect: order=peak lines=@BIG,@TABLE,@SMALL,@ALIGNED
// expect: order=not-freed lines=@LATE,@SMALL
// expect: order=total lines=@CHURN,@BIG,@LATE,@TABLE,@SMALL,@ALIGNED
#include <stdlib.h>

#include "demo_apps/known/known.h"

enum { kTableRows = 250, kSmallBlocks = 1000, kChurnRounds = 50000, kLateBlocks = 3 };

static void* table[kTableRows];
static void* small[kSmallBlocks];
static void* late[kLateBlocks];

static __attribute__((noinline)) void FillTable(void) {
  for (int i = 0; i < kTableRows; i++) {
    table[i] = calloc(10, 100);  // @TABLE
    Escape(table[i]);
  }
}

static __attribute__((noinline)) void FillSmall(void) {
  for (int i = 0; i < kSmallBlocks; i++) {
    small[i] = malloc(100);  // @SMALL
    Escape(small[i]);
  }
}

static __attribute__((noinline)) void HoldMost(void) {
  void* big = malloc(1 << 20);  // @BIG
  Escape(big);
  free(big);
}

static __attribute__((noinline)) void Churn(void) {
  for (int i = 0; i < kChurnRounds; i++) {
    void* block = malloc(64);  // @CHURN
    Escape(block);
    free(block);
  }
}

static __attribute__((noinline)) void HoldLate(void) {
  for (int i = 0; i < kLateBlocks; i++) {
    late[i] = malloc(200000);  // @LATE
    Escape(late[i]);
  }
}

int main(void) {
  FillTable();
  FillSmall();
  void* aligned = NULL;
  int failed = posix_memalign(&aligned, 4096, 8192);  // @ALIGNED
  Escape(aligned);
  HoldMost();
  for (int i = 0; i < kTableRows; i++) free(table[i]);
  for (int i = 200; i < kSmallBlocks; i++) free(small[i]);
  free(aligned);
  Churn();
  HoldLate();
  return Finish("known_peak: done\n", !failed);
}
