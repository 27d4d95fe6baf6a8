// SPDX-License-Identifier: MIT
// Eager and batched: mysql_store_result, which buffers every row in the client.
#include <algorithm>

#include "demo_apps/dbread/mysql/reads.h"
#include "demo_apps/dbread/mysql/row_fields.h"
#include "demo_apps/dbread/mysql/session.h"

namespace dbread::mysql {
namespace {

class StoredRead : public BatchReader, private RowBatch {
 public:
  StoredRead(Session& session, const std::string& sql, std::size_t batch_rows) {
    session.Execute(sql);
    result_ = session.StoreResult();
    rows_ = mysql_num_rows(result_.get());
    batch_rows_ = batch_rows == 0 ? rows_ : batch_rows;
  }

  RowBatch* Next() override {
    first_ = end_;
    if (first_ == rows_) return nullptr;
    end_ += std::min<std::size_t>(batch_rows_, rows_ - end_);
    return this;
  }

 private:
  std::size_t size() const override { return end_ - first_; }

  // The result is a list: the row at hand and the next one are near, any other is walked to.
  RowView Row(std::size_t index) override {
    std::size_t wanted = first_ + index;
    if (wanted + 1 != next_ || row_ == nullptr) {
      if (wanted != next_) mysql_data_seek(result_.get(), wanted);
      row_ = mysql_fetch_row(result_.get());
      next_ = wanted + 1;
    }
    return fields_.Show(result_.get(), row_);
  }

  ResultHandle result_;
  std::size_t rows_ = 0;
  std::size_t batch_rows_ = 0;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
  std::size_t next_ = 0;  // the row that the library gives next
  MYSQL_ROW row_ = nullptr;
  RowFields fields_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenStored(Session& session, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<StoredRead>(session, sql, batch_rows);
}

}  // namespace dbread::mysql
