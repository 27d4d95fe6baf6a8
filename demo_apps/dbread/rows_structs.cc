// SPDX-License-Identifier: MIT
// Rows as objects of a class made for their table.
#include "demo_apps/dbread/models/bounced_email.h"
#include "demo_apps/dbread/models/employee.h"
#include "demo_apps/dbread/models/event.h"
#include "demo_apps/dbread/models/picture.h"
#include "demo_apps/dbread/models/record.h"
#include "demo_apps/dbread/row_sink.h"

namespace dbread {
namespace {

// What a narrow read gives: the one column that is wanted.
struct SingleText {
  std::string text;
};

struct SingleTexts {
  using Row = SingleText;

  static SingleText Make(RowView row) {
    SingleText single;
    single.text = row[0].text;
    return single;
  }

  static std::uint64_t Hash(const SingleText& single) {
    RowHash hash;
    hash.Add(single.text);
    return hash.value();
  }
};

template <typename Kind>
std::unique_ptr<RowSink> SinkOf(const SinkRequest& request) {
  return std::make_unique<KeepOrDrop<Kind>>(Kind(), request.keep);
}

}  // namespace

std::unique_ptr<RowSink> MakeStructSink(const SinkRequest& request) {
  if (request.one_column) return SinkOf<SingleTexts>(request);
  if (request.dataset == "records") return SinkOf<Records>(request);
  if (request.dataset == "emails") return SinkOf<BouncedEmails>(request);
  if (request.dataset == "pictures") return SinkOf<Pictures>(request);
  if (request.dataset == "events") return SinkOf<Events>(request);
  return SinkOf<Employees>(request);
}

}  // namespace dbread
