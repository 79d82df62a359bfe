"""A process that may have few descriptors serves: connections that rest give way to what needs one."""
import resource

from attack import ATTACKER, AttackCase, main


class Descriptors(AttackCase):
    def served_with(self, most):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

        server = self.start_server(upstream=self.start_upstream(), preexec_fn=limit)
        # Not fewer under the sanitizers: there have to be more than descriptors.
        attack = self.program("connections", "hold", "127.0.0.1", server.port, "www.t.example", "--source",
                              ATTACKER, "--connections", most + 100)
        self.assertEqual(attack.line(), "ready")
        self.served(self.start_client(server, "www.t.example"), self.start_client(server, "%.fast.example"),
                    self.start_client(server, "www.t.example", tcp=True, rate=20))
        self.ends_within_drain(server)

    def test_256(self):
        """With 256 descriptors and more connections than that, others are served over UDP, TCP and by forwarding"""
        self.served_with(256)

    def test_64(self):
        """With 64 descriptors and more connections than that, others are served over UDP, TCP and by forwarding"""
        self.served_with(64)


if __name__ == "__main__":
    main()
