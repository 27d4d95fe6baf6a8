// SPDX-License-Identifier: MIT
#include "tests/e2e/harness/reports.h"

#include <ostream>

namespace memtrace::e2e {
namespace {

using Json = nlohmann::json;

// The value at a path such as "/heap/allocations"; a key that is missing is an error of its own, with its
// name.
template <typename T>
T At(const Json& json, const std::string& path) {
  const Json::json_pointer pointer(path);
  if (!json.contains(pointer))
    throw std::runtime_error("the report has no " + path + ": " + json.dump().substr(0, 300));
  return json.at(pointer).get<T>();
}

std::string Text(const Json& json, const std::string& key) {
  return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
}

Amount AmountAt(const Json& json, const std::string& path) {
  return {At<std::uint64_t>(json, path + "/bytes"), At<std::uint64_t>(json, path + "/blocks")};
}

Row ParseRow(const Json& json) {
  Row row;
  row.label = Text(json, "label");
  row.file = Text(json, "file");
  row.function = Text(json, "function");
  row.module = Text(json, "module");
  if (json.contains("line") && json["line"].is_number()) row.line = json["line"].get<std::uint64_t>();
  row.ranked = AmountAt(json, "");
  for (const char* metric : {"live", "peak", "not_freed", "total", "temporary"}) {
    std::string name = metric;
    if (name == "not_freed") name = "not-freed";
    row.amounts[name] = AmountAt(json, std::string("/") + metric);
  }
  for (const Json& thread : json.value("threads", Json::array())) {
    Amount& amount = row.by_thread[Text(thread, "name")];
    amount.bytes += At<std::uint64_t>(thread, "/bytes");
    amount.blocks += At<std::uint64_t>(thread, "/blocks");
  }
  for (const Json& frame : json.value("largest_stack", Json::array())) {
    row.stack.push_back(Text(frame, "function"));
    row.machine_frames += !At<bool>(frame, "/is_inlined");
  }
  return row;
}

}  // namespace

void PrintTo(const Amount& amount, std::ostream* out) {
  *out << amount.bytes << ":" << amount.blocks;
}

Summary ParseSummary(const Json& report) {
  Summary summary;
  summary.allocs = At<std::uint64_t>(report, "/heap/allocations");
  summary.frees = At<std::uint64_t>(report, "/heap/frees");
  summary.bytes_allocated = At<std::uint64_t>(report, "/heap/allocated_bytes");
  summary.in_use_at_exit = AmountAt(report, "/heap/in_use_at_exit");
  summary.peak = AmountAt(report, "/heap/peak");
  summary.unknown_frees = At<std::uint64_t>(report, "/heap/unknown_frees");
  summary.mismatched_frees = At<std::uint64_t>(report, "/heap/mismatched_frees");
  summary.events_lost = At<std::uint64_t>(report, "/quality/events_lost");
  summary.truncated_stacks = At<std::uint64_t>(report, "/quality/truncated_stacks");
  summary.guessed_frames = At<std::uint64_t>(report, "/quality/guessed_frames");
  summary.is_running = At<bool>(report, "/trace/is_running");
  summary.end = At<std::string>(report, "/trace/end");
  summary.marks = At<Json>(report, "/marks");
  return summary;
}

std::vector<Row> ParseRows(const Json& report) {
  std::vector<Row> rows;
  for (const Json& row : At<Json>(report, "/rows")) rows.push_back(ParseRow(row));
  return rows;
}

Amount SumOfFunction(const std::vector<Row>& rows, const std::string& name, const std::string& metric) {
  Amount sum;
  for (const Row& row : rows) {
    if (row.function.find(name) == std::string::npos) continue;
    sum.bytes += row.amounts.at(metric).bytes;
    sum.blocks += row.amounts.at(metric).blocks;
  }
  return sum;
}

}  // namespace memtrace::e2e
