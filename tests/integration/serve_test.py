"""tools/serve from end to end. It builds in the project's own build folder, so it is tried where that is under test."""
import resource
import shlex
import unittest

from support import BUILD, SOURCE, TestCase, ask_tcp, ask_udp, free_port, main, make_query, wait_until


@unittest.skipUnless(BUILD.resolve() == (SOURCE / "build").resolve(), "another build folder is under test")
class Serve(TestCase):
    def serve(self, port, *arguments):
        server = self.spawn(SOURCE / "tools/serve", "--port", port, *arguments, cwd="/")
        server.port = port
        return server

    @staticmethod
    def computed():
        """The seconds of the processor of all children that have ended, and of theirs."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def test_serves(self):
        """tools/serve computes for less than two seconds at a second start, answers on 127.0.0.1 and ::1, and stops"""
        first = self.serve(free_port())
        self.wait_for_answer(first)
        self.assertEqual(first.stop(), 0, first.log())

        before = self.computed()
        port = free_port()
        server = self.serve(port)
        wait_until(lambda: ask_udp("127.0.0.1", port, make_query("www.example.com"), 0.05), what="it answers")
        for host in ("127.0.0.1", "::1"):
            for ask in (ask_udp, ask_tcp):
                reply = ask(host, port, make_query("www.example.com"))
                self.assertEqual(reply.addresses(), ["192.0.2.10", "192.0.2.11"])
        self.assertEqual(ask_udp("127.0.0.1", port, make_query("localhost")).addresses()[0], "127.0.0.1")
        self.assertEqual(server.stop(), 0, server.log())
        self.assertLess(self.computed() - before, 2.0, server.log())

    def test_says_how_to_ask(self):
        """tools/serve prints where it listens and a dig line that works"""
        port = free_port()
        server = self.serve(port)
        self.wait_for_answer(server)
        line = next(line for line in server.log().splitlines() if line.strip().startswith("dig "))
        result = self.run_program(*shlex.split(line), "+short")
        self.assertEqual(sorted(result.stdout.split()), ["192.0.2.10", "192.0.2.11"], line)
        self.assertIn("127.0.0.1 and [::1]", server.log())

    def test_passes_arguments_on(self):
        """tools/serve gives its arguments to tautd"""
        result = self.run_program(SOURCE / "tools/serve", "--version", timeout=120)
        self.assertIn("tautd ", result.stdout)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    main()
