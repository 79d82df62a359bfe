"""The reference is made from the comments of the headers without a warning, and says what they say."""
import html
import re
import sys

from support import SOURCE, TestCase, main


def words(page):
    """The text of a page as a reader sees it, with one space between words."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))).split())


class Reference(TestCase):
    def make(self, source):
        return self.run_program(sys.executable, SOURCE / "docs/doxygen/make.py", source, self.folder / "reference",
                                timeout=300)

    def test_reference(self):
        """Classes, members and functions have the text of their comments, and the guide is the first page"""
        result = self.make(SOURCE)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        pages = self.folder / "reference/html"
        for page, texts in {
            "classtaut_1_1Resolver.html": [
                "The one interface that answers questions",
                "resolve (const Query &query)=0",
                "Gives up what the resolver has.",
            ],
            "classtaut_1_1Answer.html": [
                "bool add (NameView owner, std::chrono::seconds ttl, const Rdata &rdata, Section section",
                "One record into the answer section (or another), copied: what handlers call.",
                "the AA bit",
            ],
            "namespacetaut.html": [
                "firstOf (std::vector< Task< T > > tasks, IsGood isGood)",
                "The first result, in time, for which isGood(const T&) is true.",
            ],
            "first__of_8hpp.html": ["auto answer = co_await firstOf(std::move(tasks), isUsable);"],
            "structtaut_1_1ConnectionPoolOptions.html": ["how long a connection is kept that is not used"],
            "index.html": ["The first program", "class Workstations final : public Resolver"],
        }.items():
            shown = words(pages / page)
            for text in texts:
                self.assertIn(text, shown, page)
        self.assertFalse(list(pages.glob("*detail*")))

    def test_broken_reference(self):
        """A comment that Doxygen does not understand, and a link that leads nowhere, fail with their file and line"""
        for path, text, told in (
            ("include/taut/x.hpp", "// A head.\n#pragma once\n\nvoid taut::gone(int x) {}\n", "x.hpp:4: "),
            ("docs/handlers.md", "# Handlers\n\nSee [it](#nowhere).\n", "handlers.md:3: "),
        ):
            folder = self.folder / told[0]
            for file in (SOURCE / "docs/doxygen").iterdir():
                if file.is_file():
                    copy = folder / "docs/doxygen" / file.name
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
            for name in ("handlers", "coming-from", "mistakes", "style"):
                (folder / "docs" / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
            (folder / "include/taut").mkdir(parents=True)
            (folder / path).write_text(text, encoding="utf-8")
            result = self.make(folder)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(told, result.stderr)


if __name__ == "__main__":
    main()
