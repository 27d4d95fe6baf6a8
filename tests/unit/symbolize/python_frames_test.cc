// SPDX-License-Identifier: MIT
// Packages, paths and the interpreter's own frames.
#include "analyzer/symbolize/python_frames.h"

#include <gtest/gtest.h>

namespace memtrace::symbolize {
namespace {

std::string ModuleName(const std::string& file) {
  return PythonModuleOf(file).name;
}

TEST(PythonModuleTest, OfInstalledPackagesIsTheirName) {
  EXPECT_EQ(ModuleName("/usr/lib/python3/dist-packages/sqlalchemy/orm/state.py"), "sqlalchemy");
  EXPECT_EQ(PythonModuleOf("/usr/lib/python3/dist-packages/sqlalchemy/orm/state.py").path,
            "/usr/lib/python3/dist-packages/sqlalchemy");
  EXPECT_EQ(ModuleName("/srv/venv/lib/python3.12/site-packages/psycopg/rows.py"), "psycopg");
  EXPECT_EQ(ModuleName("/usr/lib/python3/dist-packages/six.py"), "six");
  // One environment inside another: the inner one counts.
  EXPECT_EQ(ModuleName("/a/site-packages/tool/venv/lib/python3.9/site-packages/yaml/main.py"), "yaml");
}

TEST(PythonModuleTest, OfTheStandardLibraryIsItsPart) {
  EXPECT_EQ(ModuleName("/usr/lib/python3.11/json/decoder.py"), "json");
  EXPECT_EQ(ModuleName("/root/.pyenv/versions/3.8.18/lib/python3.8/typing.py"), "typing");
  EXPECT_EQ(ModuleName("/usr/lib64/python3.13/asyncio/events.py"), "asyncio");
  EXPECT_EQ(ModuleName("<frozen importlib._bootstrap_external>"), "importlib");
  EXPECT_EQ(ModuleName("<frozen zipimport>"), "zipimport");
}

TEST(PythonModuleTest, OfAnythingElseIsTheFile) {
  EXPECT_EQ(ModuleName("/srv/app/main.py"), "main.py");
  EXPECT_EQ(PythonModuleOf("/srv/app/main.py").path, "/srv/app/main.py");
  EXPECT_EQ(ModuleName("<string>"), "<string>");
  EXPECT_EQ(ModuleName("/home/me/lib/python_tools/run.py"), "run.py");
  EXPECT_EQ(ModuleName("/x/site-packages/"), "");
  EXPECT_EQ(ModuleName(""), "");
}

TEST(PythonModuleTest, TheProgramsOwnFilesAreNoPackages) {
  const auto is_own = [](const std::string& file) {
    Frame frame;
    frame.is_python = true;
    frame.file = file;
    return IsProgramsOwn(frame);
  };
  EXPECT_TRUE(is_own("/srv/app/main.py"));
  EXPECT_FALSE(is_own("/usr/lib/python3.11/tracemalloc.py"));
  EXPECT_FALSE(is_own("/usr/lib/python3/dist-packages/six.py"));
  EXPECT_FALSE(is_own("<string>"));
}

TEST(PythonPathTest, RelativeFilesAreBelowTheWorkingDirectory) {
  EXPECT_EQ(PythonFilePath("./app.py", "/srv"), "/srv/app.py");
  EXPECT_EQ(PythonFilePath("../lib/app.py", "/srv/x"), "/srv/lib/app.py");
  EXPECT_EQ(PythonFilePath("/srv/app.py", "/tmp"), "/srv/app.py");
  EXPECT_EQ(PythonFilePath("<string>", "/tmp"), "<string>");
  EXPECT_EQ(PythonFilePath("app.py", ""), "app.py");
}

TEST(PythonSourceTest, IsKnownByNameOrFirstLine) {
  EXPECT_TRUE(IsPythonSource("/srv/app.py", ""));
  EXPECT_TRUE(IsPythonSource("/usr/bin/reportbug", "#!/usr/bin/python3\nimport os\n"));
  EXPECT_TRUE(IsPythonSource("/srv/run", "#!/usr/bin/env python\n"));
  EXPECT_FALSE(IsPythonSource("/etc/shadow", "root:x:\n#!/usr/bin/python3\n"));
  EXPECT_FALSE(IsPythonSource("/etc/passwd.pyc", ""));
}

bool IsInterpreter(const std::string& function, const std::string& module) {
  Frame frame;
  frame.function = function;
  frame.module = module;
  return IsInterpreterFrame(frame);
}

TEST(InterpreterFrameTest, IsKnownByModuleOrName) {
  EXPECT_TRUE(IsInterpreter("", "python3.11"));
  EXPECT_TRUE(IsInterpreter("list_resize", "libpython3.12.so.1.0"));
  EXPECT_TRUE(IsInterpreter("main", "python3"));
  EXPECT_TRUE(IsInterpreter("", "python"));
  EXPECT_TRUE(IsInterpreter("", "python3.11-dbg"));
  EXPECT_TRUE(IsInterpreter("_PyEval_EvalFrameDefault", "uwsgi"));
  EXPECT_FALSE(IsInterpreter("PyInit_fast", "fast.cpython-311-x86_64-linux-gnu.so"));
  EXPECT_FALSE(IsInterpreter("__pyx_pw_4fast_1grow", "fast.cpython-311-x86_64-linux-gnu.so"));
  EXPECT_FALSE(IsInterpreter("PQgetResult", "libpq.so.5.15"));
  EXPECT_FALSE(IsInterpreter("run", "pythonic"));
  Frame python;
  python.is_python = true;
  python.module = "python";
  EXPECT_FALSE(IsInterpreterFrame(python));
}

}  // namespace
}  // namespace memtrace::symbolize
