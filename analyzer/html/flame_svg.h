// SPDX-License-Identifier: MIT
// The flame graph as a picture without a script: boxes with names, and what they hold when pointed at.
#pragma once

#include "analyzer/export/sink.h"
#include "analyzer/html/page_data.h"

namespace memtrace::html {

void WriteFlameSvg(const PageRequest& request, exporting::Sink& sink);

}  // namespace memtrace::html
