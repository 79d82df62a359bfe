"""Network namespaces with links between them, which go with the test. Only root may make them."""
import itertools
import os
import subprocess
import unittest

from support import which

NUMBERS = itertools.count()


def ip(*words):
    subprocess.run([which("ip"), *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def needs_namespaces():
    """Skips the test where no namespace can be made."""
    name = f"taut-{os.getpid()}-probe"
    try:
        ip("netns", "add", name)
        ip("netns", "delete", name)
    except (subprocess.CalledProcessError, OSError) as error:
        raise unittest.SkipTest("no network namespaces here") from error


class Namespace:
    """A namespace with a loopback interface. Processes are started in it with `prefix` before their command."""

    def __init__(self, test):
        self.name = f"taut-{os.getpid()}-{next(NUMBERS)}"
        ip("netns", "add", self.name)
        test.addCleanup(ip, "netns", "delete", self.name)
        self.prefix = (which("ip"), "netns", "exec", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        ip("-n", self.name, *words)

    def run(self, *command):
        subprocess.run([*self.prefix, *map(str, command)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def link(one, other, name, *networks):
    """A link of this name between both, which have the first and the second address of each network."""
    one.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", other.name)
    for namespace, host in ((one, 1), (other, 2)):
        for network, length in networks:
            duplicates = ("nodad",) if ":" in network else ()
            namespace.ip("address", "add", f"{network}{host}/{length}", "dev", name, *duplicates)
        namespace.ip("link", "set", name, "up")
