"""A flood over UDP from many ports and addresses. Prints a line of JSON at its end: sent, answered, octets of both."""
import argparse
import json
import random
import socket
import time

import wire


def garbage():
    """Octets of any kind, half of them behind a header that looks like a query's."""
    octets = random.randbytes(random.randrange(600))
    return wire.make_query("x.")[:12] + octets if random.getrandbits(1) else octets


def from_names(names, rrtype, payload_size):
    def make(number):
        return wire.make_query(names[number % len(names)].replace("%", wire.random_label()), rrtype, edns=payload_size)

    return make


def open_sockets(arguments):
    sockets = []
    for number in range(arguments.sockets):
        one = socket.socket(socket.AF_INET6 if ":" in arguments.host else socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        if arguments.source:
            # Further addresses of the same /16 where it is to look like many clients.
            network = arguments.source.split(".")
            if arguments.many:
                network[2:] = [str(number >> 8 & 255), str(number & 255 or 1)]
            one.bind((".".join(network), 0))
        one.connect((arguments.host, arguments.port))
        sockets.append(one)
    return sockets


class Flood:
    """Sends at a rate that the clock gives, whatever comes back."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.sockets = open_sockets(arguments)
        names = from_names(arguments.names, arguments.type, arguments.payload_size)
        self.make = names if arguments.names else lambda _: garbage()
        self.counts = dict.fromkeys(("sent", "octets_sent", "answered", "octets_answered", "truncated"), 0)

    def send(self, number):
        message = self.make(number)
        try:
            self.sockets[number % len(self.sockets)].send(message)
        except OSError:
            return  # the queue is full, or an ICMP message has come
        self.counts["sent"] += 1
        self.counts["octets_sent"] += len(message)

    def receive(self, one):
        try:
            while True:
                octets = one.recv(65535)
                self.counts["answered"] += 1
                self.counts["octets_answered"] += len(octets)
                self.counts["truncated"] += len(octets) > 2 and octets[2] >> 1 & 1
        except OSError:
            pass

    def run(self, stop):
        number, start = 0, time.monotonic()
        end = start + self.arguments.seconds
        while (now := time.monotonic()) < end and not stop.is_set():
            due = int((now - start) * self.arguments.rate)
            for number in range(number, due):
                self.send(number)
            number = max(number, due)
            # The answers are read as a client would read them, which otherwise the kernel keeps.
            for one in random.sample(self.sockets, min(8, len(self.sockets))):
                self.receive(one)
            time.sleep(0.001)
        time.sleep(0.3)
        for one in self.sockets:
            self.receive(one)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("names", nargs="*", help="a % in a name becomes a random label; without a name, garbage")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--sockets", type=int, default=16)
    parser.add_argument("--source", help="IPv4 address to send from")
    parser.add_argument("--many", action="store_true", help="each socket has an address of its own, beside the source")
    parser.add_argument("--type", type=int, default=wire.A)
    parser.add_argument("--payload-size", type=int, help="offered with EDNS")
    wire.allow_many_descriptors()
    stop = wire.stop_on_request()
    flood = Flood(parser.parse_args())
    flood.run(stop)
    wire.say(json.dumps(flood.counts))


if __name__ == "__main__":
    main()
