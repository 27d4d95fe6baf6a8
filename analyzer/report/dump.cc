// SPDX-License-Identifier: MIT
// One line a record, numbers as the file has them.
#include "analyzer/report/dump.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "analyzer/report/process_memory.h"
#include "analyzer/report/python_text.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using model::Event;
using model::EventType;

constexpr std::array<const char*, format::kAllocKinds> kKindNames = {
    "malloc",   "calloc",  "realloc",  "reallocarray", "posix_memalign", "aligned_alloc",   "memalign",
    "valloc",   "pvalloc", "new",      "new[]",        "new (aligned)",  "new[] (aligned)", "mmap",
    "mremap",   "brk",     "sbrk",     "mallocx",      "rallocx",        "xallocx",         "tcmalloc",
    "mimalloc", "PyMem",   "PyObject", "Python arena"};

constexpr std::array<const char*, 9> kEventNames = {
    "alloc", "free", "realloc of", "realloc failed", "map", "unmap", "remap", "break", "reuse"};
constexpr std::array<const char*, 4> kFreeNames = {"free", "delete", "delete[]", "?"};

template <typename Names, typename Value>
std::string NameOf(const Names& names, Value value) {
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : fmt::format("kind {}", index);
}

std::string KindName(format::ChunkKind kind) {
  switch (kind) {
    case format::ChunkKind::kWindow:
      return "window";
    case format::ChunkKind::kEvents:
      return "events";
    case format::ChunkKind::kNodes:
      return "nodes";
    case format::ChunkKind::kLog:
      return "log";
    case format::ChunkKind::kSymbols:
      return "symbols";
    case format::ChunkKind::kPackedEvents:
      return "packed events";
    default:
      return fmt::format("kind {}", static_cast<std::uint32_t>(kind));
  }
}

std::string ChunkName(const reader::ListedChunk& chunk) {
  return chunk.kind == format::ChunkKind::kCompressed ? "packed " + KindName(chunk.kind_inside)
                                                      : KindName(chunk.kind);
}

std::string Seconds(std::uint64_t ns) {
  return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

// "libc.so.6+0x9f1c2", an address of the module's own file.
std::string PcText(const model::Site& site, const model::Trace& trace) {
  if (site.is_python) {
    const model::PythonCode* code = model::FindPythonCode(trace.python_codes, site.python_code());
    const std::string unit = site.python_unit() == format::kPythonOffsetUnknown
                                 ? "somewhere"
                                 : fmt::format("byte {}", site.python_unit() * 2);
    return fmt::format("python code {}, {} ({})", site.python_code(), unit,
                       code == nullptr ? "not in the trace" : Printable(code->name));
  }
  if (site.module >= trace.modules.size()) return fmt::format("{:#x}", site.pc);
  const model::Module& module = trace.modules[site.module];
  return fmt::format("{:#x} {}+{:#x}", site.pc, Printable(module.path.substr(module.path.rfind('/') + 1)),
                     site.pc - module.load_bias);
}

std::string EventText(const Event& event) {
  const std::string name = NameOf(kEventNames, event.type);
  switch (event.type) {
    case EventType::kAlloc:
    case EventType::kMap:
      return fmt::format("{:<14} {:#x}  {} bytes, node {}", name, event.address, event.size, event.node);
    case EventType::kFree:
      return fmt::format("{:<14} {:#x}  by {}", name, event.address, NameOf(kFreeNames, event.free_form));
    case EventType::kUnmap:
      return fmt::format("{:<14} {:#x}  {} bytes", name, event.address, event.size);
    case EventType::kRemap:
      return fmt::format("{:<14} {:#x}  {} bytes, was {:#x} of {} bytes, node {}", name, event.address,
                         event.size, event.old_address, event.old_size, event.node);
    case EventType::kBreak:
      return fmt::format("{:<14} {:#x}  was {:#x}, node {}", name, event.address, event.old_address,
                         event.node);
    default:
      return fmt::format("{:<14} {:#x}", name, event.address);
  }
}

}  // namespace

DumpReport::DumpReport(reader::TraceReader& reader, std::vector<reader::ListedChunk> chunks,
                       const DumpOptions& options, const std::function<void(double)>& progress)
    : reader_(reader), trace_(reader.trace()), options_(options), chunks_(std::move(chunks)) {
  if (!options.events) return;
  reader.ForEachBatch(
      [this](std::span<const Event> batch) {
        for (const Event& event : batch) {
          const std::uint64_t time_ns = reader_.TimeNs(event.ticks);
          if (time_ns < options_.from_ns) continue;
          if (event_count_++ < options_.records) events_.push_back({time_ns, event});
        }
      },
      progress);
}

// "events: the first 20 of 1,804,283".
std::string DumpReport::Heading(const char* what, std::size_t count) const {
  const std::size_t shown = Shown(count);
  return shown == count ? fmt::format("{}: {}\n", what, FormatGrouped(count))
                        : fmt::format("{}: the first {} of {}\n", what, shown, FormatGrouped(count));
}

std::string DumpReport::ChunksText() const {
  std::string text = Heading("chunks", chunks_.size());
  std::size_t width = 7;
  for (const reader::ListedChunk& chunk : chunks_) width = std::max(width, ChunkName(chunk).size());
  for (std::size_t i = 0; i < Shown(chunks_.size()); ++i) {
    const reader::ListedChunk& chunk = chunks_[i];
    text +=
        fmt::format("  at {:<10} {:<{}} {} bytes", chunk.offset, ChunkName(chunk), width, chunk.size_bytes);
    if (chunk.stored_bytes < chunk.size_bytes) text += fmt::format(", cut after {}", chunk.stored_bytes);
    if (chunk.kind == format::ChunkKind::kWindow && !chunk.is_in_use) text += ", free; held";
    if (chunk.thread) {
      text += fmt::format("{} thread {} window {} from tick {}, {} event bytes",
                          chunk.kind == format::ChunkKind::kWindow && !chunk.is_in_use ? "" : ",",
                          *chunk.thread, chunk.sequence, chunk.base_ticks, chunk.raw_event_bytes);
    }
    if (chunk.kind == format::ChunkKind::kCompressed) text += fmt::format(" for {}", chunk.raw_bytes);
    if (chunk.codec) {
      text += fmt::format(" stored in {} ({})", chunk.stored_event_bytes,
                          *chunk.codec == format::Codec::kZstd ? "zstd" : "raw");
    }
    text += "\n";
  }
  return text;
}

std::string DumpReport::NodesText() const {
  const std::size_t count = trace_.sites.empty() ? 0 : trace_.sites.size() - 1;  // node 0 is the empty stack
  std::string text = Heading("nodes", count);
  for (std::size_t i = 1; i <= Shown(count); ++i) {
    const model::Site& site = trace_.sites[i];
    text += fmt::format("  node {:<6} caller {:<6} {}", i, site.parent, PcText(site, trace_));
    if (site.kind != format::AllocKind::kMalloc) text += fmt::format(", {}", NameOf(kKindNames, site.kind));
    text += fmt::format("{}{}\n", site.is_exact ? ", exact" : "", site.is_guessed ? ", guessed" : "");
  }
  return text;
}

std::string DumpReport::LogText() const {
  std::string text = Heading("modules", trace_.modules.size());
  for (std::size_t i = 0; i < Shown(trace_.modules.size()); ++i) {
    const model::Module& module = trace_.modules[i];
    text += fmt::format("  {:#x}-{:#x} bias {:#x} {} {}\n", module.start, module.end, module.load_bias,
                        Printable(module.path), module.build_id);
  }
  text += Heading("threads", trace_.threads.size());
  for (std::size_t i = 0; i < Shown(trace_.threads.size()); ++i) {
    text += fmt::format("  thread {:<4} tid {:<8} {}\n", i, trace_.threads[i].tid,
                        Printable(trace_.threads[i].name));
  }
  text += Heading("marks", trace_.marks.size());
  for (std::size_t i = 0; i < Shown(trace_.marks.size()); ++i) {
    const model::Mark& mark = trace_.marks[i];
    text += fmt::format("  {} thread {} {}\n", Seconds(mark.time_ns), mark.thread, Printable(mark.name));
  }
  text += Heading("checkpoints", trace_.checkpoints.size());
  for (std::size_t i = 0; i < Shown(trace_.checkpoints.size()); ++i) {
    const model::Checkpoint& point = trace_.checkpoints[i];
    text += fmt::format("  {} resident {}, of files {}, peak {}, malloc has {} and uses {}\n",
                        Seconds(point.time_ns), KnownSize(point.resident), KnownSize(point.resident_file),
                        KnownSize(point.resident_peak), KnownSize(point.allocator_arena),
                        KnownSize(point.allocator_in_use));
  }
  if (!trace_.python_runtimes.empty()) text += PythonText();
  text += Heading("notes", trace_.notes.size());
  for (std::size_t i = 0; i < Shown(trace_.notes.size()); ++i) {
    text += fmt::format("  {} {}\n", Seconds(trace_.notes[i].time_ns), Printable(trace_.notes[i].text));
  }
  return text;
}

std::string DumpReport::PythonText() const {
  const auto& runtimes = trace_.python_runtimes;
  const auto& codes = trace_.python_codes;
  std::string text = Heading("python interpreters", runtimes.size());
  for (std::size_t i = 0; i < Shown(runtimes.size()); ++i)
    text += fmt::format("  {} {}\n", Seconds(runtimes[i].time_ns), PythonRuntimeText(runtimes[i]));
  text += Heading("python code", codes.size());
  for (std::size_t i = 0; i < Shown(codes.size()); ++i) {
    text += fmt::format("  code {:<6} {}:{} {}, {} bytes of lines\n", codes[i].id, Printable(codes[i].file),
                        codes[i].first_line, Printable(codes[i].name), codes[i].line_table.size());
  }
  return text;
}

std::string DumpReport::EventsText() const {
  std::string text = Heading("events", event_count_);
  for (const TimedEvent& timed : events_) {
    const std::uint32_t thread = timed.event.thread;
    text += fmt::format("  {} thread {:<3} {}\n", Seconds(timed.time_ns), thread, EventText(timed.event));
  }
  return text;
}

std::string DumpReport::Text() const {
  return (options_.chunks ? ChunksText() : "") + (options_.nodes ? NodesText() : "") +
         (options_.log ? LogText() : "") + (options_.events ? EventsText() : "");
}

Json DumpReport::ToJson() const {
  Json json = Envelope("dump", trace_);
  json["selector"] = {{"records", options_.records}, {"from_ns", options_.from_ns}};
  json["chunks"] = Json::array();
  for (std::size_t i = 0; i < (options_.chunks ? Shown(chunks_.size()) : 0); ++i) {
    const reader::ListedChunk& chunk = chunks_[i];
    json["chunks"].push_back({{"offset", chunk.offset},
                              {"kind", ChunkName(chunk)},
                              {"size_bytes", chunk.size_bytes},
                              {"stored_bytes", chunk.stored_bytes},
                              {"thread", chunk.thread ? Json(*chunk.thread) : Json(nullptr)},
                              {"sequence", chunk.sequence},
                              {"base_ticks", chunk.base_ticks},
                              {"raw_event_bytes", chunk.raw_event_bytes},
                              {"stored_event_bytes", chunk.stored_event_bytes}});
  }
  json["nodes"] = Json::array();
  const std::size_t nodes = trace_.sites.empty() || !options_.nodes ? 0 : trace_.sites.size() - 1;
  for (std::size_t i = 1; i <= Shown(nodes); ++i) {
    const model::Site& site = trace_.sites[i];
    json["nodes"].push_back(
        {{"node", i},
         {"caller", site.parent},
         {"pc", site.pc},
         {"module",
          site.module < trace_.modules.size() ? Json(trace_.modules[site.module].path) : Json(nullptr)},
         {"python_code", site.is_python ? Json(site.python_code()) : Json(nullptr)},
         {"python_offset", site.is_python && site.python_unit() != format::kPythonOffsetUnknown
                               ? Json(site.python_unit() * 2)
                               : Json(nullptr)},
         {"kind", NameOf(kKindNames, site.kind)},
         {"is_exact", site.is_exact},
         {"is_guessed", site.is_guessed}});
  }
  json["python_code"] = Json::array();
  for (std::size_t i = 0; i < (options_.log ? Shown(trace_.python_codes.size()) : 0); ++i) {
    const model::PythonCode& code = trace_.python_codes[i];
    json["python_code"].push_back(
        {{"code", code.id}, {"name", code.name}, {"file", code.file}, {"first_line", code.first_line}});
  }
  json["event_count"] = options_.events ? Json(event_count_) : Json(nullptr);
  json["rows"] = Json::array();
  for (const auto& [time_ns, event] : events_) {
    const std::uint32_t thread = event.thread;
    json["rows"].push_back(
        {{"time_ns", time_ns},
         {"ticks", event.ticks},
         {"thread", thread},
         {"event", NameOf(kEventNames, event.type)},
         {"address", event.address},
         {"size", event.size},
         {"old_address", event.old_address},
         {"old_size", event.old_size},
         {"node", event.node},
         {"freed_by",
          event.type == EventType::kFree ? Json(NameOf(kFreeNames, event.free_form)) : Json(nullptr)}});
  }
  return json;
}

}  // namespace memtrace::report
