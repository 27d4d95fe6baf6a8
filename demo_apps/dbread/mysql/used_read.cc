// SPDX-License-Identifier: MIT
// Single-row: mysql_use_result, which hands each row over as it arrives.
#include "demo_apps/dbread/mysql/reads.h"
#include "demo_apps/dbread/mysql/row_fields.h"
#include "demo_apps/dbread/mysql/session.h"

namespace dbread::mysql {
namespace {

class UsedRead : public BatchReader, private RowBatch {
 public:
  UsedRead(Session& session, const std::string& sql) : session_(session) {
    session_.Execute(sql);
    result_ = session_.UseResult();
  }

  // Freeing the result takes what is left of it from the connection.
  RowBatch* Next() override {
    row_ = session_.NextRow(result_.get());
    return row_ != nullptr ? this : nullptr;
  }

 private:
  std::size_t size() const override { return 1; }
  RowView Row(std::size_t) override { return fields_.Show(result_.get(), row_); }

  Session& session_;
  ResultHandle result_;
  MYSQL_ROW row_ = nullptr;
  RowFields fields_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenUsed(Session& session, const std::string& sql) {
  return std::make_unique<UsedRead>(session, sql);
}

}  // namespace dbread::mysql
