// SPDX-License-Identifier: MIT
#include "analyzer/report/python_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/metric_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

const char* ReuseName(format::PythonReuse reuse) {
  switch (reuse) {
    case format::PythonReuse::kUnseen:
      break;
    case format::PythonReuse::kSeen:
      return "seen";
    case format::PythonReuse::kLost:
      return "lost";
  }
  return "unseen";
}

const char* SupportName(format::PythonSupport support) {
  switch (support) {
    case format::PythonSupport::kFull:
      return "full";
    case format::PythonSupport::kNoStacks:
      return "no stacks";
    case format::PythonSupport::kNotVisible:
      break;
  }
  return "not visible";
}

std::string Size(std::uint64_t bytes) {
  return FormatSize(static_cast<double>(bytes));
}

}  // namespace

// PY_VERSION_HEX: a byte each for major, minor and micro, then four bits each for level and serial.
std::string PythonVersionText(std::uint32_t hex_version) {
  if (hex_version == 0) return "of unknown version";
  std::string text =
      fmt::format("{}.{}.{}", hex_version >> 24, (hex_version >> 16) & 0xff, (hex_version >> 8) & 0xff);
  const std::uint32_t serial = hex_version & 0xf;
  switch ((hex_version >> 4) & 0xf) {
    case 0xa:
      return text + fmt::format("a{}", serial);
    case 0xb:
      return text + fmt::format("b{}", serial);
    case 0xc:
      return text + fmt::format("rc{}", serial);
    default:
      return text;
  }
}

std::string PythonRuntimeText(const model::PythonRuntime& runtime) {
  const char* seen = runtime.support == format::PythonSupport::kFull       ? "objects with their lines"
                     : runtime.support == format::PythonSupport::kNoStacks ? "objects without lines"
                                                                           : "objects not visible";
  std::string text = fmt::format("{}: {}", PythonVersionText(runtime.hex_version), seen);
  if (!runtime.text.empty()) text += ": " + Printable(runtime.text);
  return text;
}

std::string FreeListRemark(const model::Trace& trace) {
  std::uint32_t newest = 0;
  for (const model::PythonRuntime& runtime : trace.python_runtimes) {
    if (runtime.support == format::PythonSupport::kFull && runtime.reuse != format::PythonReuse::kSeen)
      newest = std::max(newest, runtime.hex_version);
  }
  if (newest == 0) return {};
  return fmt::format(
      "Python {}.{} reuses some freed objects: those count for the line that allocated them first.\n",
      newest >> 24, (newest >> 16) & 0xff);
}

std::string ArenasText(const aggregate::PythonHeap& heap) {
  if (heap.arenas.blocks == 0) return {};
  return fmt::format(
      "{} in {}, {} of them in use ({})", Size(heap.arenas.bytes),
      Counted(heap.arenas.blocks, "arena", "arenas"), Size(heap.in_arenas.bytes),
      FormatShare(static_cast<double>(heap.in_arenas.bytes), static_cast<double>(heap.arenas.bytes)));
}

Json PythonJson(const model::Trace& trace) {
  Json runtimes = Json::array();
  for (const model::PythonRuntime& runtime : trace.python_runtimes) {
    runtimes.push_back({{"version", PythonVersionText(runtime.hex_version)},
                        {"hex_version", runtime.hex_version},
                        {"support", SupportName(runtime.support)},
                        {"reason", runtime.text},
                        {"reuse", ReuseName(runtime.reuse)},
                        {"time_ns", runtime.time_ns}});
  }
  return {{"runtimes", runtimes}, {"code_objects", trace.python_codes.size()}};
}

Json ToJson(const aggregate::PythonHeap& heap) {
  return {{"time_ns", heap.time_ns},
          {"objects", ToJson(heap.objects)},
          {"arenas", ToJson(heap.arenas)},
          {"in_arenas", ToJson(heap.in_arenas)}};
}

}  // namespace memtrace::report
