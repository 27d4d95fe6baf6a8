// SPDX-License-Identifier: MIT
// The command line of dbread. Values that are planned and not built yet are known, so that the complaint says
// so.
#include "demo_apps/dbread/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

namespace dbread {
namespace {

constexpr int kUsageError = 2;

const std::map<std::string, Driver> kDrivers = {{"postgres", Driver::kPostgres}, {"sqlite", Driver::kSqlite}};
const std::map<std::string, ReadKind> kReads = {{"eager", ReadKind::kEager},
                                                {"batched", ReadKind::kBatched},
                                                {"single-row", ReadKind::kSingleRow},
                                                {"cursor", ReadKind::kCursor}};
const std::map<std::string, RowKind> kRows = {{"tuples", RowKind::kTuples}, {"structs", RowKind::kStructs}};
const std::map<std::string, bool> kColumns = {{"all", false}, {"one", true}};
const std::map<std::string, std::string> kDatasets = {{"records", "records"}, {"employees", "employees"}};

// One choice out of `values`.
template <typename T>
void AddChoice(CLI::App& app, const std::string& name, T& target, const std::map<std::string, T>& values,
               const std::vector<std::string>& planned, const std::string& help) {
  std::string names;
  for (const auto& [value, meaning] : values) names += (names.empty() ? "" : ", ") + value;
  auto take = [name, &target, &values, planned, names](const std::string& text) {
    auto found = values.find(text);
    if (found == values.end()) {
      bool is_planned = std::find(planned.begin(), planned.end(), text) != planned.end();
      std::string reason = is_planned ? "is not built yet" : "is unknown";
      throw CLI::ValidationError(name, "\"" + text + "\" " + reason + "; there are " + names);
    }
    target = found->second;
  };
  app.add_option_function<std::string>(name, take, help + ": " + names);
}

void Describe(CLI::App& app, Options& options) {
  AddChoice(app, "--driver", options.driver, kDrivers, {"mysql"}, "database");
  AddChoice(app, "--read", options.read, kReads, {"offset", "keyset", "copy"}, "how rows are read");
  AddChoice(app, "--rows", options.rows, kRows, {"entities", "validated"}, "what rows are made into");
  AddChoice(app, "--columns", options.one_column, kColumns, {}, "whole rows, or one column of them");
  AddChoice(app, "--dataset", options.dataset, kDatasets, {"emails", "pictures", "events"}, "table");
  app.add_flag("--keep,!--drop", options.keep, "keep all rows until the end, or drop each at once (default)");
  app.add_option("--batch", options.batch_rows, "rows a batch or fetch")->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--scale", options.scale, "size of the table that --prepare makes, 1 is the full one")
      ->check(CLI::Range(0.0, 1000.0));
  app.add_option("--db", options.database,
                 "sqlite: the file; postgres: a connection string (default: PG* variables)");
  app.add_flag("--prepare", options.prepare, "make the table, and read nothing");
}

}  // namespace

Parsed ParseCommandLine(int argc, char** argv) {
  Parsed parsed;
  CLI::App app("Reads a table in one of many ways. The result is one line: rows, checksum.", "dbread");
  Describe(app, parsed.options);
  try {
    app.parse(argc, argv);
    if (parsed.options.driver == Driver::kSqlite && parsed.options.database.empty()) {
      throw CLI::ValidationError("--db", "sqlite needs a file");
    }
  } catch (const CLI::CallForHelp& help) {
    parsed.exit_code = app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "dbread: %s (see --help)\n", error.what());
    parsed.exit_code = kUsageError;
  }
  return parsed;
}

}  // namespace dbread
