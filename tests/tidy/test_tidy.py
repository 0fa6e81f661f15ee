"""Tests of the checker: each rule finds trees that break it and passes trees that do not."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

import rules_docs  # noqa: E402
import scan        # noqa: E402
import tidy        # noqa: E402,F401  registers the rules
from tree import RULES, Tree  # noqa: E402

ROOMS = """# rooms
0 base : : fmt/
1 chat : base :
2 key  : base chat : boost/json sqlite3.h
2 wire : base chat :
3 net  : base : boost/asio
4 api  : base net :
"""
MARK = "TO" + "DO"


def cc(body, path="src/key/a.cc"):
    return {path: body + "\n"}


def header(body, path="src/key/a.h"):
    return {path: "#pragma once\n" + body + "\n"}


def function_of(lines):
    return "int f() {\n" + "  g();\n" * (lines - 2) + "}"


def interface_of(functions):
    return "class A {\n" + "".join(f"  virtual int f{i}(int x = {{}}) const = 0;\n"
                                   for i in range(functions)) + "};"


TABLE = (f"{rules_docs.BEGIN}\n| row | room | may include | outside headers |\n|---|---|---|---|\n"
         f"| 0 | base | - | `fmt/` |\n| 1 | chat | base | - |\n{rules_docs.END}\n")
TWO_ROOMS = "0 base : : fmt/\n1 chat : base :\n"

# rule: [trees that break it], [trees that do not]
CASES = {
    "rooms-list": (
        [{"src/ROOMS": "0 base : nothing :\n"},
         {"src/ROOMS": "0 base : :\n1 a : b :\n1 b : base :\n"},
         {"src/ROOMS": "0 base : chat :\n1 chat : base :\n"}],
        [{}]),
    "room-unknown": ([cc("", "src/extra/a.cc")], [cc("")]),
    "layer": (
        [cc('#include "api/a.h"'), cc('#include "wire/a.h"'), cc("#include <base/a.h>"),
         cc('#include "base/a.h"\n#include "net/x.h"', "src/wire/a.cc"), cc('#include "other.h"'),
         cc('#include "../base/a.h"'), cc('#include "tests/support/a.h"')],
        [cc('#include "base/a.h"\n#include "key/b.h"\n#include <vector>'),
         cc('// #include "api/a.h"\n/*\n#include "wire/a.h"\n*/'),
         cc('const char* x = R"(\n#include "api/a.h"\n)";'), cc("#include <net/if.h>"),
         cc('#include "tests/support/a.h"', "src/key/a_test.cc"),
         cc('#include "api/a.h"', "tests/property/a.cc")]),
    "outside-header": (
        [cc("#include <fmt/format.h>"), cc("#include <boost/asio.hpp>"), cc("#include <yaml.h>"),
         cc("#include <sqlite3.h>", "src/net/a.cc"), cc("#include <gtest/gtest.h>"),
         cc('#include "sqlite3.h"', "src/net/a.cc"), cc("#include <nlohmann/json.hpp>")],
        [cc("#include <boost/json.hpp>\n#include <sqlite3.h>\n#include <unistd.h>\n"
            "#include <sys/stat.h>\n#include <string>\n#include <cstdint>"),
         cc("#include <gtest/gtest.h>\n#include <rapidcheck/gtest.h>", "src/key/a_test.cc"),
         cc("#include <anything/at.h>", "bench/micro/a.cc")]),
    "include-cycle": (
        [{**header('#include "key/b.h"'), **header('#include "key/a.h"', "src/key/b.h")},
         header('#include "key/a.h"')],
        [{**header('#include "key/b.h"\n#include "key/c.h"'),
          **header('#include "key/c.h"', "src/key/b.h"), **header("", "src/key/c.h")}]),
    "pragma-once": ([{"src/key/a.h": "// #pragma once\n"}], [header("")]),
    "using-namespace": ([header("using namespace std;")],
                        [header("using std::string;  // not using namespace std;"),
                         cc("using namespace std;")]),
    "file-length": ([cc("\n" * 600)], [cc("\n" * 599)]),
    "function-length": (
        [cc(function_of(71)),
         cc("namespace a::b {\nclass C {\n public:\n  " + function_of(71) + "\n};\n}"),
         cc("TEST(A, B) {" + "\n" * 71 + "}"), cc("auto f = [](int x) {" + "\n" * 71 + "};"),
         cc("A::A(int x) : a_{x}, b_(x) {" + "\n" * 71 + "}"),
         {"tools/a.py": "def f():\n" + "    pass\n" * 70}],
        [cc(function_of(70)), cc(function_of(70) + "\n" + function_of(70)),
         cc("struct A {" + "\n" * 80 + "};"), cc("const int x[] = {" + "\n" * 80 + "};"),
         cc("namespace {" + "\n" * 80 + "}"),
         cc('const char* x = R"(int f() {' + "\n" * 80 + '})";'),
         {"tools/a.py": "def f():\n" + "    pass\n" * 69}]),
    "interface-size": ([header(interface_of(8))],
                       [header(interface_of(7)),
                        header("class B {" + interface_of(7) + interface_of(7) + "};")]),
    "parameters": (
        [header("void f(int a, int b, int c, int d, int e, int g);"),
         header("class A {\n  A(int a, int b = {1, 2}, int c, int d, int e, int g) : a_{a} {}\n};"),
         header("template <class T>\nT f(T a, T b, T c, T d, T e, T g) noexcept { return a; }")],
        [header("void f(std::map<int, int> a, std::function<void(int, int)> b, int c, int d = 1);"),
         header("using F = void(int, int, int, int, int, int);"),
         header("inline int x = f(1, 2, 3, 4, 5, 6);"),
         header("struct A { int a, b, c, d, e, g; };"),
         header("#define F(a, b, c, d, e, g) f(a, b, c, d, e, g)\nMACRO(a, b, c, d, e, g);"),
         cc("static void f(int a, int b, int c, int d, int e, int g) {}")]),
    "file-bytes": ([{"web/a.txt": "x" * (1 << 20) + "\n"}], [{"web/a.txt": "x\n"}]),
    "line-length": ([cc("//" + "x" * 99), {"tools/a.py": "#" * 101 + "\n"}],
                    [cc("//" + "x" * 98), {"a.md": "x" * 200 + "\n"}]),
    "path-name": (
        [cc("", "src/key/text_util.cc"), cc("", "tests/helpers/a.cc"),
         cc("", "src/key/a_handler.cc"), cc("", "src/key/store_impl.cc")],
        [cc("", "src/net/handler.cc"), cc("", "src/key/commonality.cc"), cc("", "src/base/a.cc")]),
    "type-name": (
        [cc("class KeyManager {};"), cc("struct FooUtil;"), cc("enum class KeyHelper { a };"),
         cc("using PathProcessor = int;"), cc("class KeyHandler final : A {};"),
         cc("class KeyImpl {};")],
        [cc("class A { class Impl; };"), cc("class Session {};", "src/net/a.cc"),
         cc("struct RequestHandler {};", "src/net/a.cc"), cc("template <class Handler> void f();"),
         cc("// class KeyManager {};")]),
    "call-regex": ([cc("std::regex x;"), cc("std::smatch m;")], [cc("Regex x;  // std::regex")]),
    "call-system-clock": ([cc("auto t = std::chrono::system_clock::now();")],
                          [cc("auto t = std::chrono::system_clock::now();", "src/base/clock.cc"),
                           cc("auto t = clock.now();")]),
    "call-rand": ([cc("int f() { return rand(); }"), cc("int x = std::rand();"), cc("srand(1);")],
                  [cc("int x = a.rand();"), cc("int x = operand(1);"), cc("int x = my::rand();")]),
    "call-sleep": ([cc("std::this_thread::sleep_for(1s);"), cc("usleep(1);"), cc("::sleep(1);")],
                   [cc("clock.sleep(1);"), cc("asleep(1);"), cc('log("sleep(1)");')]),
    "call-thread": ([cc("std::thread t;"), cc("std::jthread t;")],
                    [cc("std::thread t;", "src/base/pool.cc"), cc("std::thread::id x;"),
                     cc("std::jthread t;", "src/key/a_test.cc"), cc("std::this_thread::yield();")]),
    "call-test-thread": ([cc("std::thread t;", "src/key/a_test.cc")],
                         [cc("std::jthread t;", "src/key/a_test.cc")]),
    "call-stoi": ([cc("std::stoi(x);"), cc("std::stoull(x);"), cc("atoi(x);")],
                  [cc("std::from_chars(a, b, c);"), cc("std::stop_token s;")]),
    "call-strtok": ([cc("strtok(a, b);"), cc("strtok_r(a, b, c);")], [cc("split(a, b);")]),
    "call-new": ([cc("auto* x = new Thing(1);"), cc("p.reset(new Thing);")],
                 [cc("std::unique_ptr<A>(new A(1));"), cc("std::unique_ptr<A> a(new A(1));"),
                  cc("new (place) Thing;"), cc("// a new thing"), cc("int new_size = 1;")]),
    "call-delete": ([cc("delete x;"), cc("delete[] x;")],
                    [header("struct A {\n  A(const A&) = delete;\n  int b() = delete;\n};")]),
    "catch-all": ([cc("void f() { try { g(); } catch (...) { } }")],
                  [cc("void f() { try { g(); } catch (const std::bad_alloc&) { } }")]),
    "call-print": ([cc("std::cout << 1;"), cc('printf("x");'), cc("fmt::print(x);")],
                   [cc("std::cout << 1;", "src/key/a_test.cc"), cc('std::snprintf(a, 1, "x");'),
                    cc("std::cout << 1;", "tools/a.cc"), cc("text.printf(1);")]),
    "co-await-room": ([cc("co_await f();"), cc("co_return;")],
                      [cc("co_await f();", "src/net/a.cc"), cc("// co_await")]),
    "co-await-alone": (
        [cc(f"Task f() {{ {body} }}", "src/net/a.cc") for body in (
            "if (co_await f()) g();", "g(co_await f());", "auto x = a ? co_await f() : 1;",
            "co_await f(A{1});", "co_await f([a] () { });")],
        [cc(f"Task f() {{ {body} }}", "src/net/a.cc") for body in (
            "co_await f(a);", "auto x = co_await f(a);", "auto [error, n] = co_await f(a, b);",
            "co_return co_await f(a);", "const std::size_t n = co_await f(a);",
            "x = co_await f(a);",
            "while (true) {\n co_await f(std::move(a));\n}")]),
    "open-end": ([cc(f"// {MARK}: later"), {"tools/a": f"#!/bin/bash\n# {MARK} later\n"},
                  cc("// HA" + "CK")],
                 [cc(f"// {MARK}(#12): when the format changes"), cc(f'const char* x = "{MARK}";'),
                  {"a.md": f"{MARK} is a word\n"}, cc('f("a' + "X" * 6 + '");')]),
    "ascii": ([cc("// caf\u00e9")], [cc("// cafe"), {"a.md": "caf\u00e9\n"}]),
    "tab": ([cc("\tint x;")], [cc("  int x;"), {"Makefile": "a:\n\tb\n"}]),
    "trailing-space": ([cc("int x; "), {"a.md": "x\r\n"}],
                       [cc("int x;"), {"tests/golden/a/b.http": "GET / HTTP/1.1\r\n"}]),
    "machine-path": ([{"a.md": "see /ho" + "me/me/x\n"}, {"a.cmake": 'set(x "/ro' + 'ot/x")\n'}],
                     [{"a.md": "see https://host/home/x and a/home/ and ~/x\n"}]),
    "machine-host": ([{"a.md": "pip install -i https://packages.example.test/simple\n"}],
                     [{"a.md": "see https://my.packages.example.test\n"}]),
    "room-readme": ([{"src/key/a.cc": "\n"}], [{**cc(""), "src/key/README.md": "x\n"}, {}]),
    "test-beside": ([cc("")], [{**cc(""), **cc("", "src/key/a_test.cc")}, header("")]),
    "rooms-table": (
        [{}, {"ARCHITECTURE.md": "no table\n"},
         {"src/ROOMS": TWO_ROOMS, "ARCHITECTURE.md": TABLE.replace("`fmt/`", "-")}],
        [{"src/ROOMS": TWO_ROOMS, "ARCHITECTURE.md": "# A\n" + TABLE + "more\n"}]),
}


class TreeTest(unittest.TestCase):
    def tree(self, files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, text in {"src/ROOMS": ROOMS, **files}.items():
            full = Path(folder.name) / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(text.encode())
        return Tree(folder.name, hosts=["packages.example.test"])

    def found(self, files, names=None):
        return [str(finding) for finding in self.tree(files).check(names)]


class Rules(TreeTest):
    def test_every_rule_has_cases(self):
        self.assertEqual(sorted(CASES), sorted(RULES))

    def test_every_rule_is_described(self):
        self.assertEqual([name for name, function in RULES.items() if not function.__doc__], [])

    def test_a_tree_that_breaks_a_rule_is_found(self):
        for name, (broken, _) in CASES.items():
            for files in broken:
                with self.subTest(rule=name, files=files):
                    self.assertTrue(self.found(files, [name]))

    def test_a_tree_that_keeps_a_rule_passes(self):
        for name, (_, kept) in CASES.items():
            for files in kept:
                with self.subTest(rule=name, files=files):
                    self.assertEqual(self.found(files, [name]), [])

    def test_a_finding_names_path_line_and_rule(self):
        self.assertEqual(self.found(cc("int x;\nstrtok(a, b);"), ["call-strtok"]),
                         ["src/key/a.cc:2: call-strtok: 'strtok': it writes into its argument: "
                          "split a string_view"])

    def test_the_own_folder_is_found_as_a_machine_path(self):
        tree = self.tree({})
        (tree.root / "a.md").write_text(f"see {tree.root}/src\n")
        found = Tree(tree.root, hosts=[]).check(["machine-path"])
        self.assertEqual([finding.path for finding in found], ["a.md"])


class Exceptions(TreeTest):
    LIST = "tests/tidy/EXCEPTIONS"

    def complaints(self, files):
        return [line for line in self.found(files) if ": exception:" in line]

    def test_an_exception_covers_its_rule_and_path(self):
        files = {**cc("strtok(a, b);"), self.LIST: "call-strtok src/key/a.cc : C interface\n"}
        self.assertEqual(self.found(files, ["call-strtok"]), [])
        self.assertEqual(self.complaints(files), [])

    def test_an_exception_that_covers_nothing_is_found(self):
        self.assertIn("no longer needed",
                      self.complaints({self.LIST: "call-strtok src/key/a.cc : x\n"})[0])

    def test_an_exception_without_reason_or_rule_is_found(self):
        files = {**cc("strtok(a, b);"), self.LIST: "call-strtok src/key/a.cc\nno-rule a : x\n"}
        self.assertEqual(len(self.complaints(files)), 2)


class RoomTable(TreeTest):
    def test_write_rooms_makes_the_table_true(self):
        text = f"# A\n{rules_docs.BEGIN}\n{rules_docs.END}\nmore\n"
        tree = self.tree({"src/ROOMS": TWO_ROOMS, "ARCHITECTURE.md": text})
        self.assertTrue(rules_docs.write_rooms(tree))
        self.assertEqual((tree.root / "ARCHITECTURE.md").read_text(), "# A\n" + TABLE + "more\n")


class Scanner(unittest.TestCase):
    def names(self, text):
        return [name for name, _, _ in scan.Source(text).functions()]

    def test_literals_and_comments_are_no_code(self):
        for text in ('"a // b"', "'\"'", 'R"x(" )" )x"', "// a\\\nb", "/* \" */", 'u8R"(})"'):
            code, comments = scan.split("x " + text + " y")
            self.assertEqual(len(code), len(comments))
            self.assertEqual(code.split()[0] + code.split()[-1], "xy" if "//" != text[:2] else "xx")
            self.assertNotIn("}", code)

    def test_digit_separators_open_no_character(self):
        self.assertIn("strtok", scan.split("int x = 1'000'000; strtok(a, 'b');")[0])

    def test_functions_of_many_shapes(self):
        text = """
template <class T, class U = std::map<int, T>>
  requires std::is_integral_v<T>
[[nodiscard]] constexpr auto one(T a = {}) const noexcept -> std::vector<T> { return {}; }
Foo::Foo(int a) noexcept : Base<int>{a}, b_{a, {1}}, c_([&] { return 1; }()) { TRY(x, f({1})); }
bool operator==(const A&, const A&) { return true; }
int A::operator()(int x) const { auto f = [&](auto y) { return y; }; return f(x); }
extern "C" int entry(const char* x) { switch (*x) { case '{': return 1; } return 0; }
enum class E : int { a, b };
struct S : Base<void(int)> { int x{0}; std::function<void()> g{[] {}}; void two() { if (1) { } } };
const std::array<int, 2> table{1, 2};
TEST_F(Name, IsASentence) { EXPECT_EQ(f({1, 2}), R"({)"); }
namespace a { inline namespace b { static void three(); void three() {} } }
#define OPEN {
MATCHER_P(HasCode, code, "") { return arg.code == code; }
auto operator<=>(const A&, const A&) = default;
A::operator bool() const try { return true; } catch (const E& e) { return false; }
BEGIN_NAMESPACE namespace c { void four() {} }
"""
        self.assertEqual(self.names(text), [
            "one", "Foo", "operator", "operator", "entry", "two", "TEST_F(Name, IsASentence)",
            "three", 'MATCHER_P(HasCode, code, "")', "bool", "four"])

    def test_classes_know_their_names(self):
        text = "struct [[nodiscard]] alignas(16) A final : B { class C {}; enum D { d }; };"
        self.assertEqual([block.name for block in scan.Source(text).classes()], ["C", "A"])


if __name__ == "__main__":
    unittest.main()
