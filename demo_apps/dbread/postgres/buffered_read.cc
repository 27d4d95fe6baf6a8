// SPDX-License-Identifier: MIT
// Eager and batched: every row is buffered in the client, by PQexec or by its asynchronous equivalent.
#include <algorithm>

#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/result.h"
#include "demo_apps/dbread/postgres/session.h"

namespace dbread::postgres {
namespace {

class BufferedRead : public BatchReader {
 public:
  BufferedRead(Session& session, const std::string& sql, std::size_t batch_rows) {
    result_ = session.Run(sql);
    rows_ = PQntuples(result_.get());
    constexpr std::size_t kMostRows = 1 << 30;
    batch_rows_ = batch_rows == 0 ? rows_ : static_cast<int>(std::min(batch_rows, kMostRows));
  }

  RowBatch* Next() override {
    if (next_row_ == rows_) return nullptr;
    int end = next_row_ + std::min(batch_rows_, rows_ - next_row_);
    batch_.Show(result_.get(), next_row_, end);
    next_row_ = end;
    return &batch_;
  }

 private:
  ResultHandle result_;
  ResultBatch batch_;
  int rows_ = 0;
  int batch_rows_ = 0;
  int next_row_ = 0;
};

}  // namespace

std::unique_ptr<BatchReader> OpenBuffered(Session& session, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<BufferedRead>(session, sql, batch_rows);
}

}  // namespace dbread::postgres
