// SPDX-License-Identifier: MIT
// Who has the one slot for a function that is told of new objects, in a runtime that is not there.
#include "preload/python/reuse.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "tests/unit/python/fake_python.h"

namespace memtrace::preload {
namespace {

// CPython's: {function, data}, in the module's writable memory.
struct {
  PythonTracer function;
  void* data;
} g_slot;
bool g_is_initialized = false;

int SetTracer(PythonTracer function, void* data) {
  g_slot = {function, data};
  return 0;
}
PythonTracer GetTracer(void** data) {
  *data = g_slot.data;
  return g_slot.function;
}
int IsInitialized() {
  return g_is_initialized ? 1 : 0;
}

int Ours(void*, int, void*) {
  return 0;
}
int g_told = 0;
int OfTheRuntime(void*, int event, void* data) {
  return g_told = event + *static_cast<int*>(data);
}

class PythonReuseTest : public testing::Test {
 protected:
  PythonReuseTest() {
    g_slot = {};
    g_is_initialized = true;
    EXPECT_EQ(_dl_find_object(&g_slot, &runtime_.module), 0);
    runtime_.is_initialized = IsInitialized;
    runtime_.reuse.set_tracer = SetTracer;
    runtime_.reuse.get_tracer = GetTracer;
  }
  // A function outside of the runtime's module.
  static PythonTracer Foreign() { return reinterpret_cast<PythonTracer>(dlsym(RTLD_DEFAULT, "abs")); }

  FakePython python_{13};
  PythonRuntime& runtime_ = python_.runtime();
};

TEST_F(PythonReuseTest, TakesTheSlotWhenTheRuntimeIsReady) {
  g_is_initialized = false;
  EXPECT_FALSE(ReuseNeedsLook(runtime_));
  g_is_initialized = true;
  EXPECT_TRUE(ReuseNeedsLook(runtime_));
  EXPECT_TRUE(FollowReuse(runtime_, Ours));
  EXPECT_EQ(g_slot.function, Ours);
  EXPECT_EQ(g_slot.data, &runtime_);
  EXPECT_EQ(runtime_.reuse.state, format::PythonReuse::kSeen);
  EXPECT_FALSE(ReuseNeedsLook(runtime_));
}

TEST_F(PythonReuseTest, OlderRuntimesHaveNoSlot) {
  runtime_.reuse.set_tracer = nullptr;
  EXPECT_FALSE(ReuseNeedsLook(runtime_));
}

TEST_F(PythonReuseTest, WithoutStacksThereIsNothingToSay) {
  runtime_.has_stacks = false;
  EXPECT_FALSE(ReuseNeedsLook(runtime_));
}

TEST_F(PythonReuseTest, WhatTheProgramPutThereStays) {
  SetTracer(Foreign(), nullptr);
  EXPECT_FALSE(FollowReuse(runtime_, Ours));
  EXPECT_EQ(g_slot.function, Foreign());
  EXPECT_EQ(runtime_.reuse.state, format::PythonReuse::kUnseen);
}

TEST_F(PythonReuseTest, ATakenSlotIsLostUntilItIsFree) {
  FollowReuse(runtime_, Ours);
  SetTracer(Foreign(), nullptr);
  EXPECT_TRUE(ReuseNeedsLook(runtime_));
  EXPECT_TRUE(FollowReuse(runtime_, Ours));
  EXPECT_EQ(g_slot.function, Foreign());
  EXPECT_EQ(runtime_.reuse.state, format::PythonReuse::kLost);
  EXPECT_FALSE(ReuseNeedsLook(runtime_)) << "it is accepted";
  SetTracer(nullptr, nullptr);
  EXPECT_TRUE(ReuseNeedsLook(runtime_));
  EXPECT_FALSE(FollowReuse(runtime_, Ours)) << "what was missed stays missed";
  EXPECT_EQ(g_slot.function, Ours);
  EXPECT_FALSE(ReuseNeedsLook(runtime_));
}

TEST_F(PythonReuseTest, TheRuntimesOwnIsToldByOurs) {
  int data = 40;
  FollowReuse(runtime_, Ours);
  SetTracer(OfTheRuntime, &data);
  EXPECT_TRUE(ReuseNeedsLook(runtime_));
  FollowReuse(runtime_, Ours);
  EXPECT_EQ(g_slot.function, Ours);
  EXPECT_EQ(runtime_.reuse.state, format::PythonReuse::kSeen);
  EXPECT_EQ(TellChainedTracer(runtime_, nullptr, 1), 41);
  EXPECT_EQ(g_told, 41);
  SetTracer(nullptr, nullptr);  // tracemalloc stops
  EXPECT_TRUE(ReuseNeedsLook(runtime_));
  FollowReuse(runtime_, Ours);
  EXPECT_EQ(TellChainedTracer(runtime_, nullptr, 1), 0);
}

TEST_F(PythonReuseTest, BlocksBeginBeforeObjects) {
  const PythonOffsets& at = python_.at();
  const std::uintptr_t type = python_.Object(512, 0);
  const std::uintptr_t object = python_.Object(64, type);
  const auto with_flags = [&](std::uintptr_t flags) {
    PutAt(type, at.type_flags, flags);
    return object - BlockOfObject(at, object);
  };
  EXPECT_EQ(with_flags(0), 0u);
  EXPECT_EQ(with_flags(1U << 14), 16u);                      // a head for the garbage collector
  EXPECT_EQ(with_flags(1U << 14 | 1U << 4), 32u);            // and the dict's pointer
  EXPECT_EQ(with_flags(1U << 14 | 1U << 3 | 1U << 4), 32u);  // it stands beside that of weak references
  EXPECT_EQ(with_flags(1U << 4 | 1U << 31), 16u);
}

}  // namespace
}  // namespace memtrace::preload
