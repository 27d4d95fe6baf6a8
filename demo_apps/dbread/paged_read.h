// SPDX-License-Identifier: MIT
// Paging: one eager read after the other, each of a few rows. Works on every driver, as it is SQL alone.
#pragma once

#include <memory>

#include "demo_apps/dbread/connection.h"
#include "demo_apps/dbread/dataset.h"

namespace dbread {

// ORDER BY key LIMIT n OFFSET m: the database finds and drops the m rows before each page again.
std::unique_ptr<BatchReader> OpenOffset(Connection& connection, const Dataset& dataset,
                                        const ReadRequest& request);

// WHERE key > the last one seen ORDER BY key LIMIT n: each page begins where the one before ended.
std::unique_ptr<BatchReader> OpenKeyset(Connection& connection, const Dataset& dataset,
                                        const ReadRequest& request);

// Opens any read of a dataset.
std::unique_ptr<BatchReader> OpenRead(Connection& connection, const Dataset& dataset,
                                      const ReadRequest& request);

}  // namespace dbread
