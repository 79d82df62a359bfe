"""A first server that has fallen silent costs the first questions something, and not all of them."""
import socket

from attack import PATIENCE, AttackCase, main
from support import NOERROR, FakeUpstream, ask_udp, make_query

QUESTIONS = 30
FEW = 8  # that may still go to the silent server: the first, and a look now and then whether it is back


class SilentUpstream(AttackCase):
    def asked(self, upstream):
        """How many queries have come."""
        upstream.socket.setblocking(False)
        count = 0
        try:
            while True:
                upstream.socket.recv(4096)
                count += 1
        except BlockingIOError:
            return count

    def test_the_next_server_is_asked(self):
        """After a few questions those that follow go to the server that answers"""
        silent, answering = FakeUpstream(), self.start_upstream()
        self.addCleanup(silent.close)
        silent.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server = self.start_server("--forward", f"127.0.0.1:{silent.port}", "--forward", f"127.0.0.1:{answering.port}")
        for number in range(QUESTIONS):
            reply = ask_udp("127.0.0.1", server.port, make_query(f"n{number}.fast.example"), PATIENCE)
            self.assertIsNotNone(reply, f"question {number}")
            self.assertEqual(reply.rcode, NOERROR)
        self.assertLessEqual(self.asked(silent), FEW)


if __name__ == "__main__":
    main()
