// SPDX-License-Identifier: MIT
// Runs a fuzz target without libFuzzer: every file of the corpus as it is, then changed ones for a while. The
// changes are the same in every run, so a failure comes again; it is written to ./crash-input before the
// target sees it.
//
//     reader_fuzz_run tests/fuzz/corpus/reader 30        a folder, and for how many seconds
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) __attribute__((weak));

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMaxGrowth = 256;
std::mt19937_64 g_random(20261121);

std::size_t Below(std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(g_random() % limit);
}

// One change of the kinds that parsers trip over.
void Change(Input* input) {
  const std::size_t at = Below(input->size() + 1);
  switch (Below(7)) {
    case 0:  // a bit
      if (at < input->size()) (*input)[at] ^= static_cast<std::uint8_t>(1U << Below(8));
      break;
    case 1:  // a byte that means much
      if (at < input->size()) (*input)[at] = static_cast<std::uint8_t>("\x00\x01\x7f\x80\xff(:_"[Below(8)]);
      break;
    case 2:  // the end
      input->resize(at);
      break;
    case 3:  // some bytes out
      input->erase(input->begin() + static_cast<std::ptrdiff_t>(at),
                   input->begin() + static_cast<std::ptrdiff_t>(std::min(input->size(), at + 1 + Below(8))));
      break;
    case 4: {  // some bytes in
      const Input extra(1 + Below(8), static_cast<std::uint8_t>(g_random()));
      input->insert(input->begin() + static_cast<std::ptrdiff_t>(at), extra.begin(), extra.end());
      break;
    }
    case 5: {  // a piece of it once more
      const std::size_t from = Below(input->size() + 1);
      const Input piece(
          input->begin() + static_cast<std::ptrdiff_t>(from),
          input->begin() + static_cast<std::ptrdiff_t>(std::min(input->size(), from + Below(64))));
      input->insert(input->begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
      break;
    }
    default:  // a large number
      for (std::size_t i = at; i < std::min(input->size(), at + 8); ++i) (*input)[i] = 0xff;
  }
}

}  // namespace

// libFuzzer's own mutator, for targets whose custom one asks for it.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  Input input(data, data + size);
  for (std::size_t changes = 1 + Below(4); changes > 0; --changes) Change(&input);
  input.resize(std::min(input.size(), max_size));
  std::copy(input.begin(), input.end(), data);
  return input.size();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER SECONDS\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Input> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(corpus.back().data(), corpus.back().size());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "%s has no inputs\n", argv[1]);
    return 2;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[2]));
  const int kept = open("crash-input", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::uint64_t runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    Input input = corpus[Below(corpus.size())];
    const std::size_t size = input.size();
    input.resize(size + kMaxGrowth);
    const auto mutate = LLVMFuzzerCustomMutator;
    input.resize(mutate != nullptr
                     ? mutate(input.data(), size, input.size(), static_cast<unsigned>(g_random()))
                     : LLVMFuzzerMutate(input.data(), size, input.size()));
    if (pwrite(kept, input.data(), input.size(), 0) < 0 ||
        ftruncate(kept, static_cast<off_t>(input.size())) != 0)
      return 2;
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::filesystem::remove("crash-input");
  std::printf("%zu inputs and %llu changed ones\n", corpus.size(), static_cast<unsigned long long>(runs));
  return 0;
}
