"""A well-behaved client: asks at a constant rate, each question from a new port, and waits for each answer.

Prints a line of JSON at its end: how many questions were asked and answered, how many were lost, how many were refused
a connection or a datagram, the RCODEs, and the latency in milliseconds.
"""
import argparse
import json
import selectors
import socket
import time
from collections import Counter

import wire


class Question:
    """One question on a socket of its own."""

    def __init__(self, arguments, number):
        family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM if arguments.tcp else socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        if arguments.source:
            self.socket.bind((arguments.source, 0))
        names = arguments.names
        # A label of the client's own: "%" in a name stands for what no question had before.
        name = names[number % len(names)].replace("%", f"q{number}-{wire.random_label()}")
        self.message = wire.make_query(name)
        self.tcp = arguments.tcp
        self.received = b""
        self.asked = time.monotonic()
        self.socket.connect_ex((arguments.host, arguments.port))
        self.waits_for = selectors.EVENT_WRITE if self.tcp else selectors.EVENT_READ
        if not self.tcp:
            self.socket.send(self.message)

    def proceed(self):
        """The whole reply, or None while it is not there. Raises OSError where there will be none."""
        if self.waits_for == selectors.EVENT_WRITE:
            self.socket.send(wire.frame(self.message))
            self.waits_for = selectors.EVENT_READ
            return None
        part = self.socket.recv(65535)
        if not self.tcp:
            return part if part[:2] == self.message[:2] else None
        if not part:
            raise ConnectionResetError("closed without an answer")
        self.received += part
        size = int.from_bytes(self.received[:2], "big")
        return self.received[2:] if len(self.received) >= max(2 + size, 14) else None


class Client:
    """Keeps the questions that wait, and counts what becomes of each."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.selector = selectors.DefaultSelector()
        self.waiting = {}
        self.latencies = []
        self.rcodes = Counter()
        self.lost = self.refused = self.asked = 0

    def ask(self):
        try:
            question = Question(self.arguments, self.asked)
        except OSError:
            self.refused += 1
        else:
            self.waiting[question.socket] = question
            self.selector.register(question.socket, question.waits_for)
        self.asked += 1

    def end(self, question):
        self.selector.unregister(question.socket)
        question.socket.close()
        del self.waiting[question.socket]

    def proceed(self, question):
        try:
            reply = question.proceed()
        except BlockingIOError:
            return
        except OSError:
            self.refused += 1
            self.end(question)
            return
        if reply is None:
            self.selector.modify(question.socket, question.waits_for)
            return
        self.latencies.append(time.monotonic() - question.asked)
        self.rcodes[reply[3] & 15] += 1
        self.end(question)

    def expire(self):
        oldest = time.monotonic() - self.arguments.patience
        for question in [question for question in self.waiting.values() if question.asked < oldest]:
            self.lost += 1
            self.end(question)

    def run(self):
        count = round(self.arguments.seconds * self.arguments.rate)
        start = time.monotonic()
        while self.asked < count or self.waiting:
            while self.asked < count and time.monotonic() >= start + self.asked / self.arguments.rate:
                self.ask()
            for key, _ in self.selector.select(0.002):
                self.proceed(self.waiting[key.fileobj])
            self.expire()

    def result(self):
        self.latencies.sort()
        last = len(self.latencies) - 1

        def at(part):
            return round(self.latencies[round(last * part)] * 1000, 3) if self.latencies else None

        return {"asked": self.asked, "answered": len(self.latencies), "lost": self.lost, "refused": self.refused,
                "rcodes": dict(self.rcodes), "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("names", nargs="+", help="asked in turn; a % in a name becomes a label that is always new")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--patience", type=float, default=3)
    parser.add_argument("--source", help="address to ask from")
    parser.add_argument("--tcp", action="store_true", help="a new connection for each question")
    wire.allow_many_descriptors()
    client = Client(parser.parse_args())
    client.run()
    wire.say(json.dumps(client.result()))


if __name__ == "__main__":
    main()
