// SPDX-License-Identifier: MIT
// E-mails that came back: 400,000 were sent to 100,000 addresses and every second one bounced. Read are whole
// records of both tables, about half a kilobyte of text each.
#include "demo_apps/dbread/dataset.h"

namespace dbread {
namespace {

constexpr std::size_t kAddresses = 100'000;

Dataset Describe() {
  return {.name = "emails",
          .columns = {{"send_id", ColumnType::kInteger},
                      {"campaign", ColumnType::kText},
                      {"sent_on", ColumnType::kDate},
                      {"subject", ColumnType::kText},
                      {"message_id", ColumnType::kText},
                      {"diagnostic", ColumnType::kText},
                      {"address_id", ColumnType::kInteger},
                      {"address", ColumnType::kText},
                      {"full_name", ColumnType::kText},
                      {"street", ColumnType::kText},
                      {"city", ColumnType::kText},
                      {"added_on", ColumnType::kDate}},
          .from = "send_history JOIN email_address ON address_id = sent_to",
          .where = "bounce = 1",
          .key = "send_id",
          .one_column = "address"};
}

std::string FullName() {
  return PickWord({"Adele", "Bjarne", "Charles", "Dorothy", "Evelyn", "Fran", "George", "Hal", "Ida"}, "i") +
         " || ' ' || " +
         PickWord(
             {"Boole", "Cerf", "Diffie", "Estrin", "Feinler", "Gosling", "Hopper", "Kay", "Liskov", "Moore"},
             Quotient("i", 9));
}

std::vector<Table> Tables(const Dialect& dialect) {
  // Only addresses that are there at every scale: there are four e-mails for each.
  std::string sent_to = "1 + " + Quotient("i - 1", 4);
  std::string diagnostic =
      "'smtp; 550 5.1.1 recipient unknown in queue ' || i || '; ' || " +
      dialect.Repeat("'the remote server answered that it does not know this mailbox; '", "1 + i % 6");
  return {
      {.name = "email_address",
       .full_rows = kAddresses,
       .columns = {{"address_id", ColumnType::kInteger, "i"},
                   {"address", ColumnType::kText, "'customer.number.' || i || '@mail.example.com'"},
                   {"full_name", ColumnType::kText, FullName()},
                   {"street", ColumnType::kText, "'Long Street of the Example Town ' || (i % 400)"},
                   {"city", ColumnType::kText, PickWord({"Basel", "Cork", "Delft", "Essen", "Faro"}, "i")},
                   {"added_on", ColumnType::kDate, "(i % 3000)"}},
       .key = "address_id"},
      {.name = "send_history",
       .full_rows = 4 * kAddresses,
       .columns = {{"send_id", ColumnType::kInteger, "i"},
                   {"sent_to", ColumnType::kInteger, sent_to},
                   {"bounce", ColumnType::kInteger, "i % 2"},
                   {"campaign", ColumnType::kText,
                    PickWord({"spring", "summer", "autumn", "winter"}, "i") + " || ' offers'"},
                   {"sent_on", ColumnType::kDate, "3000 + (i % 3000)"},
                   {"subject", ColumnType::kText, "'Our offers for you, edition ' || (i % 5000)"},
                   {"message_id", ColumnType::kText, "'<' || (i % 500000 * 4001) || '.offers@example.com>'"},
                   {"diagnostic", ColumnType::kText, diagnostic}},
       .key = "send_id"}};
}

}  // namespace

const DatasetSource kEmails = {Describe, Tables};

}  // namespace dbread
