"""Random names below a zone whose servers are dead: what the server knows is answered all the same."""
from attack import AttackCase, main, resident_kilobytes


class RandomSubdomains(AttackCase):
    def others_are_served(self, rate):
        server = self.start_server(upstream=self.start_upstream())
        before = resident_kilobytes(server.pid)
        self.ask_all(server, "cached.fast.example", seconds=0.1)
        flood = self.flood(server, "%.dead.example", rate=rate, seconds=4)
        self.served(self.start_client(server, "www.t.example"), self.start_client(server, "cached.fast.example"),
                    self.start_client(server, "%.fast.example"), self.start_client(server, "www.t.example", tcp=True))
        self.assert_memory_bounded(server, before, 48_000, "the questions")
        self.assertGreater(flood.line()["sent"], 0)

    def test_a_thousand(self):
        """A thousand a second: clients lose no answer, of a zone, of the cache, or of another server"""
        self.others_are_served(1000)

    def test_five_thousand(self):
        """Five thousand a second: clients lose no answer, of a zone, of the cache, or of another server"""
        self.others_are_served(5000)


if __name__ == "__main__":
    main()
