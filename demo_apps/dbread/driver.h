// SPDX-License-Identifier: MIT
// Choosing a driver, and the command-line options for that, which dbread and pollservice share.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>

#include "demo_apps/dbread/connection.h"

namespace dbread {

enum class Driver { kPostgres, kSqlite, kMysql };

struct DriverOptions {
  Driver driver = Driver::kSqlite;
  std::string database;
  bool async = false;
};

// --driver, --db and --async.
void AddDriverOptions(CLI::App& app, DriverOptions& options);

// Throws CLI::ValidationError for what cannot be together.
void CheckDriverOptions(const DriverOptions& options);

std::unique_ptr<Connection> Connect(const DriverOptions& options, bool create);

// One choice out of `values`, which must outlive the parsing.
template <typename T>
void AddChoice(CLI::App& app, const std::string& name, T& target, const std::map<std::string, T>& values,
               const std::string& help) {
  std::string names;
  for (const auto& [value, meaning] : values) names += (names.empty() ? "" : ", ") + value;
  auto take = [name, &target, &values, names](const std::string& text) {
    auto found = values.find(text);
    if (found == values.end()) {
      throw CLI::ValidationError(name, "\"" + text + "\" is unknown; there are " + names);
    }
    target = found->second;
  };
  app.add_option_function<std::string>(name, take, help + ": " + names);
}

}  // namespace dbread
