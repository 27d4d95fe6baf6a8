// SPDX-License-Identifier: MIT
// Keyset: pages that begin behind the last key seen. The key is read with every row, as its last field, and
// shown to nobody.
#include <string>

#include "demo_apps/dbread/paged_read.h"

namespace dbread {
namespace {

// A literal of the key's type. Keys are numbers or hexadecimal digits; a quote in one would be doubled.
std::string Literal(std::string_view text, ColumnType type) {
  if (type == ColumnType::kInteger) return std::string(text);
  std::string literal = "'";
  for (char c : text) literal += c == '\'' ? "''" : std::string(1, c);
  return literal + "'";
}

class KeysetRead : public BatchReader, private RowBatch {
 public:
  KeysetRead(Connection& connection, Query query, const Column& key, std::size_t page_rows)
      : connection_(connection), query_(std::move(query)), key_(key), page_rows_(page_rows) {
    query_.columns.push_back({key.name, key.type});
    query_.order_by = key.name;
    query_.limit = page_rows;
  }

  RowBatch* Next() override {
    if (rows_ != nullptr && rows_->size() < page_rows_) return nullptr;  // the page before was the last one
    Query query = query_;
    if (rows_ != nullptr) query.AddCondition(key_.name + " > " + LastKey());
    rows_ = nullptr;
    page_.reset();
    page_ = connection_.Open({query, ReadKind::kEager, page_rows_});
    rows_ = page_->Next();
    return rows_ != nullptr && rows_->size() > 0 ? this : nullptr;
  }

 private:
  std::string LastKey() { return Literal(rows_->Row(rows_->size() - 1).back().text, key_.type); }

  std::size_t size() const override { return rows_->size(); }
  RowView Row(std::size_t index) override {
    RowView row = rows_->Row(index);
    return row.first(row.size() - 1);
  }

  Connection& connection_;
  Query query_;
  Column key_;
  std::size_t page_rows_;
  std::unique_ptr<BatchReader> page_;
  RowBatch* rows_ = nullptr;  // of page_
};

}  // namespace

std::unique_ptr<BatchReader> OpenKeyset(Connection& connection, const Dataset& dataset,
                                        const ReadRequest& request) {
  return std::make_unique<KeysetRead>(connection, request.query, dataset.KeyColumn(), request.batch_rows);
}

}  // namespace dbread
