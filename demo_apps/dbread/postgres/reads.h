// SPDX-License-Identifier: MIT
// The ways to read from PostgreSQL; one file each.
#pragma once

#include <memory>
#include <string>

#include "demo_apps/dbread/query.h"
#include "demo_apps/dbread/row.h"

namespace dbread::postgres {

class Session;

// The whole result is in the client before the first row is seen; `batch_rows` of it at a time are handed
// out, or all at once if that is 0. libpq has no other way to make batches on the client's side.
std::unique_ptr<BatchReader> OpenBuffered(Session& session, const std::string& sql, std::size_t batch_rows);

// libpq's single-row mode: each row is a result of its own.
std::unique_ptr<BatchReader> OpenSingleRow(Session& session, const std::string& sql);

// A cursor in the server, in a transaction of its own.
std::unique_ptr<BatchReader> OpenCursor(Session& session, const std::string& sql, std::size_t batch_rows);

// COPY TO STDOUT: rows as lines of text, and no result in the client.
std::unique_ptr<BatchReader> OpenCopy(Session& session, const Query& query);

}  // namespace dbread::postgres
