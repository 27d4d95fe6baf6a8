// SPDX-License-Identifier: MIT
// Formatting and parsing of sizes; the rounding is printf's, so it agrees with Python's % operator.
#include "analyzer/util/size_format.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "analyzer/util/size_units.h"

namespace memtrace {
namespace {

using UnitNames = std::array<const char*, 5>;
constexpr UnitNames kBinaryNames = {"B", "KiB", "MiB", "GiB", "TiB"};
constexpr UnitNames kDecimalNames = {"B", "kB", "MB", "GB", "TB"};

SizeUnits size_units = SizeUnits::kBinary;

std::string Print(const char* pattern, double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value, unit);
  return text;
}

std::string FormatWithPatterns(double value, const char* one_decimal, const char* whole) {
  const bool is_binary = size_units == SizeUnits::kBinary;
  const UnitNames& names = is_binary ? kBinaryNames : kDecimalNames;
  const double step = is_binary ? 1024 : 1000;
  for (std::size_t unit = 0; unit + 1 < names.size(); ++unit) {
    if (unit > 0 && std::abs(value) < 100) return Print(one_decimal, value, names[unit]);
    if (std::abs(value) < 10 * step) return Print(whole, value, names[unit]);
    value /= step;
  }
  return Print(std::abs(value) < 100 ? one_decimal : whole, value, names.back());
}

// All of its digits. What is no whole number, such as an average, is rounded.
std::string FormatBytes(double value) {
  return FormatGrouped(static_cast<std::uint64_t>(std::llround(std::abs(value)))) + " B";
}

// Number of times 1024 that a unit stands for, or -1.
int UnitPower(std::string_view unit) {
  if (unit.empty() || unit == "b") return 0;
  constexpr std::string_view kLetters = "kmgt";
  const std::size_t power = kLetters.find(unit[0]);
  const std::string_view rest = unit.substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return -1;
  return static_cast<int>(power) + 1;
}

}  // namespace

void SetSizeUnits(SizeUnits units) {
  size_units = units;
}

SizeUnits CurrentSizeUnits() {
  return size_units;
}

std::string FormatSize(double bytes) {
  if (size_units == SizeUnits::kBytes) return (bytes < 0 ? "-" : "") + FormatBytes(bytes);
  return FormatWithPatterns(bytes, "%.1f %s", "%.0f %s");
}

std::string FormatSizeChange(double bytes) {
  if (size_units == SizeUnits::kBytes) return (bytes < 0 ? "-" : "+") + FormatBytes(bytes);
  return FormatWithPatterns(bytes, "%+.1f %s", "%+.0f %s");
}

std::string FormatGrouped(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string FormatShare(double part, double whole) {
  return fmt::format("{:.1f}%", whole == 0 ? 0.0 : 100.0 * part / whole);
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  const Error wrong{
      ErrorCode::kUsage,
      fmt::format("\"{}\" is no size; write a number of bytes or, for example, 64KiB or 1.5MiB", text)};
  std::string lower;
  for (const char c : text) {
    if (c != ' ') lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  double number = 0;
  const auto [end, failure] =
      std::from_chars(lower.data(), lower.data() + lower.size(), number, std::chars_format::fixed);
  const int power =
      UnitPower(std::string_view(end, static_cast<std::size_t>(lower.data() + lower.size() - end)));
  if (failure != std::errc{} || power < 0 || !(number >= 0)) return wrong;
  const double bytes = std::ldexp(number, 10 * power);
  if (!(bytes < std::ldexp(1.0, 63))) return wrong;
  return static_cast<std::uint64_t>(std::llround(bytes));
}

}  // namespace memtrace
