// SPDX-License-Identifier: MIT
// Known answer: inlined functions, templates and lambdas are charged to their own line, and what the standard
// library allocates is charged to the line that called it.
//
//   @COPY     always inlined into two callers: 10 × 20 + 10 × 30 bytes
//   @DEEP     inlined through two levels, so that three functions share one machine frame: 5 × 64 bytes
//   @MAKE     one line, two instances of a template: 3 × 100 + 2 × 300 bytes
//   @VECTOR   1,000 numbers pushed one by one: capacities 1, 2, 4, ..., 1,024, 8 bytes each; 8,192 bytes stay
//   @STRING   100 characters and the closing NUL; @APPEND makes 300 of them, in a new block of 301 bytes
//   @MAP      100 nodes: 32 bytes of tree links, an int and an int
//   @SHARED   the object's 48 bytes and the 16 of its counters, in one block
//   @FUNCTION a capture of 40 bytes is too big for std::function's own room
//   @SORT     std::stable_sort borrows room for half of its 1,000 numbers
//
// expect: line=@COPY function=Copy peak=500:20 total=500:20
// expect: line=@DEEP function=Innermost peak=320:5 total=320:5
// expect: line=@MAKE function=Make peak=900:5 total=900:5
// expect: line=@LAMBDA function=operator() peak=2800:7 total=2800:7
// expect: line=@VECTOR function=FillContainers peak=8192:1 total=16376:11
// expect: line=@STRING function=FillContainers peak=0:0 total=101:1
// expect: line=@APPEND function=FillContainers peak=301:1 total=301:1
// expect: line=@MAP function=FillContainers peak=4000:100 total=4000:100
// expect: line=@SORT function=FillContainers peak=0:0 total=4000:1 temporary=4000:1
// expect: line=@UNIQUE function=HoldObjects peak=48:1 total=48:1
// expect: line=@SHARED function=HoldObjects peak=64:1 total=64:1
// expect: line=@FUNCTION function=HoldObjects peak=40:1 total=40:1
// expect: file peak=17165:142 not-freed=4520:37 total=29450:154
// expect: order=peak lines=@VECTOR,@MAP,@LAMBDA,@MAKE,@COPY,@DEEP,@APPEND,@SHARED,@UNIQUE,@FUNCTION
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "demo_apps/known/known.h"

#define ALWAYS_INLINE __attribute__((always_inline)) inline
#define NEVER_INLINE __attribute__((noinline))

namespace {

template <std::size_t kBytes>
struct Buffer {
  std::array<char, kBytes> bytes;
};

ALWAYS_INLINE void Copy(const char* text, std::size_t bytes) {
  auto* copy = static_cast<char*>(std::malloc(bytes));  // @COPY
  std::strncpy(copy, text, bytes);
  Escape(copy);
}

NEVER_INLINE void CopyShort() {
  Copy("short", 20);
}
NEVER_INLINE void CopyLong() {
  Copy("a little longer", 30);
}

ALWAYS_INLINE void Innermost() {
  auto* block = new Buffer<64>;  // @DEEP
  Escape(block);
}
ALWAYS_INLINE void Middle() {
  Innermost();
}
NEVER_INLINE void Outermost() {
  Middle();
}

template <typename T>
NEVER_INLINE void Make() {
  T* made = new T;  // @MAKE
  Escape(made);
}

struct Containers {
  std::vector<std::int64_t> numbers;
  std::string text;
  std::map<int, int> tree;
};

NEVER_INLINE void FillContainers(Containers& all) {
  for (std::int64_t i = 0; i < 1000; i++) {
    all.numbers.push_back(1000 - i);  // @VECTOR
  }
  std::stable_sort(all.numbers.begin(), all.numbers.end());  // @SORT
  all.text.assign(100, 'x');                                 // @STRING
  all.text.append(200, 'y');                                 // @APPEND
  for (int i = 0; i < 100; i++) {
    all.tree[i] = i;  // @MAP
  }
  Escape(&all);
}

struct Objects {
  std::unique_ptr<Buffer<48>> alone;
  std::shared_ptr<Buffer<48>> shared;
  std::function<std::size_t()> call;
};

NEVER_INLINE void HoldObjects(Objects& all) {
  all.alone = std::make_unique<Buffer<48>>();   // @UNIQUE
  all.shared = std::make_shared<Buffer<48>>();  // @SHARED
  Buffer<40> captured{};
  all.call = [captured] { return captured.bytes.size(); };  // @FUNCTION
  Escape(&all);
}

NEVER_INLINE void CallLambda() {
  auto allocate = [](std::size_t bytes) {
    auto* block = new char[bytes];  // @LAMBDA
    Escape(block);
  };
  for (int i = 1; i <= 7; i++) allocate(static_cast<std::size_t>(i) * 100);
}

}  // namespace

int main() {
  for (int i = 0; i < 10; i++) {
    CopyShort();
    CopyLong();
  }
  for (int i = 0; i < 5; i++) Outermost();
  for (int i = 0; i < 3; i++) Make<Buffer<100>>();
  for (int i = 0; i < 2; i++) Make<Buffer<300>>();
  CallLambda();
  Containers containers;
  FillContainers(containers);
  Objects objects;
  HoldObjects(objects);
  return Finish("known_inlined: done\n", containers.numbers.front() == 1 && objects.call() == 40);
}
