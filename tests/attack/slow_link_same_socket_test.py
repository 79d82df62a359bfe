"""A flood whose replies leave by a slow link stops no client behind another link, though one socket serves both."""
from attack import main
from slow_link import FAST, SlowLinkCase


class SameSocket(SlowLinkCase):
    def test_other_link(self):
        """Clients behind another link lose nothing during the flood"""
        flood = self.flood_slow_link(seconds=6)
        self.served(self.beside(FAST))
        self.assertGreater(flood.line()["sent"], 0)


if __name__ == "__main__":
    main()
