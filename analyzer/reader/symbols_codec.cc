// SPDX-License-Identifier: MIT
// Writes and reads symbols; every count is held against the bytes that are left before anything is allocated.
#include "analyzer/reader/symbols_codec.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <cstring>
#include <vector>

#include "analyzer/reader/stored_part.h"
#include "memtrace/varint.h"

namespace memtrace::reader {
namespace {

using format::SymbolsHeader;

constexpr int kLevel = 12;  // names compress well at once: level 19 takes ten times as long for a tenth less
constexpr std::size_t kFrameBytes = 5;  // at least, of each frame; the same for the two below
constexpr std::size_t kAddressBytes = 2;
constexpr std::size_t kSourceBytes = 3;

class Writer {
 public:
  void Put(std::uint64_t value) {
    std::uint8_t bytes[format::kMaxVarintBytes];
    text_.append(reinterpret_cast<const char*>(bytes),
                 static_cast<std::size_t>(format::PutVarint(bytes, value) - bytes));
  }
  void PutText(const std::string& text) {
    Put(text.size());
    text_ += text;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// After the first field that is not there ok() is false and all fields are 0.
class Parser {
 public:
  explicit Parser(std::span<const std::uint8_t> bytes) : in_(bytes.data()), end_(in_ + bytes.size()) {}

  bool ok() const { return in_ != nullptr; }
  bool done() const { return in_ == end_; }

  std::uint64_t Next() {
    std::uint64_t value = 0;
    if (in_ != nullptr) in_ = format::GetVarint(in_, end_, &value);
    return in_ != nullptr ? value : 0;
  }
  // A number below `limit`.
  std::uint32_t Index(std::uint64_t limit) {
    const std::uint64_t value = Next();
    if (value >= limit) in_ = nullptr;
    return in_ != nullptr ? static_cast<std::uint32_t>(value) : 0;
  }
  std::uint32_t Number() { return Index(1ULL << 32); }
  // How many items follow that take `item_bytes` at least.
  std::size_t Count(std::size_t item_bytes) {
    const std::uint64_t value = Next();
    if (in_ != nullptr && value > static_cast<std::uint64_t>(end_ - in_) / item_bytes) in_ = nullptr;
    return in_ != nullptr ? static_cast<std::size_t>(value) : 0;
  }
  std::string Text() {
    const std::size_t size = Count(1);
    if (size == 0) in_ = nullptr;  // the empty string has a number already
    if (in_ == nullptr) return {};
    std::string text(reinterpret_cast<const char*>(in_), size);
    in_ += size;
    return text;
  }

 private:
  const std::uint8_t* in_;
  const std::uint8_t* end_;
};

std::string Serialize(const model::Symbols& symbols) {
  Writer writer;
  writer.Put(symbols.strings.size() - 1);
  for (std::size_t i = 1; i < symbols.strings.size(); ++i) writer.PutText(symbols.strings[i]);
  writer.Put(symbols.modules.size());
  for (const model::ModuleSymbols& module : symbols.modules) {
    // Few, and not worth a place among the strings: a length, and the bytes.
    writer.PutText(module.path.empty() ? std::string(1, '\0') : module.path);
    writer.PutText(module.build_id.empty() ? std::string(1, '\0') : module.build_id);
    writer.Put(module.addresses.size());
    std::uint64_t last = 0;
    for (const model::AddressFrames& address : module.addresses) {
      writer.Put(address.address - last);
      last = address.address;
      writer.Put(address.count);
      for (std::uint32_t i = 0; i < address.count; ++i) {
        const model::SourceFrame& frame = symbols.frames[address.first + i];
        for (const std::uint32_t field :
             {frame.function, frame.file, frame.line, frame.column, frame.function_line})
          writer.Put(field);
      }
    }
  }
  writer.Put(symbols.sources.size());
  for (const model::SourceText& source : symbols.sources) {
    for (const std::uint32_t field : {source.file, source.line, source.text}) writer.Put(field);
  }
  return writer.Take();
}

std::string NameOf(Parser* parser) {
  std::string text = parser->Text();
  return text.size() == 1 && text[0] == '\0' ? std::string() : text;
}

void ParseModule(Parser* parser, model::Symbols* symbols) {
  const std::size_t strings = symbols->strings.size();
  model::ModuleSymbols& module = symbols->modules.emplace_back();
  module.path = NameOf(parser);
  module.build_id = NameOf(parser);
  std::uint64_t last = 0;
  for (std::size_t left = parser->Count(kAddressBytes + kFrameBytes); left > 0 && parser->ok(); --left) {
    model::AddressFrames address;
    address.address = last += parser->Next();
    address.first = static_cast<std::uint32_t>(symbols->frames.size());
    address.count = static_cast<std::uint32_t>(parser->Count(kFrameBytes));
    for (std::uint32_t i = 0; i < address.count && parser->ok(); ++i) {
      model::SourceFrame frame;
      frame.function = parser->Index(strings);
      frame.file = parser->Index(strings);
      frame.line = parser->Number();
      frame.column = parser->Number();
      frame.function_line = parser->Number();
      symbols->frames.push_back(frame);
    }
    const bool is_ascending = module.addresses.empty() || address.address > module.addresses.back().address;
    if (address.count > 0 && is_ascending && parser->ok()) module.addresses.push_back(address);
  }
}

bool Parse(std::span<const std::uint8_t> bytes, model::Symbols* symbols) {
  Parser parser(bytes);
  for (std::size_t left = parser.Count(2); left > 0 && parser.ok(); --left) {
    symbols->strings.push_back(parser.Text());
  }
  for (std::size_t left = parser.Count(5); left > 0 && parser.ok(); --left) ParseModule(&parser, symbols);
  const std::size_t strings = symbols->strings.size();
  for (std::size_t left = parser.Count(kSourceBytes); left > 0 && parser.ok(); --left) {
    model::SourceText source;
    source.file = parser.Index(strings);
    source.line = parser.Number();
    source.text = parser.Index(strings);
    symbols->sources.push_back(source);
  }
  return parser.ok() && parser.done();
}

}  // namespace

std::string EncodeSymbols(const model::Symbols& symbols) {
  const std::string raw = Serialize(symbols);
  std::string stored(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size = ZSTD_compress(stored.data(), stored.size(), raw.data(), raw.size(), kLevel);
  SymbolsHeader header{};
  header.raw_bytes = raw.size();
  header.codec = static_cast<std::uint32_t>(format::Codec::kZstd);
  // A reader does not believe in more; text that repeats itself that often is stored as it is.
  if (ZSTD_isError(size) != 0 || raw.size() / format::kMaxSymbolsRatio >= size) {
    header.codec = static_cast<std::uint32_t>(format::Codec::kRaw);
    stored = raw;
  } else {
    stored.resize(size);
  }
  header.stored_bytes = stored.size();
  header.checksum = XXH3_64bits(stored.data(), stored.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + stored;
}

const char* DecodeSymbols(std::span<const std::uint8_t> bytes, model::Symbols* symbols) {
  SymbolsHeader header{};
  if (bytes.size() < sizeof(header)) return "is too small for its header";
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes = bytes.subspan(sizeof(header));
  if (const char* error = CheckStoredPart(header, format::kMaxSymbolsRatio, &bytes)) return error;
  const bool is_raw = header.codec == static_cast<std::uint32_t>(format::Codec::kRaw);
  std::vector<std::uint8_t> raw;
  if (!is_raw) {
    raw.resize(header.raw_bytes);
    if (ZSTD_decompress(raw.data(), raw.size(), bytes.data(), bytes.size()) != raw.size())
      return "does not decompress";
    bytes = raw;
  }
  model::Symbols parsed;
  if (!Parse(bytes, &parsed)) return "cannot be understood";
  *symbols = std::move(parsed);
  return nullptr;
}

}  // namespace memtrace::reader
