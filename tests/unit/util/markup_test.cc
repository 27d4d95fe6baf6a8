// SPDX-License-Identifier: MIT
#include "analyzer/util/markup.h"

#include <gtest/gtest.h>

namespace memtrace {
namespace {

TEST(Markup, NothingEndsATagOrAnAttribute) {
  EXPECT_EQ(EscapedForMarkup("</script><a href=\"x\">&amp;"),
            "&lt;/script&gt;&lt;a href=&quot;x&quot;&gt;&amp;amp;");
}

TEST(Markup, OtherTextStaysAsItIs) {
  EXPECT_EQ(EscapedForMarkup(""), "");
  EXPECT_EQ(EscapedForMarkup("operator new(unsigned long) — größer"), "operator new(unsigned long) — größer");
}

}  // namespace
}  // namespace memtrace
