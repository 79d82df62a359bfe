"""Questions that wait for an upstream server that never answers: their places and their memory are shared fairly."""
from attack import AttackCase, main, resident_kilobytes, scaled

FORWARDED, AUTHORITATIVE = "%.fast.example", "www.t.example"


class WaitingQuestions(AttackCase):
    def setUp(self):
        super().setUp()
        self.server = self.start_server(upstream=self.start_upstream())
        self.before = resident_kilobytes(self.server.pid)

    def everybody_is_served(self):
        self.served(self.start_client(self.server, FORWARDED), self.start_client(self.server, AUTHORITATIVE),
                    self.start_client(self.server, FORWARDED, tcp=True))

    def test_other_names_are_forwarded(self):
        """120 connections with 100 questions each that are never answered: other clients get every answer"""
        for _ in range(2):
            attack = self.attack("hold", self.server, "%.dead.example", connections=120, questions=100)
            self.everybody_is_served()
            self.assert_memory_bounded(self.server, self.before, 48_000, "the questions")
            attack.end()
        self.everybody_is_served()

    def test_memory_serves_again(self):
        """The memory of questions that are never answered serves the next ones: a second attack takes no more"""
        held = []
        for _ in range(2):
            attack = self.attack("hold", self.server, "%.dead.example", connections=120, questions=100)
            self.ask_all(self.server, FORWARDED)
            attack.end()
            held.append(resident_kilobytes(self.server.pid))
        self.assert_memory(self.server, held[0], 4_000, "the memory after the second attack")

    def test_what_waits_is_the_question(self):
        """Frames of 64 KB with a question that is never answered: the junk in them takes no memory"""
        attack = self.attack("frames", self.server, "dead.example", connections=24, questions=100)
        self.assert_memory_bounded(self.server, self.before, 32_000, f"{scaled(24) * 100 * 64} kB were sent")
        self.everybody_is_served()
        attack.end()
        self.assert_memory(self.server, self.before, 16_000, "the memory of the frames")

    def test_small_questions(self):
        """1,000 connections with 100 small questions each for one dead name: memory is bounded and comes back"""
        attack = self.attack("hold", self.server, "dead.example", connections=1000, questions=100)
        self.assert_memory_bounded(self.server, self.before, 32_000, "the questions")
        self.everybody_is_served()
        attack.end()
        self.assert_memory(self.server, self.before, 16_000, "the memory of the questions")


if __name__ == "__main__":
    main()
