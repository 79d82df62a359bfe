"""The live page in a browser."""
import re
import shutil
import unittest
import urllib.request

from support import (A, EXAMPLE_ZONE, SANITIZED, SLOWNESS, TestCase, ask_udp, free_port, main, make_query,
                     wait_until)

CHROMIUM = shutil.which("chromium")


@unittest.skipUnless(CHROMIUM, "chromium is not installed")
@unittest.skipIf(SANITIZED, "what the browser shows is the same in every build")
class Page(TestCase):
    def setUp(self):
        super().setUp()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.server = self.start_tautd("--zone", EXAMPLE_ZONE, "--http", f"127.0.0.1:{port}")

    def browse(self, *arguments):
        """What the browser has when it has loaded the page, after four seconds at most: events never end."""
        command = (CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder}/browser",
                   "--window-size=1280,1400", "--timeout=4000", *arguments, self.url)
        return self.run_program(*command, timeout=60 * SLOWNESS)

    def source(self):
        with urllib.request.urlopen(self.url) as reply:
            return reply.read().decode()

    def test_shown(self):
        """The script shows the state, the numbers and the charts of what was counted, and runs without an error"""
        self.assertIn("no question yet", re.sub(r"<td class=\"name\">(A|NS)<.*", "", self.source()))
        for _ in range(50):
            ask_udp("127.0.0.1", self.server.port, make_query("nowhere.example.com", A))
        # A list for each second, with the questions and the replies of it.
        wait_until(lambda: re.search(r'"history":\[.*\[[1-9]', self.source()), 10, "a second with questions is over")
        result = self.browse("--dump-dom", "--enable-logging=stderr")
        page = result.stdout
        self.assertRegex(page, r'id="state"[^>]*>ready<')
        self.assertRegex(page, r'>NXDOMAIN</td>.*?<td class="n">50</td>')
        self.assertRegex(page, r'<svg class="chart" id="replies"[^>]*>.*?<path ')
        self.assertRegex(page, r'>example\.com\.</td><td class="ok">loaded</td>')
        self.assertNotIn("Uncaught", result.stderr)

    def test_screenshot(self):
        """The browser can show the page, light and dark"""
        sizes = []
        for scheme in (1, 0):
            path = self.folder / f"page{scheme}.png"
            self.browse(f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={path}")
            sizes.append(path.stat().st_size)
        self.assertGreater(min(sizes), 20_000)
        self.assertNotEqual(sizes[0], sizes[1])


if __name__ == "__main__":
    main()
