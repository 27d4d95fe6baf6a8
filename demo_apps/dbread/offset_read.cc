// SPDX-License-Identifier: MIT
// Offset: pages counted from the first row.
#include "demo_apps/dbread/paged_read.h"

namespace dbread {
namespace {

class OffsetRead : public BatchReader {
 public:
  OffsetRead(Connection& connection, Query query, std::size_t page_rows)
      : connection_(connection), query_(std::move(query)), page_rows_(page_rows) {
    query_.limit = page_rows;
  }

  RowBatch* Next() override {
    page_.reset();
    page_ = connection_.Open({query_, ReadKind::kEager, page_rows_});
    query_.offset += page_rows_;
    RowBatch* rows = page_->Next();
    return rows != nullptr && rows->size() > 0 ? rows : nullptr;
  }

 private:
  Connection& connection_;
  Query query_;
  std::size_t page_rows_;
  std::unique_ptr<BatchReader> page_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenOffset(Connection& connection, const Dataset& dataset,
                                        const ReadRequest& request) {
  Query query = request.query;
  query.order_by = dataset.key;
  return std::make_unique<OffsetRead>(connection, std::move(query), request.batch_rows);
}

}  // namespace dbread
