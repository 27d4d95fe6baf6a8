// SPDX-License-Identifier: MIT
// The page itself: the readable files of page/ and vendor/, put into one that opens from anywhere and loads
// nothing.
#pragma once

#include <string>

#include "analyzer/export/sink.h"

namespace memtrace::html {

// `title` may be any text. `data` is a document of PageData; with `compress` it is written as gzip in base64,
// else as it is.
void WritePage(const std::string& title, const std::string& data, bool compress, exporting::Sink& sink);

}  // namespace memtrace::html
