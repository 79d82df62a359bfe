"""A flood whose replies leave by a slow link stops no client of another socket, and the server ends at once."""
from attack import DRAIN, main
from slow_link import FAST, FAST_V6, SlowLinkCase


class SlowLink(SlowLinkCase):
    def test_other_clients(self):
        """Clients of another socket lose nothing during the flood, those of the same one nothing after it"""
        flood = self.flood_slow_link(seconds=6)
        self.served(self.beside(FAST_V6), self.beside(FAST, tcp=True))
        self.assertGreater(flood.line()["sent"], 0)
        self.served(self.beside(FAST), self.beside(FAST_V6))

    def test_end(self):
        """Replies that the link has not taken do not keep the server from ending"""
        self.flood_slow_link(seconds=8)
        self.ends_within(self.server, DRAIN - 1)


if __name__ == "__main__":
    main()
