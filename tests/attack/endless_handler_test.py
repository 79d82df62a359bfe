"""A handler that waits for what never happens costs others nothing for long, and does not keep a server alive."""
from attack import AttackCase, main, wait_until
from support import BUILD, SERVFAIL, Process, ask_udp, free_port, make_query

PROGRAM = BUILD / "tests/attack/endless-handler"


class EndlessHandler(AttackCase):
    def setUp(self):
        super().setUp()
        port = free_port()
        self.server = Process([PROGRAM, f"127.0.0.1:{port}"], self.folder, name="endless-handler")
        self.server.port = port
        self.addCleanup(self._finish, self.server)
        self.wait_for_answer(self.server)

    def test_others_are_served(self):
        """1,500 queries that the handler never ends, over UDP, and 500 over TCP: other clients are served"""
        flood = self.flood(self.server, "endless%.example", rate=1500, seconds=1)
        self.attack("hold", self.server, "endless%.example", connections=50, questions=10)
        flood.line()
        self.ask_all(self.server, "www.example")
        self.ask_all(self.server, "www.example", tcp=True)
        self.ends_within_drain(self.server)

    def test_answered_in_the_end(self):
        """Its query is answered in the end, with SERVFAIL, and the log tells which it was"""
        reply = ask_udp("127.0.0.1", self.server.port, make_query("endless.example"), 20)
        self.assertIsNotNone(reply)
        self.assertEqual(reply.rcode, SERVFAIL)
        # A thread of its own writes the log.
        wait_until(lambda: "endless.example" in self.server.log(), 5, "the log names the query")


if __name__ == "__main__":
    main()
