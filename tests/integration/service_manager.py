"""A service manager as systemd is one, as far as a service sees it: it starts the server with sockets, hears what it
says (sd_notify(3)), and keeps the sockets that it is given."""
import array
import ctypes
import os
import queue
import signal
import socket
import threading
from pathlib import Path

from support import SLOWNESS, TAUTD, wait_until

FIRST = 3  # descriptor of LISTEN_FDS


def adopt_orphans():
    """Processes whose parent has ended become children of this one, which can wait for them then."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


class Child:
    """A server that this process waits for, whichever process has started it."""

    def __init__(self, pid, log_path=None):
        self.pid = pid
        self.log_path = log_path
        self.status = None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path else ""

    def running(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=10):
        wait_until(lambda: not self.running(), seconds, f"process {self.pid} ends")
        return self.status

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
            self.wait()


class ServiceManager:
    def __init__(self, folder, name=None):
        self.folder = folder
        self.name = name or str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:] if self.name.startswith("@") else self.name)
        self.messages = queue.Queue()
        self.store = {}  # name: sockets
        self.ending = False
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self):
        self.ending = True
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
        for sockets in self.store.values():
            for each in sockets:
                each.close()

    def _listen(self):
        while not self.ending:
            text, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_LEN(253 * 4))
            descriptors = array.array("i")
            for level, kind, data in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(data[: len(data) - len(data) % 4])
            message = dict(line.split("=", 1) for line in text.decode().splitlines())
            name = message.get("FDNAME")
            if "FDSTORE" in message:
                for descriptor in descriptors:
                    self._keep(name, socket.socket(fileno=descriptor))
            if "FDSTOREREMOVE" in message:
                for each in self.store.pop(name, []):
                    each.close()
            self.messages.put(message)

    def _keep(self, name, kept):
        so_cookie = 57
        cookies = [each.getsockopt(socket.SOL_SOCKET, so_cookie, 8) for each in self.store.setdefault(name, [])]
        if kept.getsockopt(socket.SOL_SOCKET, so_cookie, 8) in cookies:
            kept.close()
        else:
            self.store[name].append(kept)

    def next(self, key, seconds=15):
        """The next message that has the key."""
        while True:
            message = self.messages.get(timeout=seconds * SLOWNESS)
            if key in message:
                return message

    def heard(self):
        """All that has been said and not been asked for."""
        messages = []
        while not self.messages.empty():
            messages.append(self.messages.get())
        return messages

    def start(self, *arguments, sockets=(), environment=()):
        """Starts tautd with these sockets, pairs of a name and a socket, and with those that are kept."""
        given = list(sockets) + [(name, each) for name, kept in self.store.items() for each in kept]
        log_path = Path(self.folder, "tautd.log")
        command = [TAUTD, *map(str, arguments)]
        variables = {**os.environ, "NOTIFY_SOCKET": self.name, **dict(environment)}
        pid = os.fork()
        if pid:
            return Child(pid, log_path)
        try:
            variables |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(given)),
                          "LISTEN_FDNAMES": ":".join(name for name, _ in given)}
            log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            high = [os.dup(each.fileno()) for _, each in given]
            while high and min(high) < FIRST + len(given):
                high = [os.dup(each) for each in high]
            for place, descriptor in enumerate(high):
                os.dup2(descriptor, FIRST + place)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.execve(command[0], command, variables)
        finally:
            os._exit(127)
