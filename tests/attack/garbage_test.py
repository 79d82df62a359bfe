"""Floods that cost the attacker little: garbage, and names that a wildcard answers, from many addresses."""
from attack import AttackCase, main, resident_kilobytes


class Garbage(AttackCase):
    def test_garbage(self):
        """Garbage over UDP takes no answer from another client, and no memory"""
        server = self.start_server(upstream=self.start_upstream())
        before = resident_kilobytes(server.pid)
        flood = self.flood(server, rate=5000)
        self.served(self.start_client(server, "www.t.example"), self.start_client(server, "%.fast.example"))
        self.assertGreater(flood.line()["sent"], 0)
        self.assert_memory(server, before, 16_000, "the memory after garbage")

    def test_many_sources(self):
        """Names of a wildcard from a thousand addresses are all answered, and take no memory"""
        server = self.start_server()
        before = resident_kilobytes(server.pid)
        flood = self.flood(server, "%.wild.t.example", rate=2000, options=("--sockets", 1000, "--many"))
        self.ask_all(server, "www.t.example")
        counts = flood.line()
        self.assertEqual(counts["answered"], counts["sent"])
        self.assert_memory(server, before, 16_000, "the memory after the flood")


if __name__ == "__main__":
    main()
