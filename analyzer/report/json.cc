// SPDX-License-Identifier: MIT
// Full paths, whole names, plain numbers: nothing is shortened or rounded here.
#include "analyzer/report/json.h"

#include "analyzer/report/end_text.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

Json StringOrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json DamageJson(const model::Trace& trace) {
  Json list = Json::array();
  for (const model::Damage& damage : trace.damage)
    list.push_back({{"offset", damage.offset}, {"what", damage.what}});
  return list;
}

}  // namespace

Json Envelope(const std::string& command, const model::Trace& trace) {
  const model::TraceInfo& info = trace.info;
  return {{"schema_version", kJsonSchemaVersion},
          {"tool", {{"name", "memtrace"}, {"version", MEMTRACE_VERSION}}},
          {"command", command},
          {"trace",
           {{"path", info.path},
            {"file_bytes", info.file_bytes},
            {"pid", info.pid},
            {"command_line", info.command_line},
            {"start_realtime_ns", info.start_realtime_ns},
            {"duration_ns", info.duration_ns},
            {"is_running", info.is_running},
            {"end", EndWord(info)},
            {"damage", DamageJson(trace)}}}};
}

std::string ToText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ToJson(const aggregate::Amount& amount) {
  return {{"bytes", amount.bytes}, {"blocks", amount.blocks}};
}

Json ToJson(const symbolize::Frame& frame) {
  return {{"function", StringOrNull(frame.function)},
          {"file", StringOrNull(frame.file)},
          {"line", frame.has_line() ? Json(frame.line) : Json(nullptr)},
          {"module", StringOrNull(frame.module_path.empty() ? frame.module : frame.module_path)},
          {"pc", frame.pc},
          {"is_inlined", frame.is_inlined},
          {"is_guessed", frame.is_guessed},
          {"is_python", frame.is_python},
          {"is_truncated", frame.is_truncated}};
}

Json ToJson(const Stack& stack) {
  Json list = Json::array();
  for (const symbolize::Frame* frame : stack) list.push_back(ToJson(*frame));
  return list;
}

Json KnownOrNull(std::uint64_t value) {
  return value == format::kUnknown ? Json(nullptr) : Json(value);
}

Json RowJson(const Row& row, const RowOptions& options, const model::Trace& trace, StackSource& source) {
  const aggregate::Amount& amount = AmountOf(options.metric, row.amounts);
  Json json = {{"bytes", amount.bytes}, {"blocks", amount.blocks}};
  json["function"] = StringOrNull(row.frame.function);
  json["file"] = StringOrNull(row.frame.file);
  json["line"] = row.frame.has_line() ? Json(row.frame.line) : Json(nullptr);
  json["module"] = StringOrNull(row.frame.module_path.empty() ? row.frame.module : row.frame.module_path);
  const std::string text = source.SourceLine(row.frame);
  json["source_line"] = StringOrNull(std::string(Trimmed(text)));
  json["live"] = ToJson(row.amounts.live);
  json["peak"] = ToJson(row.amounts.peak);
  json["not_freed"] = ToJson(row.amounts.not_freed);
  json["total"] = ToJson(row.amounts.total);
  json["temporary"] = ToJson(row.amounts.temporary);
  if (options.cumulative) json["own"] = ToJson(AmountOf(options.metric, row.own));
  if (options.by == GroupBy::kSize) {
    json["size_bytes"] = {{"min", row.size_bytes.min}, {"max", row.size_bytes.max}};
  }
  json["stacks"] = row.nodes.size();
  json["threads"] = Json::array();
  for (const auto& [thread, amount_there] : row.by_thread) {
    const model::Thread known = thread < trace.threads.size() ? trace.threads[thread] : model::Thread{};
    json["threads"].push_back({{"thread", thread},
                               {"tid", known.tid},
                               {"name", known.name},
                               {"bytes", amount_there.bytes},
                               {"blocks", amount_there.blocks}});
  }
  json["callers"] = Json::array();
  for (const Caller& caller : row.callers) {
    Json entry = ToJson(caller.frame);
    entry.update(ToJson(caller.amount));
    json["callers"].push_back(std::move(entry));
  }
  json["largest_stack"] = ToJson(row.largest_stack);
  json["charged_frame"] = row.charged_frame;
  return json;
}

}  // namespace memtrace::report
