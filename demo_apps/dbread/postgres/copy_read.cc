// SPDX-License-Identifier: MIT
// Copy: COPY (SELECT ...) TO STDOUT, a line of text for each row, fields between tabs, as the server makes it
// for dumps. No result object is built on the client's side at all.
#include <vector>

#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/session.h"

namespace dbread::postgres {
namespace {

// What stands for a character behind a backslash in COPY's text format.
char Unescaped(char c) {
  constexpr std::string_view kLetters = "bfnrtv";
  constexpr std::string_view kMeanings = "\b\f\n\r\t\v";
  std::size_t place = kLetters.find(c);
  return place == std::string_view::npos ? c : kMeanings[place];
}

class CopyRead : public BatchReader, private RowBatch {
 public:
  CopyRead(Session& session, const Query& query) : session_(session), columns_(query.columns) {
    session_.Send("COPY (" + query.Text() + ") TO STDOUT");
    ResultHandle start = session_.NextResult();
    if (PQresultStatus(start.get()) != PGRES_COPY_OUT) ThrowError(session_.get(), start.get());
    fields_.resize(columns_.size());
  }

  ~CopyRead() override { session_.DropRest(); }

  RowBatch* Next() override {
    line_ = session_.NextCopyLine();
    if (line_ == nullptr) {
      ThrowIfItFailed();
      return nullptr;
    }
    Split(line_.get());
    return this;
  }

 private:
  std::size_t size() const override { return 1; }
  RowView Row(std::size_t) override { return fields_; }

  // Takes the line apart where it stands: what is behind a backslash only gets shorter.
  void Split(char* at) {
    for (std::size_t i = 0; i < fields_.size(); i++) {
      char* begin = at;
      char* end = at;
      bool is_null = at[0] == '\\' && at[1] == 'N';
      for (; *at != '\t' && *at != '\n' && *at != '\0'; at++) *end++ = *at == '\\' ? Unescaped(*++at) : *at;
      if (*at != '\0') at++;
      Show(fields_[i], {begin, static_cast<std::size_t>(end - begin)}, columns_[i].type, is_null);
    }
  }

  static void Show(Field& field, std::string_view text, ColumnType type, bool is_null) {
    bool is_bytes = type == ColumnType::kBytes && text.starts_with("\\x");
    field.text = is_null ? std::string_view() : is_bytes ? text.substr(2) : text;
    field.is_null = is_null;
    field.is_hex = is_bytes;
  }

  void ThrowIfItFailed() {
    while (ResultHandle result = session_.NextResult()) {
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) ThrowError(session_.get(), result.get());
    }
  }

  Session& session_;
  std::vector<SelectedColumn> columns_;
  Session::CopyLine line_;
  std::vector<Field> fields_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenCopy(Session& session, const Query& query) {
  return std::make_unique<CopyRead>(session, query);
}

}  // namespace dbread::postgres
