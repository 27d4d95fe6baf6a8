// SPDX-License-Identifier: MIT
// The page's files, built into the program by embed.cmake.
#pragma once

#include <string_view>

namespace memtrace::html {

extern const std::string_view kPageHtml;    // page/page.html
extern const std::string_view kPageStyle;   // vendor/*.css, page/style.css
extern const std::string_view kPageScript;  // vendor/*.js, page/*.js, in the order of CMakeLists.txt

}  // namespace memtrace::html
