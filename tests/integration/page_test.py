"""The live page in a browser."""
import json
import os
import re
import select
import shutil
import unittest
import urllib.request

from support import (A, EXAMPLE_ZONE, SANITIZED, SLOWNESS, TestCase, ask_udp, free_port, main, make_query,
                     wait_until)

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600")


class Browser:
    """A browser that shows a page, and evaluates expressions in it, over pipes of its DevTools protocol."""

    def __init__(self, test, url):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        arguments = (*ARGUMENTS, f"--user-data-dir={test.folder}/live", "--remote-debugging-pipe", "about:blank")
        redirected = f'exec "$@" 3<&{commands} 4>&{answers}'
        self.process = test.spawn("bash", "-c", redirected, "bash", CHROMIUM, *arguments, pass_fds=(commands, answers))
        test.addCleanup(self.close)
        os.close(commands)
        os.close(answers)
        self.number, self.buffer = 0, b""
        target = self.call("Target.createTarget", {"url": url})["targetId"]
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

    def close(self):
        self.process.kill()
        os.close(self.commands)
        os.close(self.answers)

    def receive(self):
        while b"\0" not in self.buffer:
            if not select.select([self.answers], [], [], 60 * SLOWNESS)[0]:
                raise AssertionError(f"the browser says nothing\n{self.process.log()}")
            read = os.read(self.answers, 65536)
            if not read:
                raise AssertionError(f"the browser has ended\n{self.process.log()}")
            self.buffer += read
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, parameters, **more):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters, **more}
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                return answer["result"]

    def evaluate(self, expression):
        """Its value in the page; None where there is none, or an error."""
        result = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True},
                           sessionId=self.session)
        return result["result"].get("value")


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
        profile = f"--user-data-dir={self.folder}/browser"
        return self.run_program(CHROMIUM, *ARGUMENTS, profile, "--timeout=4000", *arguments, self.url,
                                timeout=60 * SLOWNESS)

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

    def ask(self, name, times):
        for _ in range(times):
            ask_udp("127.0.0.1", self.server.port, make_query(name, A))

    def shown(self, browser, expression, message):
        """Waits until the expression is true in the page that the browser shows."""
        wait_until(lambda: browser.evaluate(expression) is True, 30 * SLOWNESS, message)

    def test_live(self):
        """The history is there at once, and the numbers change as soon as questions come"""
        self.ask("www.example.com", 50)
        wait_until(lambda: re.search(r'"history":\[.*\[[1-9]', self.source()), 10, "a second with questions is over")
        browser = Browser(self, self.url)
        number = '[...document.querySelectorAll("#totals tr")].find(r=>r.cells[0].textContent==="questions").cells[1]'
        self.shown(browser, f'document.readyState==="complete"&&Number({number}.textContent)>=50', "the page is there")
        self.assertTrue(browser.evaluate('history_.some(second=>second[0]>0)'))
        before = browser.evaluate(f"Number({number}.textContent)")
        self.ask("www.example.com", 100)
        self.shown(browser, f"Number({number}.textContent)>={before + 100}", "the questions are shown")
        self.shown(browser, '[...$("names").rows].some(r=>r.cells[0].textContent==="www.example.com.")', "the name")

    def test_no_other_script(self):
        """A script that someone brings into the page does not run, and neither does what it loads"""
        browser = Browser(self, self.url)
        self.shown(browser, 'typeof events==="object"', "the page is there")
        browser.evaluate("""{
            window.refused = 0;
            document.addEventListener("securitypolicyviolation", () => ++window.refused);
            const script = document.createElement("script");
            script.textContent = "window.owned = true";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<b onclick='window.owned=true' style='color:red'></b>");
            document.body.lastChild.click();
        }""")
        self.shown(browser, "window.refused>=3", "the script, the handler and the style are refused")
        self.assertIsNone(browser.evaluate("window.owned"))

    def test_hostile_name(self):
        """A name that looks like markup is shown as text, with the script and without it"""
        name = "<img/src=x/onerror=document.title='owned'>.example"
        self.ask(name, 300)
        wait_until(lambda: "&lt;img" in self.source(), 10, "the name is shown")
        self.assertNotIn("<img", self.source())
        browser = Browser(self, self.url)
        self.shown(browser, f'[...$("names").rows].some(r=>r.cells[0].textContent==={json.dumps(name + ".")})', "shown")
        self.assertEqual(browser.evaluate("document.images.length"), 0)
        self.assertNotIn("owned", browser.evaluate("document.title"))

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
