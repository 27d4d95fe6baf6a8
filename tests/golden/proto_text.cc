// SPDX-License-Identifier: MIT
// The wire format of protocol buffers, and which fields of a Profile hold what.
#include "tests/golden/proto_text.h"

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace memtrace::testing {
namespace {

// The type that a length-delimited field has; the rest is texts.
enum class Type {
  kText,
  kNumbers,
  kProfile,
  kValueType,
  kSample,
  kLabel,
  kMapping,
  kLocation,
  kLine,
  kFunction
};

Type TypeOf(Type parent, std::uint64_t field) {
  switch (parent) {
    case Type::kProfile:
      if (field == 1 || field == 11) return Type::kValueType;
      if (field == 2) return Type::kSample;
      if (field == 3) return Type::kMapping;
      if (field == 4) return Type::kLocation;
      if (field == 5) return Type::kFunction;
      return field == 6 ? Type::kText : Type::kNumbers;
    case Type::kSample:
      return field == 3 ? Type::kLabel : Type::kNumbers;
    case Type::kLocation:
      return Type::kLine;
    default:
      return Type::kText;
  }
}

class Printer {
 public:
  void Print(std::string_view in, Type type, const std::string& indentation) {
    while (!in.empty()) {
      const std::optional<std::uint64_t> tag = Number(&in);
      if (!tag) return Fail();
      text_ += indentation + std::to_string(*tag >> 3);
      if ((*tag & 7) == 0) {
        const auto value = Number(&in);
        if (!value) return Fail();
        text_ += ": " + std::to_string(*value) + "\n";
      } else if ((*tag & 7) == 2) {
        const auto size = Number(&in);
        if (!size || *size > in.size()) return Fail();
        PrintBytes(in.substr(0, *size), TypeOf(type, *tag >> 3), indentation);
        in.remove_prefix(*size);
      } else {
        return Fail();
      }
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  void PrintBytes(std::string_view in, Type type, const std::string& indentation) {
    if (type == Type::kText) {
      text_ += ": \"" + std::string(in) + "\"\n";
    } else if (type == Type::kNumbers) {
      text_ += ":";
      while (!in.empty()) {
        const auto value = Number(&in);
        if (!value) return Fail();
        text_ += " " + std::to_string(*value);
      }
      text_ += "\n";
    } else {
      text_ += "\n";
      Print(in, type, indentation + "  ");
    }
  }

  static std::optional<std::uint64_t> Number(std::string_view* in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !in->empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(in->front());
      in->remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  void Fail() { text_ += "\n! no protocol buffer from here on\n"; }

  std::string text_;
};

}  // namespace

std::string Unzipped(const std::string& bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return "! zlib cannot begin\n";
  std::string text, room(1 << 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(room, 0, room.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END ? text : "! no whole gzip file\n";
}

std::string PprofAsText(const std::string& bytes) {
  Printer printer;
  printer.Print(Unzipped(bytes), Type::kProfile, "");
  return printer.Take();
}

}  // namespace memtrace::testing
