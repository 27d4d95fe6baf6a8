// SPDX-License-Identifier: MIT
// The ways to read from SQLite; one file each.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "demo_apps/dbread/row.h"

namespace dbread::sqlite {

// Copies of all rows, before the first one is seen: what fetchall() of a language's binding does.
std::unique_ptr<BatchReader> OpenEager(sqlite3* database, const std::string& sql);

// Copies of `batch_rows` rows at a time, into the same buffer: what yield_per and fetchmany do.
std::unique_ptr<BatchReader> OpenBatched(sqlite3* database, const std::string& sql, std::size_t batch_rows);

// The row that the statement stands on, and no copy.
std::unique_ptr<BatchReader> OpenSingleRow(sqlite3* database, const std::string& sql);

// The nearest thing to a cursor in a server: an explicit read transaction, so that all fetches see the table
// as it was at the first, and each fetch a buffer of its own, gone before the next.
std::unique_ptr<BatchReader> OpenCursor(sqlite3* database, const std::string& sql, std::size_t batch_rows);

}  // namespace dbread::sqlite
