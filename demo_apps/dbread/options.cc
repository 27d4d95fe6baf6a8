// SPDX-License-Identifier: MIT
// The command line of dbread.
#include "demo_apps/dbread/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

namespace dbread {
namespace {

constexpr int kUsageError = 2;

const std::map<std::string, ReadKind> kReads = {
    {"eager", ReadKind::kEager},   {"batched", ReadKind::kBatched}, {"single-row", ReadKind::kSingleRow},
    {"cursor", ReadKind::kCursor}, {"offset", ReadKind::kOffset},   {"keyset", ReadKind::kKeyset},
    {"copy", ReadKind::kCopy}};
const std::map<std::string, RowKind> kRows = {{"tuples", RowKind::kTuples},
                                              {"named", RowKind::kNamed},
                                              {"structs", RowKind::kStructs},
                                              {"validated", RowKind::kValidated},
                                              {"validated-existing", RowKind::kValidatedExisting},
                                              {"entities", RowKind::kEntities}};
const std::map<std::string, bool> kColumns = {{"all", false}, {"one", true}};
const std::map<std::string, std::string> kDatasets = {{"records", "records"},
                                                      {"employees", "employees"},
                                                      {"emails", "emails"},
                                                      {"pictures", "pictures"},
                                                      {"events", "events"}};

void Describe(CLI::App& app, Options& options) {
  AddDriverOptions(app, options.driver);
  AddChoice(app, "--read", options.read, kReads, "how rows are read");
  AddChoice(app, "--rows", options.rows, kRows, "what rows are made into");
  AddChoice(app, "--columns", options.one_column, kColumns, "whole rows, or one column of them");
  AddChoice(app, "--dataset", options.dataset, kDatasets, "table");
  app.add_flag("--keep,!--drop", options.keep, "keep all rows until the end, or drop each at once (default)");
  app.add_flag(
      "--lookup", options.lookup,
      "also keep a dictionary of the values of the column that --columns one means, and let it outlive the "
      "rows");
  app.add_flag("--trim", options.trim, "call malloc_trim when the rows are gone");
  app.add_flag("--page-times", options.page_times, "how long the first and the last batches took, on stderr");
  app.add_option("--batch", options.batch_rows, "rows a batch, fetch or page")
      ->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--scale", options.scale, "size of the table that --prepare makes, 1 is the full one")
      ->check(CLI::Range(0.0, 1000.0));
  app.add_flag("--prepare", options.prepare, "make the table, and read nothing");
}

void CheckTogether(const Options& options) {
  CheckDriverOptions(options.driver);
  if (options.rows == RowKind::kEntities && options.one_column) {
    throw CLI::ValidationError("--rows", "entities are whole rows with a key: not with --columns one");
  }
}

}  // namespace

Parsed ParseCommandLine(int argc, char** argv) {
  Parsed parsed;
  CLI::App app("Reads a table in one of many ways. The result is one line: rows, checksum.", "dbread");
  Describe(app, parsed.options);
  try {
    app.parse(argc, argv);
    CheckTogether(parsed.options);
  } catch (const CLI::CallForHelp& help) {
    parsed.exit_code = app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "dbread: %s (see --help)\n", error.what());
    parsed.exit_code = kUsageError;
  }
  return parsed;
}

}  // namespace dbread
