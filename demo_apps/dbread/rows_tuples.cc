// SPDX-License-Identifier: MIT
// Rows as tuples: a list of values that know their type, a vector of variants a row.
#include <vector>

#include "demo_apps/dbread/row_sink.h"
#include "demo_apps/dbread/value.h"

namespace dbread {
namespace {

struct Tuples {
  using Row = std::vector<Value>;

  std::vector<Column> columns;

  Row Make(RowView view) const {
    Row row;
    row.reserve(view.size());
    for (std::size_t i = 0; i < view.size(); i++) row.push_back(ToValue(view[i], columns[i].type));
    return row;
  }

  static std::uint64_t Hash(const Row& row) {
    RowHash hash;
    for (const Value& value : row) AddValue(hash, value);
    return hash.value();
  }
};

}  // namespace

std::unique_ptr<RowSink> MakeTupleSink(const SinkRequest& request) {
  return std::make_unique<KeepOrDrop<Tuples>>(Tuples{request.columns}, request.keep);
}

}  // namespace dbread
