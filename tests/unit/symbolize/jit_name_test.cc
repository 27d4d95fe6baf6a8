// SPDX-License-Identifier: MIT
// V8's names, as node 20 writes them into its map.
#include "analyzer/symbolize/jit_name.h"

#include <gtest/gtest.h>

namespace memtrace::symbolize {
namespace {

std::string Shown(std::string_view text) {
  const JitName name = ParseJitName(text);
  return name.function + " @ " + name.file + " " + std::to_string(name.line) + " " +
         std::to_string(name.column);
}

TEST(JitNameTest, FunctionAndPlace) {
  EXPECT_EQ(Shown("JS:*parse /srv/app.js:12:20"), "parse @ /srv/app.js 12 20");
  EXPECT_EQ(Shown("JS:~defineEventHandler node:internal/event_target:1121:28"),
            "defineEventHandler @ node:internal/event_target 1121 28");
  EXPECT_EQ(Shown("LazyCompile:~old /srv/app.js:7"), "old @ /srv/app.js 7 0");
}

TEST(JitNameTest, NamelessFunctionsAndSpaces) {
  EXPECT_EQ(Shown("Eval:~ /srv/app.js:1:1"), "(anonymous) @ /srv/app.js 1 1");
  EXPECT_EQ(Shown("JS:^get size /srv/my app/a.js:3:4"), "get size @ /srv/my app/a.js 3 4");
  EXPECT_EQ(Shown("JS:^run evalmachine.<anonymous>:3:4"), "run @ evalmachine.<anonymous> 3 4");
}

TEST(JitNameTest, EverythingElseIsTheNameItself) {
  for (const char* text : {"Builtin:ArrayPrototypeSort", "JS:", "JS:*", "JS:*parse", "JS:*:1:2", "JS:x y:z",
                           "", "Ljava/util/HashMap;::put", "JS:*f /a.js:1:99999999999999"}) {
    EXPECT_EQ(ParseJitName(text).function, text);
    EXPECT_EQ(ParseJitName(text).file, "");
  }
}

}  // namespace
}  // namespace memtrace::symbolize
