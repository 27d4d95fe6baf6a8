// SPDX-License-Identifier: MIT
// Rows as a SQL layer without ORM gives them: a row object of its own for each, whose values are found by
// their column's name, through one table of names that all rows share.
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "demo_apps/dbread/row_sink.h"
#include "demo_apps/dbread/value.h"

namespace dbread {
namespace {

struct ColumnNames {
  std::vector<Column> columns;
  std::unordered_map<std::string, std::size_t> places;
};

class NamedRow {
 public:
  NamedRow(std::shared_ptr<const ColumnNames> names, RowView view) : names_(std::move(names)) {
    values_.reserve(view.size());
    for (std::size_t i = 0; i < view.size(); i++)
      values_.push_back(ToValue(view[i], names_->columns[i].type));
  }

  const Value& operator[](const std::string& name) const { return values_[names_->places.at(name)]; }

 private:
  std::shared_ptr<const ColumnNames> names_;
  std::vector<Value> values_;
};

struct NamedRows {
  using Row = std::shared_ptr<NamedRow>;

  std::shared_ptr<const ColumnNames> names;

  explicit NamedRows(const std::vector<Column>& columns) {
    auto made = std::make_shared<ColumnNames>();
    made->columns = columns;
    for (std::size_t i = 0; i < columns.size(); i++) made->places.emplace(columns[i].name, i);
    names = std::move(made);
  }

  Row Make(RowView view) const { return std::make_shared<NamedRow>(names, view); }

  std::uint64_t Hash(const Row& row) const {
    RowHash hash;
    for (const Column& column : names->columns) AddValue(hash, (*row)[column.name]);
    return hash.value();
  }
};

}  // namespace

std::unique_ptr<RowSink> MakeNamedSink(const SinkRequest& request) {
  return std::make_unique<KeepOrDrop<NamedRows>>(NamedRows(request.columns), request.keep);
}

}  // namespace dbread
