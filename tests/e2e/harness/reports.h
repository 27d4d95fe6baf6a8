// SPDX-License-Identifier: MIT
// What memtrace's JSON reports say, as structs: the one place of the end-to-end tests that knows their keys.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace memtrace::e2e {

struct Amount {
  std::uint64_t bytes = 0;
  std::uint64_t blocks = 0;
  bool operator==(const Amount&) const = default;
};

void PrintTo(const Amount& amount, std::ostream* out);

// `memtrace summary --json`.
struct Summary {
  std::uint64_t allocs = 0;
  std::uint64_t frees = 0;
  std::uint64_t bytes_allocated = 0;
  Amount in_use_at_exit;
  Amount peak;
  std::uint64_t unknown_frees = 0;
  std::uint64_t mismatched_frees = 0;
  std::uint64_t events_lost = 0;
  std::uint64_t truncated_stacks = 0;
  std::uint64_t guessed_frames = 0;
  bool is_running = false;
  std::string end;  // how the process ended, in one word
  nlohmann::json marks = nlohmann::json::array();
};

// One row of `memtrace top --json`.
struct Row {
  std::string label;
  std::string file;
  std::uint64_t line = 0;
  std::string function;
  std::string module;
  Amount ranked;                            // by the metric asked for
  std::map<std::string, Amount> amounts;    // by metric: live, peak, not-freed, total, temporary
  std::map<std::string, Amount> by_thread;  // thread's name → its part of the metric asked for
  std::vector<std::string> stack;           // functions of the largest stack, innermost first
  std::size_t machine_frames = 0;           // of that stack: those that are not inlined into another
};

Summary ParseSummary(const nlohmann::json& report);
std::vector<Row> ParseRows(const nlohmann::json& report);

// Sum of the rows whose function contains `name`.
Amount SumOfFunction(const std::vector<Row>& rows, const std::string& name, const std::string& metric);

}  // namespace memtrace::e2e
