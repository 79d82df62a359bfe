"""What the documents show works: commands run, and configurations are those that are tested."""
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


class Documents(TestCase):
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
