"""Servers of a small Internet of its own on loopback, which a recursor has to walk: the root, a top-level domain, and a
server of many zones. Referrals have no ports, so each listens on port 53 of an address of its own."""
import shutil
import time

from processes import RunningServer
from servers import StartFailure, ask

ROOT, TOP, ZONES = "127.53.0.1", "127.53.0.2", "127.53.0.3"
START_SECONDS = 60


class Authorities:
    """They run on the core that has no server under test, until the end of the `with`."""

    def __init__(self, context, workload):
        self.context = context
        self.served = [(ROOT, workload.root), (TOP, workload.top), (ZONES, workload.zones)]
        self.folder = context.folder / "authorities"
        self.running = []

    def __enter__(self):
        self.folder.mkdir()
        try:
            for address, zones in self.served:
                self.start(address, zones)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.running:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, address, zones):
        listed, log = self.folder / f"{address}.zones", self.folder / f"{address}.log"
        listed.write_text("".join(f"{origin}\t{file}\n" for origin, file in zones))
        command = [self.context.tautd, "-i", address, "-p", "53", "-t", "1", "--zone-list", str(listed)]
        server = RunningServer("authority", command, self.context.load_core, log)
        self.running.append(server)
        end = time.monotonic() + START_SECONDS
        while ask(53, zones[0][0], 0.25, host=address) is None:
            if not server.alive or time.monotonic() > end:
                raise StartFailure(f"no server on port 53 of {address}:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
