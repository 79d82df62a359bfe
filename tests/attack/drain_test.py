"""While the server drains, no new question vanishes, and no attack makes it longer than it may last."""
import signal

from attack import AttackCase, main, wait_until
from support import Reply, connect, frame, make_query, read_frame


class Drain(AttackCase):
    def start_with_dead_question(self):
        """A server that will drain for as long as it may: a connection waits for what no server answers."""
        server = self.start_server(upstream=self.start_upstream())
        connection = connect("127.0.0.1", server.port)
        self.addCleanup(connection.close)
        connection.sendall(frame(make_query("www.t.example")) + frame(make_query("x.dead.example")))
        self.assertTrue(Reply(read_frame(connection)).answers)
        return server

    def test_new_questions_do_not_vanish(self):
        """400 questions that come while the server drains are answered, or refused at once"""
        server = self.start_with_dead_question()
        server.signal(signal.SIGTERM)
        client = self.start_client(server, "www.t.example", seconds=4)
        result = client.line()
        self.assertEqual(result["lost"], 0, result)
        self.assertEqual(result["answered"] + result["refused"], result["asked"], result)
        wait_until(lambda: not server.running(), 5, "the server ends")

    def test_ends_under_attack(self):
        """Dead questions on 500 connections and a flood do not keep it from ending"""
        server = self.start_with_dead_question()
        self.attack("hold", server, "%.dead.example", connections=500)
        flood = self.flood(server, "%.wild.t.example", rate=1000, seconds=20)
        self.ask_all(server, "www.t.example", seconds=0.5)
        self.ends_within_drain(server)
        flood.end()


if __name__ == "__main__":
    main()
