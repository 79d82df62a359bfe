"""An address that no interface has yet keeps no other from being served, and is taken when it comes."""
from attack import AttackCase, main
from networks import Namespace, needs_namespaces
from support import TAUTD, EXAMPLE_ZONE, Process, free_port, wait_until, which

PRESENT, MISSING = "127.0.0.1", "10.201.3.1"


class MissingAddress(AttackCase):
    def answered(self, namespace, server, host):
        result = self.run_program(*namespace.prefix, which("dig"), f"@{host}", "-p", server.port, "+tries=1",
                                  "+timeout=1", "+short", "www.example.com")
        return "192.0.2.10" in result.stdout

    def test_served_when_it_comes(self):
        """The others serve, the missing one is said once, and served when an interface has it"""
        needs_namespaces()
        namespace = Namespace(self)
        port = free_port()
        command = [*namespace.prefix, TAUTD, "-p", port, "-i", PRESENT, "-i", MISSING, "-z", EXAMPLE_ZONE]
        server = Process(command, self.folder, name="tautd")
        server.port = port
        self.addCleanup(self._finish, server)
        wait_until(lambda: self.answered(namespace, server, PRESENT), 10, "the address that is there is served")
        # Long enough for another look at the one that is not.
        self.assertFalse(any(self.answered(namespace, server, MISSING) for _ in range(3)))
        said = [line for line in server.wait_for_log(MISSING).splitlines() if " warning " in line and MISSING in line]
        self.assertEqual(len(said), 1, server.log())
        namespace.ip("address", "add", f"{MISSING}/24", "dev", "lo")
        wait_until(lambda: self.answered(namespace, server, MISSING), 20, "the address that has come is served")
        self.assertTrue(self.answered(namespace, server, PRESENT))


if __name__ == "__main__":
    main()
