"""The rate limit holds for all responses to a network together: many names in turn do not raise it."""
from attack import ZONE, AttackCase, main

NAMES = 100
LIMIT_OF_ALL = 50
SECONDS = 3


class AllResponses(AttackCase):
    def test_names_in_turn(self):
        """A hundred existing names in turn get what all responses together may be, and another network gets its own"""
        names = [f"h{number}.t.example" for number in range(NAMES)]
        zone = ZONE + "".join(f"h{number} A 192.0.2.{number}\n" for number in range(NAMES))
        server = self.start_server("--rate-limit", 20, "--rate-limit-all", LIMIT_OF_ALL, zone=zone)
        flood = self.flood(server, *names, rate=1000, seconds=SECONDS)
        self.ask_all(server, "www.t.example", rate=10)
        counts = flood.line()
        whole = counts["answered"] - counts["truncated"]
        self.assertGreaterEqual(whole, min(LIMIT_OF_ALL, counts["sent"]))
        # The clock of the flood begins and ends within a second of the limit.
        self.assertLessEqual(whole, LIMIT_OF_ALL * (SECONDS + 2))


if __name__ == "__main__":
    main()
