// SPDX-License-Identifier: MIT
#include "tests/e2e/harness/known_answers.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace memtrace::e2e {
namespace {

constexpr char kPrefix[] = "// expect:";

// The line that each marker stands on: a source line that ends in "// @NAME".
std::map<std::string, std::uint64_t> FindMarkers(const std::vector<std::string>& lines) {
  std::map<std::string, std::uint64_t> markers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t at = lines[i].rfind("// @");
    if (at == std::string::npos || lines[i].rfind(kPrefix, 0) == 0) continue;
    const std::string name = lines[i].substr(at + 3);
    if (name.find(' ') != std::string::npos) continue;
    if (!markers.emplace(name, i + 1).second) throw std::runtime_error("marker twice: " + name);
  }
  return markers;
}

// "1048576:1"
Amount ParseAmount(const std::string& text) {
  Amount amount;
  char colon = 0;
  std::istringstream stream(text);
  if (!(stream >> amount.bytes >> colon >> amount.blocks) || colon != ':' || stream.peek() != EOF) {
    throw std::runtime_error("not BYTES:BLOCKS: " + text);
  }
  return amount;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& lines) : markers_(FindMarkers(lines)) {}

  void Parse(const std::string& words, std::size_t source_line, KnownAnswers& answers) const {
    ExpectedRow row;
    ExpectedOrder order;
    row.source_line = order.source_line = source_line;
    for (const std::string& word : Split(words, ' ')) {
      if (word == "file") continue;
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) throw std::runtime_error("no key=value: " + word);
      ParseWord(word.substr(0, equals), word.substr(equals + 1), row, order);
    }
    if (!order.metric.empty()) return answers.orders.push_back(order);
    if (row.amounts.empty()) throw std::runtime_error("expects nothing: " + words);
    answers.rows.push_back(row);
  }

 private:
  void ParseWord(const std::string& key, const std::string& value, ExpectedRow& row,
                 ExpectedOrder& order) const {
    if (key == "line") {
      row.line = LineOf(value);
    } else if (key == "function") {
      row.function = value;
    } else if (key == "thread") {
      row.thread = value;
    } else if (key == "order") {
      order.metric = value;
    } else if (key == "lines") {
      for (const std::string& name : Split(value, ',')) order.lines.push_back(LineOf(name));
    } else if (key == "peak" || key == "not-freed" || key == "total" || key == "temporary") {
      row.amounts[key] = ParseAmount(value);
    } else {
      throw std::runtime_error("unknown key: " + key);
    }
  }

  std::uint64_t LineOf(const std::string& marker) const {
    const auto found = markers_.find(marker);
    if (found == markers_.end()) throw std::runtime_error("no line ends in // " + marker);
    return found->second;
  }

  std::map<std::string, std::uint64_t> markers_;
};

}  // namespace

KnownAnswers ReadKnownAnswers(const std::filesystem::path& source) {
  std::vector<std::string> lines;
  std::ifstream file(source);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.empty()) throw std::runtime_error("cannot read " + source.string());
  const Parser parser(lines);
  KnownAnswers answers;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].rfind(kPrefix, 0) != 0) continue;
    try {
      parser.Parse(lines[i].substr(sizeof(kPrefix) - 1), i + 1, answers);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(source.string() + ":" + std::to_string(i + 1) + ": " + error.what());
    }
  }
  if (answers.rows.empty()) throw std::runtime_error(source.string() + " expects nothing");
  return answers;
}

}  // namespace memtrace::e2e
