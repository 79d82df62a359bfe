"""Connections that one client holds keep no other client out, and what it leaves behind is free at once."""
from attack import AttackCase, descriptors, main, scaled, wait_until

PLACES = 1024  # of one thread
KEPT_SOCKETS = 64  # for the next questions to other servers


class HeldConnections(AttackCase):
    def setUp(self):
        super().setUp()
        self.server = self.start_server("--max-connections", scaled(PLACES), upstream=self.start_upstream())
        self.before = descriptors(self.server.pid)

    def others_get_in(self):
        """Clients over TCP, with answers of a zone and of another server, and over UDP."""
        self.served(self.start_client(self.server, "www.t.example", tcp=True),
                    self.start_client(self.server, "%.fast.example", tcp=True),
                    self.start_client(self.server, "www.t.example"))

    def places_are_free(self):
        most = self.before + KEPT_SOCKETS + scaled(40)
        wait_until(lambda: descriptors(self.server.pid) <= most, 10, "the places are free")

    def test_closed_at_once(self):
        """2,300 connections with a question that is never answered, closed at once, hold no place"""
        self.attack("close", self.server, "dead.example", connections=2300)
        self.others_get_in()
        self.places_are_free()

    def test_reset(self):
        """2,300 connections that are reset, half of them within a frame, hold no place"""
        self.attack("reset", self.server, "dead.example", connections=2300)
        self.others_get_in()
        self.places_are_free()

    def test_kept_alive(self):
        """A client that keeps more connections busy than there are places displaces itself"""
        attack = self.attack("keep-alive", self.server, "www.t.example", connections=PLACES * 5 // 4)
        self.others_get_in()
        attack.end()
        self.places_are_free()

    def test_dead_questions_on_all_places(self):
        """A client that waits for an answer on more connections than there are places displaces itself"""
        attack = self.attack("hold", self.server, "%.dead.example", connections=PLACES * 5 // 4)
        self.others_get_in()
        attack.end()
        self.places_are_free()

    def test_octet_by_octet(self):
        """More connections than there are places, each with an octet a second, keep no other client waiting"""
        self.attack("slow", self.server, "www.t.example", "--interval", 1, connections=PLACES * 5 // 4)
        self.others_get_in()


if __name__ == "__main__":
    main()
