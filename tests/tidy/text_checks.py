"""What the lines show: marks, lengths, guards, names, and that meson knows every source."""
import re

from registry import check
from tree import line_of

MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
CODE = (".hpp", ".cpp", ".py", ".sh", ".build")
MAX_COLUMNS = 120


def is_shell(path, text):
    return path.endswith(".sh") or text.startswith("#!/usr/bin/env bash")


def is_code(path, text):
    return path.endswith(CODE) or text.startswith("#!")


@check(
    bad=[{"src/x.cpp": "// TO" "DO: later"}, {"docs/x.md": "FIX" "ME"}],
    good=[{"src/x.cpp": "mktemp /tmp/a.XXXXXX"}],
)
def nothing_is_left_to_do(tree):
    """No file says that something is left to do"""
    for path, text in tree.items():
        for match in MARK.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: {match.group()}"


@check(
    bad=[{"src/x.cpp": "x" * 121}, {"tools/x.sh": "\n" + "x" * 121}],
    good=[{"src/x.cpp": "x" * 120, "README.md": "x" * 200, "src/y.cpp": "ä" * 120}],
)
def lines_fit_in_120_columns(tree):
    """No line of code is longer than 120 columns"""
    for path, text in tree.items():
        if is_code(path, text):
            for number, line in enumerate(text.splitlines(), 1):
                if len(line) > MAX_COLUMNS:
                    yield f"{path}:{number}: {len(line)} columns"


@check(
    bad=[{"src/x.cpp": "a \n"}, {"src/x.cpp": "\ta\n"}, {"src/x.cpp": "a\r\n"}, {"src/x.cpp": "a"}],
    good=[{"src/x.cpp": "a\n", "src/y.cpp": "", "debian/rules": "#!/usr/bin/make\n%:\n\tdh $@\n"}],
)
def whitespace_is_plain(tree):
    """No tab but those of make, no blank at a line's end, and a newline at the end of the file"""
    for path, text in tree.items():
        if not is_code(path, text):
            continue
        if path == "debian/rules":
            text = re.sub(r"(?m)^\t", "", text)
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at its end"
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip() or "\t" in line:
                yield f"{path}:{number}: a tab or a blank at the end"


@check(
    bad=[{"include/taut/net/x.hpp": "// What it is for.\nint x;\n"}],
    good=[
        {"include/taut/net/x.hpp": "// What it is for.\n#pragma once\n"},
        {"src/base/pch/precompiled.hpp": "#include <vector>\n"},
    ],
)
def headers_are_guarded(tree):
    """Every header has #pragma once, except headers that are compiled by themselves, where g++ warns of it"""
    for path, text in tree.headers().items():
        if not path.endswith("/precompiled.hpp") and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield f"{path}: no #pragma once"


@check(
    bad=[{"include/taut/net/x.hpp": "#pragma once\n// What it is for.\n"}],
    good=[{"include/taut/net/x.hpp": "// What it is for.\n#pragma once\n"}, {"src/net/x.hpp": "#pragma once\n"}],
)
def public_headers_say_what_they_are_for(tree):
    """Every public header opens with a comment on its purpose"""
    for path, text in tree.headers().items():
        if path.startswith("include/") and not re.match(r"// \S", text):
            yield f"{path}: does not open with a comment"


@check(
    bad=[{"src/net/UdpSocket.cpp": ""}, {"tests/net/udp-test.cpp": ""}],
    good=[{"src/net/udp_socket.cpp": "", "tests/net/udp_socket_test.cpp": ""}],
)
def file_names_are_snake_case(tree):
    """C++ files are named in snake_case"""
    for path in tree.cpp():
        if not re.fullmatch(r"[a-z][a-z0-9_]*\.[ch]pp", path.rsplit("/", 1)[-1]):
            yield f"{path}: not in snake_case"


@check(
    bad=[
        {"src/net/x.cpp": "", "src/net/meson.build": "files('y.cpp')"},
        {"tests/net/x_test.cpp": "", "meson.build": ""},
    ],
    good=[
        {"src/net/x.cpp": "", "src/net/meson.build": "files('x.cpp')"},
        {"src/net/a/x.cpp": "", "src/net/meson.build": "files('a/x.cpp')"},
        {"tests/fuzz/name_fuzz.cpp": "", "tests/fuzz/meson.build": "{\n  'name' : dns_dep,\n}"},
    ],
)
def meson_builds_every_source(tree):
    """Every source is listed in a meson.build above it"""
    for path in tree:
        if not path.endswith(".cpp"):
            continue
        folder, _, name = path.rpartition("/")
        wanted = [name]
        if name.endswith("_fuzz.cpp"):
            wanted.append(name.removesuffix("_fuzz.cpp"))
        if path.startswith("examples/"):
            wanted.append(name.removesuffix(".cpp"))
        listed = folder == "tests/support" and any(f"support/{name}'" in text for text in tree.values())
        rest = ""
        while True:
            build = tree.get(f"{folder}/meson.build" if folder else "meson.build", "")
            listed = listed or any(f"'{rest}{word}'" in build for word in wanted)
            if listed or not folder:
                break
            folder, _, last = folder.rpartition("/")
            rest = f"{last}/{rest}"
        if not listed:
            yield f"{path}: in no meson.build"


@check(
    bad=[
        {"meson.build": "not_found_message : 'x is missing: apt-get install libx-dev'", "tools/lib/packages.sh": "()"},
    ],
    good=[
        {"meson.build": "'x is missing: apt-get install libx-dev'", "tools/lib/packages.sh": "packages=(g++ libx-dev)"},
    ],
)
def packages_are_installed(tree):
    """Every package that the build asks for is one that the commands install"""
    installed = set(re.findall(r"[\w.+-]+", tree.get("tools/lib/packages.sh", "")))
    for path, text in tree.items():
        if not path.endswith("meson.build"):
            continue
        for match in re.finditer(r"apt-get install ([\w.+ -]+)", text):
            for package in match.group(1).split():
                if package not in installed:
                    yield f"{path}:{line_of(text, match.start())}: {package} is not in tools/lib/packages.sh"


@check(
    bad=[{"tests/net/x_test.cpp": 'TEST_CASE("a") {}\nTEST_CASE("a") {}\n'},
         {"tests/net/x_test.cpp": 'TEST_CASE("a")', "tests/net/y_test.cpp": 'TEST_CASE("a")'}],
    good=[{"tests/net/x_test.cpp": 'TEST_CASE("a")', "tests/io/x_test.cpp": 'TEST_CASE("a")'}],
)
def test_names_are_unique(tree):
    """No two test cases of a program have one name"""
    seen = {}
    for path, text in tree.items():
        if not path.endswith("_test.cpp"):
            continue
        for match in re.finditer(r'^TEST_CASE\("((?:[^"\\]|\\.)*)"', text, re.MULTILINE):
            key = (path.rsplit("/", 1)[0], match.group(1))
            place = f"{path}:{line_of(text, match.start())}"
            if key in seen:
                yield f"{place}: the same name as {seen[key]}: {match.group(1)}"
            seen[key] = place


@check(
    bad=[{"tests/net/x_test.cpp": 'TEST_SUITE_BEGIN("io_uring");\nTEST_CASE("a") {}\n'}],
    good=[{"tests/net/x_test.cpp": 'TEST_SUITE_BEGIN("io_uring");\nTEST_CASE("a") {}\nTEST_SUITE_END();\n'}],
)
def test_suites_end(tree):
    """A suite of tests ends in the file where it begins: those of the file that is compiled after it are not in it"""
    for path, text in tree.items():
        if path.endswith("_test.cpp") and text.count("TEST_SUITE_BEGIN(") != text.count("TEST_SUITE_END("):
            yield f"{path}: TEST_SUITE_BEGIN and TEST_SUITE_END are not as many"


@check(
    bad=[{"tests/net/x_test.cpp": "std::this_thread::sleep_for(1s);"}, {"tests/dns/x_test.cpp": "usleep(1000);"}],
    good=[{"tests/net/x_test.cpp": "co_await sleepFor(shard, 1s);", "tests/integration/x.cpp": "sleep(1);"}],
)
def unit_tests_never_sleep(tree):
    """No unit test sleeps"""
    for path, text in tree.cpp().items():
        if re.match(r"tests/(?!integration|fuzz|lint|tidy)\w+/", path):
            for match in re.finditer(r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(", text):
                yield f"{path}:{line_of(text, match.start())}: {match.group(1)}"
