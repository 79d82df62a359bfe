"""Started without standard streams, it gives their numbers to nothing else."""
import os

from attack import AttackCase, main

STREAMS = (0, 1, 2)


class StandardStreams(AttackCase):
    def test_closed(self):
        """Descriptors 0 to 2 are /dev/null where they were closed at its start, and no socket that the log writes to"""
        def close_all():
            for stream in STREAMS:
                os.close(stream)

        server = self.start_server("-vv", upstream=self.start_upstream(), preexec_fn=close_all)
        self.served(self.start_client(server, "www.t.example", seconds=0.5),
                    self.start_client(server, "%.fast.example", seconds=0.5),
                    self.start_client(server, "www.t.example", seconds=0.5, tcp=True))
        for stream in STREAMS:
            self.assertEqual(os.readlink(f"/proc/{server.pid}/fd/{stream}"), "/dev/null")


if __name__ == "__main__":
    main()
