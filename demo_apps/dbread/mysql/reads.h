// SPDX-License-Identifier: MIT
// The ways to read from MariaDB and MySQL; one file each.
#pragma once

#include <memory>
#include <string>

#include "demo_apps/dbread/row.h"

namespace dbread::mysql {

class Session;

// mysql_store_result: the whole result is in the client before the first row is seen; `batch_rows` of it at a
// time are handed out, or all at once if that is 0.
std::unique_ptr<BatchReader> OpenStored(Session& session, const std::string& sql, std::size_t batch_rows);

// mysql_use_result: each row where the library received it.
std::unique_ptr<BatchReader> OpenUsed(Session& session, const std::string& sql);

// A read-only cursor in the server, of a prepared statement; `batch_rows` are fetched at a time.
std::unique_ptr<BatchReader> OpenCursor(Session& session, const std::string& sql, std::size_t batch_rows);

}  // namespace dbread::mysql
