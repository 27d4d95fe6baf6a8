// SPDX-License-Identifier: MIT
// Rows as checked model objects: each value is given by name, checked against what the model's field
// declares, and kept with the set of the fields that were given.
//
//   by argument     names and texts in a dictionary ──checks──► Model
//   from existing   a row with its values ──────────checks──► Model, and the row stays beside it
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "demo_apps/dbread/row_sink.h"
#include "demo_apps/dbread/value.h"

namespace dbread {
namespace {

// What a model declares of one of its fields.
struct ModelField {
  std::string name;
  ColumnType type = ColumnType::kText;
  std::function<void(const std::string& name, const Value& value)> check;
};

class Model {
 public:
  void Set(const ModelField& field, Value value) {
    field.check(field.name, value);
    given_.insert(field.name);
    values_.emplace(field.name, std::move(value));
  }
  const Value& Get(const std::string& name) const { return values_.at(name); }

 private:
  std::unordered_map<std::string, Value> values_;
  std::set<std::string> given_;
};

[[noreturn]] void Refuse(const std::string& name, const char* reason) {
  throw DatabaseError("a row does not fit its model: " + name + " " + reason);
}

void CheckNumber(const std::string& name, const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) Refuse(name, "is no number");
  if (*number < 0 || *number > 2'147'483'647) Refuse(name, "is out of its range");
}

void CheckText(const std::string& name, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) Refuse(name, "is no text");
  if (text->empty() || text->size() > 1'000'000) Refuse(name, "is empty or too long");
}

void CheckDate(const std::string& name, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->size() != 10 || (*text)[4] != '-' || (*text)[7] != '-')
    Refuse(name, "is no date");
  if (ToNumber<int>(std::string_view(*text).substr(5, 2)) > 12) Refuse(name, "has no such month");
}

void CheckKey(const std::string& name, const Value& value) {
  CheckText(name, value);
  const std::string& text = std::get<std::string>(value);
  if (text.find_first_not_of("0123456789abcdef") != std::string::npos) Refuse(name, "is not hexadecimal");
}

ModelField Declare(const Column& column) {
  switch (column.type) {
    case ColumnType::kInteger:
      return {column.name, column.type, CheckNumber};
    case ColumnType::kDate:
      return {column.name, column.type, CheckDate};
    case ColumnType::kKeyText:
      return {column.name, column.type, CheckKey};
    case ColumnType::kText:
    case ColumnType::kBytes:
      break;
  }
  return {column.name, column.type, CheckText};
}

struct Models {
  struct Row {
    std::unique_ptr<Model> model;
    std::vector<Value> existing;  // what it was made from, if that stays
  };

  std::vector<ModelField> fields;
  bool from_existing = false;

  Row Make(RowView view) const { return from_existing ? FromExisting(view) : ByArguments(view); }

  Row ByArguments(RowView view) const {
    std::map<std::string, Field> arguments;
    for (std::size_t i = 0; i < fields.size(); i++) arguments.emplace(fields[i].name, view[i]);
    Row row{std::make_unique<Model>(), {}};
    for (const ModelField& field : fields)
      row.model->Set(field, ToValue(arguments.at(field.name), field.type));
    return row;
  }

  Row FromExisting(RowView view) const {
    Row row{std::make_unique<Model>(), {}};
    row.existing.reserve(fields.size());
    for (std::size_t i = 0; i < fields.size(); i++) {
      row.existing.push_back(ToValue(view[i], fields[i].type));
      row.model->Set(fields[i], row.existing.back());
    }
    return row;
  }

  std::uint64_t Hash(const Row& row) const {
    RowHash hash;
    for (const ModelField& field : fields) AddValue(hash, row.model->Get(field.name));
    return hash.value();
  }
};

std::unique_ptr<RowSink> MakeSink(const SinkRequest& request, bool from_existing) {
  Models models;
  for (const Column& column : request.columns) models.fields.push_back(Declare(column));
  models.from_existing = from_existing;
  return std::make_unique<KeepOrDrop<Models>>(std::move(models), request.keep);
}

}  // namespace

std::unique_ptr<RowSink> MakeValidatedSink(const SinkRequest& request) {
  return MakeSink(request, false);
}

std::unique_ptr<RowSink> MakeValidatedExistingSink(const SinkRequest& request) {
  return MakeSink(request, true);
}

}  // namespace dbread
