// SPDX-License-Identifier: MIT
// Cursor: a prepared statement with a read-only cursor. The server keeps the result; the library fetches a
// few rows at a time and shows them one by one.
#include <vector>

#include "demo_apps/dbread/mysql/reads.h"
#include "demo_apps/dbread/mysql/session.h"

namespace dbread::mysql {
namespace {

class CursorRead : public BatchReader, private RowBatch {
 public:
  CursorRead(Session& session, const std::string& sql, std::size_t batch_rows)
      : statement_(mysql_stmt_init(session.get())) {
    if (statement_ == nullptr) ThrowError(session.get());
    unsigned long kind = CURSOR_TYPE_READ_ONLY;
    unsigned long fetched_rows = batch_rows;
    mysql_stmt_attr_set(statement_.get(), STMT_ATTR_CURSOR_TYPE, &kind);
    mysql_stmt_attr_set(statement_.get(), STMT_ATTR_PREFETCH_ROWS, &fetched_rows);
    if (mysql_stmt_prepare(statement_.get(), sql.data(), sql.size()) != 0) ThrowError(statement_.get());
    if (mysql_stmt_execute(statement_.get()) != 0) ThrowError(statement_.get());
    Bind(mysql_stmt_field_count(statement_.get()));
  }

  RowBatch* Next() override {
    int code = mysql_stmt_fetch(statement_.get());
    if (code == MYSQL_NO_DATA) return nullptr;
    if (code != 0 && code != MYSQL_DATA_TRUNCATED) ThrowError(statement_.get());
    for (unsigned i = 0; i < columns_.size(); i++) TakeColumn(i);
    return this;
  }

 private:
  // Every value as text. The first fetch only says how long each is, as nothing has room yet.
  struct BoundColumn {
    std::vector<char> text;
    unsigned long bytes = 0;
    my_bool is_null = 0;
  };

  void Bind(unsigned count) {
    columns_.resize(count);
    binds_.resize(count);
    fields_.resize(count);
    for (unsigned i = 0; i < count; i++) {
      binds_[i].buffer_type = MYSQL_TYPE_STRING;
      binds_[i].length = &columns_[i].bytes;
      binds_[i].is_null = &columns_[i].is_null;
    }
    if (mysql_stmt_bind_result(statement_.get(), binds_.data()) != 0) ThrowError(statement_.get());
  }

  void TakeColumn(unsigned index) {
    BoundColumn& column = columns_[index];
    if (column.text.size() < column.bytes) column.text.resize(column.bytes);
    if (column.is_null == 0 && column.bytes > 0) {
      MYSQL_BIND place = binds_[index];
      place.buffer = column.text.data();
      place.buffer_length = column.bytes;
      if (mysql_stmt_fetch_column(statement_.get(), &place, index, 0) != 0) ThrowError(statement_.get());
    }
    fields_[index] = {{column.text.data(), column.is_null != 0 ? 0 : column.bytes}, column.is_null != 0};
  }

  std::size_t size() const override { return 1; }
  RowView Row(std::size_t) override { return fields_; }

  StatementHandle statement_;
  std::vector<BoundColumn> columns_;
  std::vector<MYSQL_BIND> binds_;
  std::vector<Field> fields_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenCursor(Session& session, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<CursorRead>(session, sql, batch_rows);
}

}  // namespace dbread::mysql
