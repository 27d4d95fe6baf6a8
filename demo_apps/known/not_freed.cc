// SPDX-License-Identifier: MIT
// Known answer: what is not freed at the end, by call site, for the C and C++ ways to ask for memory.
// Sites allocate more than they lose, so that "allocated" and "not freed" cannot be mistaken for each other.
//
// A Session is 8 (vtable) + 8 (name_) = 16 bytes and owns 32 bytes more. An array of Handles has a cookie of
// 8 bytes for its length, because Handle has a destructor: 5 × 8 + 8 = 48 bytes.
//
// expect: line=@SESSION function=OpenSession not-freed=160:10 total=480:30
// expect: line=@NAME function=Session::Session not-freed=320:10 total=960:30
// expect: line=@HANDLES function=OpenHandles not-freed=192:4 total=960:20
// expect: line=@PLAIN function=LoseInC not-freed=7000:7 total=12000:12
// expect: line=@CALLOC function=LoseInC not-freed=300:3 total=400:4
// expect: line=@ARRAY function=LoseInC not-freed=6:1 total=24:4
// expect: line=@NOTHROW function=LoseInCxx not-freed=777:1 total=1554:2
// expect: line=@ALIGNED function=LoseInCxx not-freed=128:1 total=256:2
// expect: line=@ARENA function=main not-freed=0:0 total=50000:1
// expect: file not-freed=8883:37 total=66634:105
// expect: order=not-freed lines=@PLAIN,@NOTHROW,@NAME,@CALLOC,@HANDLES,@SESSION,@ALIGNED,@ARRAY
#include <cstdlib>
#include <new>

#include "demo_apps/known/known.h"

namespace {

class Session {
 public:
  Session() {
    name_ = new char[32];  // @NAME
    Escape(name_);
  }
  virtual ~Session() { delete[] name_; }

 private:
  char* name_;
};
static_assert(sizeof(Session) == 16);

struct Handle {
  Handle() : descriptor(-1) {}
  ~Handle() { Escape(this); }
  long descriptor;
};

struct alignas(64) CacheLines {
  char bytes[128];
};

__attribute__((noinline)) Session* OpenSession() {
  auto* session = new Session;  // @SESSION
  Escape(session);
  return session;
}

__attribute__((noinline)) Handle* OpenHandles() {
  auto* handles = new Handle[5];  // @HANDLES
  Escape(handles);
  return handles;
}

__attribute__((noinline)) void LoseInC() {
  for (int i = 0; i < 12; i++) {
    void* block = std::malloc(1000);  // @PLAIN
    Escape(block);
    if (i >= 7) std::free(block);
  }
  for (int i = 0; i < 4; i++) {
    void* zeroed = std::calloc(10, 10);  // @CALLOC
    Escape(zeroed);
    void* array = reallocarray(nullptr, 3, 2);  // @ARRAY
    Escape(array);
    if (i == 3) std::free(zeroed);
    if (i != 3) std::free(array);
  }
}

__attribute__((noinline)) void LoseInCxx() {
  for (int i = 0; i < 2; i++) {
    char* quiet = new (std::nothrow) char[777];  // @NOTHROW
    Escape(quiet);
    auto* lines = new CacheLines;  // @ALIGNED
    Escape(lines);
    if (i == 0) {
      delete[] quiet;
      delete lines;
    }
  }
}

}  // namespace

int main() {
  for (int i = 0; i < 30; i++) {
    Session* session = OpenSession();
    if (i >= 10) delete session;
  }
  for (int i = 0; i < 20; i++) {
    Handle* handles = OpenHandles();
    if (i >= 4) delete[] handles;
  }
  LoseInC();
  LoseInCxx();
  void* arena = std::malloc(50000);  // @ARENA
  Escape(arena);
  std::free(arena);
  return Finish("known_not_freed: done\n", arena != nullptr);
}
