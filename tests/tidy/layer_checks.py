"""Which layer may include which: the table in docs/architecture.md, read against every #include of the library."""
import re

from registry import check
from tree import line_of

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
ROW = re.compile(r"^\|\s*`(\w+)`[^|]*\|[^|]*\|([^|]*)\|\s*$", re.MULTILINE)
ARCHITECTURE = "docs/architecture.md"
# Libraries that only some layers may touch, by how their headers begin.
LIBRARIES = {"liburing": "liburing", "fmt/": "fmt", "spdlog/": "spdlog", "openssl/": "libcrypto", "sodium": "libsodium",
             "CLI/": "cli11", "toml++/": "tomlplusplus", "nlohmann/": "nlohmann", "boost/": "boost",
             "prometheus/": "prometheus", "seccomp": "libseccomp", "pybind11/": "pybind11"}

TABLE = "| layer | holds | may include |\n|---|---|---|\n| `base` | x | fmt |\n| `io` | x | base, liburing |\n" \
        "| `net` | x | io, base, libsodium |\n| `daemon` | x | everything |\n"


def layer_table(tree):
    """Maps each layer to the words in its third column."""
    rows = ROW.findall(tree.get(ARCHITECTURE, ""))
    return {name: set(re.findall(r"\w+", allowed.lower())) for name, allowed in rows}


def layer_of(path):
    match = re.match(r"(?:include/taut|src)/(\w+)/", path)
    return match.group(1) if match else None


@check(
    bad=[
        {ARCHITECTURE: TABLE, "src/base/x.cpp": '#include "taut/io/engine.hpp"\n'},
        {ARCHITECTURE: TABLE, "include/taut/net/x.hpp": "#include <liburing.h>\n"},
        {ARCHITECTURE: TABLE, "src/net/x.cpp": "#include <spdlog/spdlog.h>\n"},
        {ARCHITECTURE: TABLE, "src/net/x.cpp": "#include <fmt/format.h>\n"},
        {ARCHITECTURE: TABLE, "src/io/x.cpp": "#include <sodium/crypto_shorthash.h>\n"},
        {ARCHITECTURE: TABLE, "include/taut/io/x.hpp": "#include <sodium.h>\n"},
        {ARCHITECTURE: TABLE, "src/nowhere/x.cpp": "#include <vector>\n"},
        {"src/base/x.cpp": ""},
    ],
    good=[
        {
            ARCHITECTURE: TABLE,
            "src/net/x.cpp": '#include "taut/io/engine.hpp"\n#include "taut/net/y.hpp"\n#include <vector>\n',
            "src/io/x.cpp": "#include <liburing.h>\n",
            "src/base/x.cpp": "#include <fmt/format.h>\n",
            "include/taut/net/z.hpp": "#include <sodium.h>\n#include <sodium/crypto_shorthash.h>\n",
            "src/daemon/x.cpp": '#include "taut/net/y.hpp"\n#include <fmt/format.h>\n#include <spdlog/spdlog.h>\n',
        }
    ],
)
def layers_include_downwards(tree):
    """Every include is allowed by the layer table of docs/architecture.md"""
    table = layer_table(tree)
    if not table:
        yield f"{ARCHITECTURE}: no layer table"
        return
    for path, text in tree.cpp().items():
        layer = layer_of(path)
        if layer is None:
            continue
        if layer not in table:
            yield f"{path}: the layer table has no `{layer}`"
            continue
        allowed = table[layer]
        if "everything" in allowed:
            continue
        for match in INCLUDE.finditer(text):
            header = match.group(1)
            wanted = re.match(r"taut/(\w+)/", header)
            target = wanted.group(1) if wanted else None
            for prefix, library in LIBRARIES.items():
                if header.startswith(prefix):
                    target = library
            if target and target != layer and target not in allowed:
                yield f"{path}:{line_of(text, match.start())}: `{layer}` may not include {header}"


@check(
    bad=[
        {"src/net/x.cpp": "#include <liburing.h>"},
        {"src/io/epoll_engine.cpp": "#include <liburing.h>"},
        {"include/taut/io/io_uring_x.hpp": "#include <liburing.h>"},
        {"tests/resolver/x_test.cpp": "#include <liburing.h>"},
    ],
    good=[{"src/io/io_uring_x.cpp": "#include <liburing.h>", "tests/io/io_uring_x_test.cpp": "#include <liburing.h>"}],
)
def liburing_stays_in_one_engine(tree):
    """liburing.h is included by the files of the io_uring engine alone, src/io/io_uring_*, and by their tests"""
    for path, text in tree.cpp().items():
        if re.match(r"(src|tests)/io/io_uring_", path):
            continue
        for match in INCLUDE.finditer(text):
            if match.group(1).startswith("liburing"):
                yield f"{path}:{line_of(text, match.start())}: includes {match.group(1)}"


@check(
    bad=[{"src/config/x.cpp": "#include <toml++/toml.h>"}],
    good=[{"src/config/toml_document.cpp": "#include <toml++/toml.h>"}],
)
def tomlplusplus_stays_in_one_file(tree):
    """toml++, which takes seconds to compile, is included by src/config/toml_document.cpp alone"""
    for path, text in tree.cpp().items():
        if path != "src/config/toml_document.cpp" and re.search(r"#[ \t]*include[ \t]*<toml\+\+", text):
            yield f"{path}: includes toml++"


@check(
    bad=[
        {"src/net/x.cpp": '#include <vector>\n#include "taut/net/x.hpp"\n', "include/taut/net/x.hpp": ""},
        {"src/net/x.cpp": '#include "taut/net/y.hpp"\n', "src/net/x.hpp": ""},
    ],
    good=[
        {"src/net/x.cpp": '#include "taut/net/x.hpp"\n#include <vector>\n', "include/taut/net/x.hpp": ""},
        {"src/net/x.cpp": '#include "net/x.hpp"\n', "src/net/x.hpp": ""},
        {"src/net/a/x.cpp": '#include "x.hpp"\n', "src/net/a/x.hpp": ""},
        {"src/net/x.cpp": "#include <vector>\n"},
    ],
)
def own_header_first(tree):
    """A source file includes its own header first"""
    for path, text in tree.items():
        match = re.match(r"src/(\w+)/(.+)\.cpp$", path)
        if not match:
            continue
        layer, concept = match.groups()
        candidates = (f"include/taut/{layer}/{concept}.hpp", f"src/{layer}/{concept}.hpp")
        own = [header for header in candidates if header in tree]
        first = INCLUDE.search(text)
        file = concept.rsplit("/", 1)[-1]
        if own and (not first or not re.search(rf"(^|/){file}\.hpp$", first.group(1))):
            yield f"{path}: does not include {own[0]} first"


@check(
    bad=[
        {"src/net/x.cpp": 'fmt::format_to(out, "{}", 1);\n'},
        {"include/taut/net/x.hpp": "fmt::vformat_to(out, text, arguments);\n"},
    ],
    good=[
        {"src/base/format.cpp": "fmt::vformat_to(out, text, arguments);\n", "src/net/x.cpp": 'fmt::format("{}", 1);\n'},
        {"tests/net/x_test.cpp": 'fmt::format_to(out, "{}", 1);\n'},
    ],
)
def engine_of_fmt_stays_in_one_file(tree):
    """fmt's engine, which fmt::format_to() brings, is compiled into base/format.cpp alone"""
    for path, text in tree.cpp().items():
        if layer_of(path) is None or path.endswith(("/base/format.hpp", "/base/format.cpp")):
            continue
        for match in re.finditer(r"\bfmt::v?format_to\b(?=\()", text):
            yield f"{path}:{line_of(text, match.start())}: {match.group()} where appendFormat or fmt::format would do"


NAMESPACE = re.compile(
    r"^(namespace[ \w:]*)\{|^\}  // (namespace[ \w:]*)$|^(?:struct|class) ([\w:]+)(?![\w:<])[^;{]*\{", re.MULTILINE
)


def classes_of(text):
    """The classes that a file defines outside functions and classes, with their namespaces, and where each stands."""
    within = []
    for match in NAMESPACE.finditer(text):
        if match.group(1):
            within.append(match.group(1).removeprefix("namespace").strip())
        elif match.group(2):
            within = within[:-1]
        elif "" not in within:  # what stands in an unnamed namespace is no other file's
            yield "::".join([*within, match.group(3)]), match.start()


@check(
    bad=[
        {
            "src/http/x.hpp": "namespace taut {\nstruct Reply {\n};\n}  // namespace taut\n",
            "src/net/x.cpp": "namespace taut {\n\nclass Reply final : Base {\n};\n\n}  // namespace taut\n",
        },
        {
            "src/http/x.hpp": "namespace taut {\nstruct Reply {\n};\n}  // namespace taut\n",
            "src/net/x.cpp": "namespace taut {\nnamespace {\nclass Other {\n};\n}  // namespace\n"
            "struct Reply {\n};\n}  // namespace taut\n",
        },
    ],
    good=[
        {
            "src/http/x.hpp": "namespace taut {\nclass Reply;\nstruct Reply {\n};\n}  // namespace taut\n",
            "src/net/x.cpp": "namespace taut {\nnamespace {\nclass Reply {\n};\n}  // namespace\n"
            "}  // namespace taut\n",
            "src/config/x.hpp": "namespace taut::config {\nstruct Reply {\n};\n}  // namespace taut::config\n",
            "src/http/x.cpp": "namespace taut {\nstruct Reply::Part {\n};\n}  // namespace taut\n",
        }
    ],
)
def classes_have_one_definition(tree):
    """A class is defined once: to the linker two of one name and namespace are one, whatever they hold"""
    defined = {}
    for path, text in tree.cpp().items():
        if layer_of(path) is None:
            continue
        for name, start in classes_of(text):
            first = defined.setdefault(name, path)
            if first != path:
                yield f"{path}:{line_of(text, start)}: {name} is defined in {first} too"
