// SPDX-License-Identifier: MIT
// dbread: reads a table in one of many ways, for seeing what each does to memory. Composes a driver, a read,
// a kind of rows and a dataset, and sets a mark at each phase.
//
//   dbread --driver sqlite --db t.db --dataset employees --prepare
//   dbread --driver sqlite --db t.db --dataset employees --read single-row --rows structs
#include <malloc.h>
#include <memtrace/memtrace.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>

#include "demo_apps/dbread/batch_times.h"
#include "demo_apps/dbread/dataset.h"
#include "demo_apps/dbread/lookup.h"
#include "demo_apps/dbread/options.h"
#include "demo_apps/dbread/paged_read.h"
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

const DatasetSource& FindDataset(const std::string& name) {
  if (name == "records") return kRecords;
  if (name == "emails") return kEmails;
  if (name == "pictures") return kPictures;
  if (name == "events") return kEvents;
  return kEmployees;
}

std::size_t PlaceOf(const std::vector<Column>& columns, const std::string& name) {
  auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
  return static_cast<std::size_t>(found - columns.begin());
}

std::unique_ptr<RowSink> MakeSink(const Options& options, const Dataset& dataset) {
  std::vector<Column> columns = dataset.Selected(options.one_column);
  SinkRequest request{dataset.name, columns, options.one_column, options.keep, PlaceOf(columns, dataset.key)};
  switch (options.rows) {
    case RowKind::kTuples:
      break;
    case RowKind::kNamed:
      return MakeNamedSink(request);
    case RowKind::kStructs:
      return MakeStructSink(request);
    case RowKind::kValidated:
      return MakeValidatedSink(request);
    case RowKind::kValidatedExisting:
      return MakeValidatedExistingSink(request);
    case RowKind::kEntities:
      return MakeEntitySink(request);
  }
  return MakeTupleSink(request);
}

// The result is the same for every driver, read and kind of rows.
void PrintResult(const Dataset& dataset, const RowSink& sink) {
  std::printf("%s: %zu rows, checksum %016lx\n", dataset.name.c_str(), sink.rows(), sink.checksum());
  if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write the result to standard output");
}

void Read(const Options& options, const Dataset& dataset, Connection& connection,
          std::optional<Lookup>& lookup) {
  std::unique_ptr<RowSink> sink = MakeSink(options, dataset);
  BatchTimes times;
  std::unique_ptr<BatchReader> reader =
      OpenRead(connection, dataset, {dataset.Select(options.one_column), options.read, options.batch_rows});
  EnterPhase("Result iteration start");
  while (RowBatch* batch = times.Measure([&] { return reader->Next(); })) {
    for (std::size_t i = 0; i < batch->size(); i++) {
      sink->Add(batch->Row(i));
      if (lookup) lookup->Add(batch->Row(i));
    }
  }
  EnterPhase("Result iteration end");
  PrintResult(dataset, *sink);
  if (options.page_times) times.Log();
}

void ReadAndRelease(const Options& options, const Dataset& dataset, Connection& connection) {
  std::optional<Lookup> lookup;
  if (options.lookup) lookup.emplace(PlaceOf(dataset.Selected(options.one_column), dataset.one_column));
  Read(options, dataset, connection, lookup);
  EnterPhase("Rows released");
  if (options.trim) {
    malloc_trim(0);
    EnterPhase("Memory trimmed");
  }
  if (lookup) spdlog::info("the dictionary has {} entries", lookup->size());
}

void Run(const Options& options) {
  const DatasetSource& source = FindDataset(options.dataset);
  std::unique_ptr<Connection> connection = Connect(options.driver, options.prepare);
  EnterPhase("Engine connected");
  if (options.prepare) {
    std::size_t rows = PrepareDataset(*connection, source, options.scale);
    spdlog::info("table {} has {} rows now", options.dataset, rows);
  } else {
    ReadAndRelease(options, source.describe(), *connection);
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
  } catch (const dbread::UnsupportedRead& error) {
    dbread::Complain(error);
    return 2;
  } catch (const std::exception& error) {
    dbread::Complain(error);
    return 1;
  }
  return 0;
}
