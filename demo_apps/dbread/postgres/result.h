// SPDX-License-Identifier: MIT
// libpq's objects with owners, and its errors as exceptions.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "demo_apps/dbread/row.h"

namespace dbread::postgres {

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using ConnectionHandle = std::unique_ptr<PGconn, CloseConnection>;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

// Throws what the connection or the result complains about.
[[noreturn]] void ThrowError(PGconn* connection, const PGresult* result);

// A result as a batch of rows.
class ResultBatch : public RowBatch {
 public:
  // The rows [first, last) of the result, which the caller keeps.
  void Show(const PGresult* result, int first, int last);

  std::size_t size() const override { return static_cast<std::size_t>(last_ - first_); }
  RowView Row(std::size_t index) override;

 private:
  static constexpr std::size_t kMaxColumns = 32;

  const PGresult* result_ = nullptr;
  int first_ = 0;
  int last_ = 0;
  Field fields_[kMaxColumns];
};

}  // namespace dbread::postgres
