// SPDX-License-Identifier: MIT
// dbread: reads a table in one of many ways, for seeing what each does to memory. Composes a driver, a read,
// a kind of rows and a dataset, and sets a mark at each phase.
//
//   dbread --driver sqlite --db t.db --dataset employees --prepare
//   dbread --driver sqlite --db t.db --dataset employees --read single-row --rows structs
#include <memtrace/memtrace.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>

#include "demo_apps/dbread/dataset.h"
#include "demo_apps/dbread/options.h"
#include "demo_apps/dbread/row_sink.h"

namespace dbread {
namespace {

void EnterPhase(const char* name) {
  spdlog::info("{}", name);
  memtrace_mark(name);
}

void SetUpLog() {
  spdlog::set_default_logger(spdlog::stderr_logger_st("dbread"));
  spdlog::set_pattern("%n: %v");
}

std::unique_ptr<Connection> Connect(const Options& options) {
  if (options.driver == Driver::kPostgres) return ConnectToPostgres(options.database);
  return ConnectToSqlite(options.database, options.prepare);
}

Dataset FindDataset(const Options& options) {
  return options.dataset == "records" ? RecordsDataset() : EmployeesDataset();
}

std::unique_ptr<RowSink> MakeSink(const Options& options, const Dataset& dataset) {
  if (options.rows == RowKind::kTuples) return MakeTupleSink(dataset, options.one_column, options.keep);
  return MakeStructSink(dataset, options.one_column, options.keep);
}

// The result is the same for every driver, read and kind of rows.
void PrintResult(const Dataset& dataset, const RowSink& sink) {
  std::printf("%s: %zu rows, checksum %016lx\n", dataset.name.c_str(), sink.rows(), sink.checksum());
  if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write the result to standard output");
}

void Read(const Options& options, const Dataset& dataset, Connection& connection) {
  std::unique_ptr<RowSink> sink = MakeSink(options, dataset);
  std::unique_ptr<BatchReader> reader =
      connection.Open({dataset.SelectStatement(options.one_column), options.read, options.batch_rows});
  EnterPhase("Result iteration start");
  while (RowBatch* batch = reader->Next()) {
    for (std::size_t i = 0; i < batch->size(); i++) sink->Add(batch->Row(i));
  }
  EnterPhase("Result iteration end");
  PrintResult(dataset, *sink);
}

void Run(const Options& options) {
  Dataset dataset = FindDataset(options);
  std::unique_ptr<Connection> connection = Connect(options);
  EnterPhase("Engine connected");
  if (options.prepare) {
    std::size_t rows = PrepareDataset(*connection, dataset, options.scale);
    spdlog::info("table {} has {} rows now", dataset.name, rows);
  } else {
    Read(options, dataset, *connection);
    EnterPhase("Rows released");
  }
}

// What went wrong, on one line.
void Complain(const std::exception& error) {
  std::string message = error.what();
  while (!message.empty() && message.back() == '\n') message.pop_back();
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  spdlog::error("{}", message);
}

}  // namespace
}  // namespace dbread

int main(int argc, char** argv) {
  memtrace_mark("Start");
  dbread::Parsed parsed = dbread::ParseCommandLine(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  try {
    dbread::SetUpLog();
    dbread::EnterPhase("After imports");
    dbread::Run(parsed.options);
  } catch (const std::exception& error) {
    dbread::Complain(error);
    return 1;
  }
  return 0;
}
