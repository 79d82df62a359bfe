"""What the documents show works: C++ compiles or is part of a file that does, and commands run."""
import os
import re
import shlex

from support import EXAMPLE_ZONE, SOURCE, TestCase, main

DOCUMENTS = [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def snippets(language):
    for document in DOCUMENTS:
        text = document.read_text()
        for match in FENCE.finditer(text):
            if match.group(1) == language:
                yield f"{document.name}:{text.count(chr(10), 0, match.start()) + 1}", match.group(2)


def squeezed(code):
    """Code without comments and layout, so that a snippet is found in the file it was taken from."""
    return re.sub(r"\s+", "", re.sub(r"//[^\n]*", "", code))


class Documents(TestCase):
    def test_cpp(self):
        """Every C++ snippet is taken from a source file, or compiles after the public headers"""
        sources = [
            squeezed(path.read_text())
            for folder in ("examples", "src", "include", "tests")
            for path in (SOURCE / folder).glob("**/*.[ch]pp")
        ]
        headers = sorted(path.relative_to(SOURCE / "include") for path in (SOURCE / "include").glob("taut/**/*.hpp"))
        prelude = "".join(f'#include "{header}"\n' for header in headers)
        prelude += "using namespace taut;\nusing namespace std::chrono_literals;\n"
        found = 0
        for place, code in snippets("cpp"):
            found += 1
            if any(squeezed(code) in source for source in sources):
                continue
            path = self.write("snippet.cpp", (prelude if "#include" not in code else "") + code)
            compiler = shlex.split(os.environ.get("CXX", "g++"))
            result = self.run_program(*compiler, "-std=c++20", "-fsyntax-only", f"-I{SOURCE / 'include'}", path)
            self.assertEqual(result.returncode, 0, f"{place} does not compile:\n{result.stderr[:3000]}")
        self.assertGreater(found, 0)

    def test_configurations(self):
        """Every configuration of docs/scale.md is a file of the examples, as it is tested"""
        shown = [code for language in ("lua", "toml") for place, code in snippets(language)
                 if place.startswith("scale.md:")]
        self.assertEqual(shown, [(SOURCE / "examples/dnsdist" / name).read_text()
                                 for name in ("dnsdist.conf", "taut.toml")])

    def test_commands(self):
        """Every command of the project that a snippet calls exists, and the dig lines of the README get an answer"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE)
        asked = 0
        for place, text in snippets("sh"):
            for line in text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if not words:
                    continue
                if words[0].startswith(("tools/", "./")):
                    self.assertTrue(os.access(SOURCE / words[0], os.X_OK), f"{place}: {words[0]}")
                if words[0] in ("dig", "kdig") and "example.com" in line and "5300" in line:
                    asked += 1
                    words[words.index("5300")] = str(server.port)
                    result = self.run_program(*words)
                    self.assertEqual(result.returncode, 0, f"{place}: {line}\n{result.stdout}")
                    self.assertNotIn("SERVFAIL", result.stdout)
        self.assertGreater(asked, 0, "README.md shows how to ask")


if __name__ == "__main__":
    main()
