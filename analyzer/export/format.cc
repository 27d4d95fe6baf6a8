// SPDX-License-Identifier: MIT
// The list of formats, in the order in which --help shows them.
#include "analyzer/export/format.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/util/suggest.h"

namespace memtrace::exporting {

const std::vector<Format>& Formats() {
  static const std::vector<Format> formats = {
      {"pprof", ".pb.gz", "go tool pprof, Perfetto, Pyroscope, Parca: all metrics, mappings, build-ids",
       Need::kSums, false, WritePprof},
      {"folded", ".folded", "flamegraph.pl, Perfetto, scripts: one line a stack", Need::kSums, true,
       WriteFolded},
      {"speedscope", ".speedscope.json", "speedscope.app: five profiles in one file", Need::kSums, false,
       WriteSpeedscope},
      {"dhat", ".dhat.json", "valgrind's dh_view.html, the Firefox Profiler: lifetimes, maxima, peak, end",
       Need::kBlocks, false, WriteDhat},
      {"massif", ".massif.out", "ms_print, massif-visualizer: the curve, with trees at peak and end",
       Need::kCurve, false, WriteMassif},
      {"heaptrack", ".heaptrack.gz", "heaptrack_gui, heaptrack_print: every allocation and free",
       Need::kBlocks, false, WriteHeaptrack},
      {"chrome", ".trace.json", "Perfetto, chrome://tracing: counters over time beside other traces",
       Need::kCurve, false, WriteChrome},
      {"heapprofile", ".heapprofile", "Chrome DevTools' Memory tab, speedscope", Need::kSums, true,
       WriteHeapProfile},
      {"mprof", ".mprof.dat", "mprof plot, mprof peak: live memory over time, marks as functions",
       Need::kCurve, false, WriteMprof},
      {"csv", ".csv", "spreadsheets, pandas: one row a stack and thread, all metrics", Need::kSums, false,
       WriteCsv},
      {"json", ".json", "scripts: all stacks with all metrics", Need::kSums, false, WriteJson},
  };
  return formats;
}

Result<const Format*> FindFormat(const std::string& name) {
  std::vector<std::string> names;
  for (const Format& format : Formats()) {
    if (format.name == name) return &format;
    names.push_back(format.name);
  }
  return Error{ErrorCode::kUsage, fmt::format("--format \"{}\" is not known: {}{}", name, ListOf(names),
                                              DidYouMean(name, names))};
}

}  // namespace memtrace::exporting
