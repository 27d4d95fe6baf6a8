// SPDX-License-Identifier: MIT
// pc → function, file, line, with inlined calls unfolded. Only this room knows ELF and DWARF.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/trace.h"

namespace memtrace::symbolize {

// One source-level frame. A machine frame gives one or more of them: inlined calls innermost first.
struct Frame {
  // Demangled; empty: unknown. With the parameters where the debug information has them; function_name.h
  // takes them off.
  std::string function;
  std::string file;  // source path as in the debug information, or as Python has it; empty: no line known
  std::uint32_t line = 0;  // where the compiler left it open (merged code): that of the function itself
  std::uint32_t column = 0;
  std::uint32_t function_line = 0;  // where the function is declared in `file`: 0 if unknown or elsewhere
  // File name of the program or library, without folders; of Python frames: the package (python_frames.h).
  // Empty: none (JIT code).
  std::string module;
  std::string module_path;
  std::uint64_t pc = 0;  // address in the process; of Python frames the number that model::Site has
  std::uint64_t module_address = 0;  // pc as an address of the module's ELF file; 0: no module
  bool is_inlined = false;           // inlined into the next frame
  bool is_guessed = false;
  bool is_truncated = false;  // stands for the callers that could not be found
  bool is_python = false;
  bool is_interpreter = false;  // CPython's own, in a trace with Python frames
  // IsAllocationPlumbing() of attribution.h, where the symbolizer has asked it already; reading a name is
  // slow.
  std::optional<bool> is_plumbing;

  bool has_line() const { return !file.empty() && line != 0; }
};

// What the name of code ends with that is in no file and that nobody could name: "0x7f0012345678 (no
// module)".
inline constexpr std::string_view kNoModuleMark = " (no module)";

struct SymbolizerOptions {
  bool inlines = true;
  // A person's own allocator wrappers, by function name as FunctionText shows it: such frames are plumbing.
  std::function<bool(const std::string&)> is_wrapper = {};
  std::vector<std::string> debug_paths;  // searched before /usr/lib/debug
  std::string sysroot;       // a copy of the recorded machine's files; searched before this machine's
  bool debuginfod = false;   // ask the servers of DEBUGINFOD_URLS for what is not found here
  std::string cache_folder;  // where look-ups that took long are kept (SymbolCache); empty: nowhere
  std::function<void(double)> progress;  // called now and then with the share of addresses looked up, 0 to 1
};

// Caches what it looked up. Not thread-safe. A module whose file is gone, or is not the one that was recorded
// (build-id), and of which no debug file is found either, gives frames with a module and no function;
// problems() then says so. The trace must outlive the symbolizer.
class Symbolizer {
 public:
  Symbolizer(const model::Trace& trace, SymbolizerOptions options = {});
  ~Symbolizer();
  Symbolizer(const Symbolizer&) = delete;
  Symbolizer& operator=(const Symbolizer&) = delete;

  // The frames of one node's own pc, innermost first; at least one. The reference stays valid.
  const std::vector<Frame>& FramesOf(model::NodeId node);

  // The whole stack of a node, innermost first. The copy costs microseconds a frame: for all stacks of a
  // trace take StackPointersOf().
  std::vector<Frame> StackOf(model::NodeId node);

  // The same without copies; the frames stay valid as long as the symbolizer.
  std::vector<const Frame*> StackPointersOf(model::NodeId node);

  // The last line of the function that a frame is in, by the debug information of its module: as far as the
  // function has code there. 0: not known; always of Python and JIT code.
  std::uint32_t LastLineOf(const Frame& frame);

  // The text that a function of the recorded program itself returns, if all it does is to return a text: see
  // returned_string.h.
  std::optional<std::string> StringReturnedBy(const std::string& function) const;

  // One line a module that could not be used, for a warning: "libfoo.so: not found", "app: changed since
  // ...".
  const std::vector<std::string>& problems() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace memtrace::symbolize
