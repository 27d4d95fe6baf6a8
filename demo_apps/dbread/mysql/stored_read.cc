// SPDX-License-Identifier: MIT
// Eager and batched: mysql_store_result, which buffers every row in the client.
#include <algorithm>
#include <vector>

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
    places_.clear();  // the result is a list: going to a row by its number would walk there each time
    for (std::size_t i = first_; i < end_; i++) {
      places_.push_back(mysql_row_tell(result_.get()));
      mysql_fetch_row(result_.get());
    }
    after_ = mysql_row_tell(result_.get());
    return this;
  }

 private:
  std::size_t size() const override { return end_ - first_; }

  RowView Row(std::size_t index) override {
    mysql_row_seek(result_.get(), places_[index]);
    MYSQL_ROW row = mysql_fetch_row(result_.get());
    RowView view = fields_.Show(result_.get(), row);
    mysql_row_seek(result_.get(), after_);
    return view;
  }

  ResultHandle result_;
  std::size_t rows_ = 0;
  std::size_t batch_rows_ = 0;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
  std::vector<MYSQL_ROW_OFFSET> places_;
  MYSQL_ROW_OFFSET after_ = nullptr;
  RowFields fields_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenStored(Session& session, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<StoredRead>(session, sql, batch_rows);
}

}  // namespace dbread::mysql
