// SPDX-License-Identifier: MIT
// Python frames as the reports want them, and the interpreter's own frames that run between and below them.
//
//   a joined stack      realloc ◄ list_resize ◄ _PyEval_EvalFrameDefault ◄ Cache.load ◄ <module> ◄ Py_RunMain
//   ◄ main
//                                 └────────── interpreter ────────────┘    └─── Python ───┘     └─
//                                 interpreter ─┘
#pragma once

#include <string>
#include <string_view>

#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::symbolize {

// What a Python file belongs to, as the module of its frames.
struct PythonModule {
  std::string name;
  std::string path;
};

// An installed package or a part of the standard library by its name and folder; any other file is its own
// module:
//   /usr/lib/python3/dist-packages/sqlalchemy/orm/state.py   sqlalchemy,
//   /usr/lib/python3/dist-packages/sqlalchemy /usr/lib/python3.11/json/decoder.py                      json,
//   /usr/lib/python3.11/json <frozen importlib._bootstrap>                            importlib, importlib
//   /srv/app/main.py                                         main.py, /srv/app/main.py
PythonModule PythonModuleOf(const std::string& file);

// Whether a Python frame's file is neither an installed package's nor the standard library's.
bool IsProgramsOwn(const Frame& frame);

// An absolute path for a file that was named relative to the program's working directory. Names such as
// "<string>" stay.
std::string PythonFilePath(const std::string& file, const std::string& working_directory);

// Whether a file's text may be shown as Python's: by its name, or by a first line "#!/usr/bin/python3". Which
// files a trace names is not to be trusted.
bool IsPythonSource(const std::string& file, std::string_view text);

// Whether a native frame is CPython's: by its module (python3.11, libpython3.11.so.1.0), or, in a program
// that has the interpreter inside, by its name.
bool IsInterpreterFrame(const Frame& frame);

}  // namespace memtrace::symbolize
