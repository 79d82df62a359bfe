"""Messages as tools and tests send them, and what the programs of this folder do at their start and end."""
import os
import random
import resource
import signal
import struct
import sys
import threading

A, TXT = 1, 16


def encode_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def make_query(name, rrtype=A, recursion=True, edns=None, dnssec=False, identifier=None, opcode=0):
    """A query in wire form; `edns` is the payload size to offer."""
    flags = (0x0100 if recursion else 0) | opcode << 11
    if identifier is None:
        identifier = random.randrange(65536)
    message = struct.pack(">6H", identifier, flags, 1, 0, 0, 0 if edns is None else 1)
    message += encode_name(name) + struct.pack(">2H", rrtype, 1)
    if edns is not None:
        message += b"\0" + struct.pack(">2HIH", 41, edns, 0x8000 if dnssec else 0, 0)
    return message


def frame(message):
    return struct.pack(">H", len(message)) + message


def random_label():
    return f"{random.getrandbits(48):012x}"


def allow_many_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def stop_on_request():
    """An event that SIGTERM sets, or the end of the standard input, with which the parent of this program ends."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def watch():
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    return stop


def say(line):
    print(line, flush=True)
