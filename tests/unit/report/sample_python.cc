// SPDX-License-Identifier: MIT
// Lines: instruction unit 2n of a code object is line first_line + 1 + n.
#include "tests/unit/report/sample_python.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "tests/format/trace_builder.h"

namespace memtrace::testing {
namespace {

using format::AllocKind;

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kArena = 0x7f1000000000;
constexpr std::uint64_t kBuffers = 0x55550000;
constexpr std::uint64_t kResults = 0x55600000;
constexpr std::uint32_t kFirstThatTells = 0x030d0000;

constexpr char kApp[] =
    "import shop.orders\n"
    "\n"
    "orders = shop.orders.load(1000)\n"
    "names = [str(order) for order in orders]\n"
    "largest = (orders[0], orders[1])\n";
constexpr char kOrders[] =
    "import psycopg\n"
    "\n"
    "def load(count):\n"
    "    connection = psycopg.connect()\n"
    "    rows = []\n"
    "    rows += [Order(n) for n in range(count)]\n"
    "    rows += connection.execute('select 1')\n"
    "    return rows\n"
    "\n"
    "class Order:\n"
    "    def __init__(self, number):\n"
    "        self.text = bytearray(143)\n";

PythonCodeSpec Code(std::uint32_t id, const char* name, const std::string& file, std::uint32_t first_line) {
  PythonCodeSpec code{.id = id, .first_line = first_line, .name = name, .file = file};
  code.kind = format::PythonLineTable::kLocations;
  // No columns, two units, the next line.
  for (int i = 0; i < 20; ++i) code.line_table += "\xe9\x02";
  return code;
}

std::uint32_t UnitOf(std::uint32_t line, std::uint32_t first_line) {
  return 2 * (line - first_line - 1);
}

void FillHeader(const std::string& folder, format::FileHeader& header) {
  const auto put = [](const std::string& text, auto& field) {
    std::fill(std::begin(field), std::end(field), 0);
    std::copy_n(text.begin(), std::min(text.size(), sizeof(field) - 1), field);
  };
  header.pid = 7;
  header.start_realtime_ns = 1'700'000'000'000'000'000;
  put("python3", header.comm);
  put("example", header.host);
  put("/usr/bin/python3", header.exe);
  header.exe_bytes = 16;
  put(folder, header.working_directory);
  header.working_directory_bytes = static_cast<std::uint16_t>(folder.size());
}

}  // namespace

void WriteSamplePython(const std::filesystem::path& folder, std::uint32_t hex_version) {
  std::filesystem::create_directories(folder / "shop");
  std::ofstream(folder / "shop/app.py") << kApp;
  std::ofstream(folder / "shop/orders.py") << kOrders;

  TraceBuilder trace;
  FillHeader(folder.string(), trace.header());
  trace.Command({"python3", "shop/app.py"}).Thread(0, 7, "python3");
  trace.Module({.start = kArena >> 1,
                .end = (kArena >> 1) + 0x100000,
                .load_bias = kArena >> 1,
                .path = "/nowhere/libpq.so.5",
                .build_id = "\x0f\x0e"});
  trace.PythonRuntime(1, hex_version);
  const bool tells = hex_version >= kFirstThatTells;
  if (tells)
    trace.PythonRuntime(2, hex_version, format::PythonSupport::kFull, {}, format::PythonReuse::kSeen);
  trace.PythonCode(Code(1, "<module>", "shop/app.py", 1));
  trace.PythonCode(Code(2, "load", "shop/orders.py", 3));
  trace.PythonCode(Code(3, "Order.__init__", "shop/orders.py", 11));

  const std::uint32_t calls_load = trace.PythonNode(0, 1, UnitOf(3, 1));
  const std::uint32_t names = trace.PythonNode(0, 1, UnitOf(4, 1), AllocKind::kPythonObject);
  const std::uint32_t largest = trace.PythonNode(0, 1, UnitOf(5, 1), AllocKind::kPythonObject);
  const std::uint32_t order = trace.PythonNode(calls_load, 2, UnitOf(6, 3), AllocKind::kPythonObject);
  const std::uint32_t arena = trace.PythonNode(calls_load, 2, UnitOf(6, 3), AllocKind::kPythonArena);
  const std::uint32_t calls_init = trace.PythonNode(calls_load, 2, UnitOf(6, 3));
  const std::uint32_t text = trace.PythonNode(calls_init, 3, UnitOf(12, 11), AllocKind::kPythonMem);
  const std::uint32_t query = trace.PythonNode(calls_load, 2, UnitOf(7, 3));
  const std::uint32_t result = trace.Node(query, (kArena >> 1) + 0x1000);

  WindowBuilder& events = trace.On(0);
  events.Map(100 * kMs, kArena, 256 * 1024, arena);
  for (std::uint64_t i = 0; i < 1000; ++i) events.Alloc(101 * kMs + i, kArena + i * 64, 64, order);
  for (std::uint64_t i = 0; i < 300; ++i) events.Alloc(200 * kMs + i, kBuffers + i * 208, 200, text);
  for (std::uint64_t i = 0; i < 3; ++i) events.Alloc(300 * kMs + i, kResults + i * 0x8000, 20'000, result);
  for (std::uint64_t i = 0; i < 500; ++i) {
    events.Alloc(600 * kMs + 2 * i, kArena + 0x20000, 32, names);
    events.Free(600 * kMs + 2 * i + 1, kArena + 0x20000);
  }
  if (tells) events.Reuse(700 * kMs, kArena, largest).Reuse(701 * kMs, kArena + 64, largest);

  trace.Mark(500 * kMs, 0, "loaded");
  format::LogCheckpoint checkpoint{};
  checkpoint.reason = static_cast<std::uint32_t>(format::CheckpointReason::kMark);
  checkpoint.monotonic_ns = 500 * kMs;
  checkpoint.resident_bytes = 10 << 20;
  trace.Checkpoint(500 * kMs, checkpoint).End(800 * kMs, format::EndReason::kExit, 0);
  trace.WriteTo((folder / "shop.mtr").string());
}

}  // namespace memtrace::testing
