"""A server that serves is shut in, by all layers and in all threads, and does all that it has to do; and `user`."""
import ctypes
import errno
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import unittest
import urllib.request
from pathlib import Path

from support import (NOERROR, SANITIZED, TAUTD, FakeUpstream, NetworkNamespace, Process, TestCase, ask_udp, engine,
                     free_port, main, make_query, refuse_call, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
ZONE = "@ 60 SOA ns host {serial} 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A {address}\n"
NEEDS_RESTART = ("it is in none of the folders that the configuration named at the start, and the sandbox leaves the "
                 "server no other: it needs a restart, for example by tautctl upgrade\n")
BIND_SERVICE, OVERRIDE_FILES = 1 << 10, 1 << 1
SECCOMP, LANDLOCK_CREATE_RULESET = 317, 444


def has_landlock():
    return ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1) > 0


def layers(*others):
    """What the log names: with io_uring its restrictions too."""
    return "sandbox: " + ", ".join([*(["io_uring restrictions"] if engine() == "io_uring" else []), *others])


def states(process="self"):
    """What /proc says of each thread of a process, of this one unless told."""
    texts = [task.joinpath("status").read_text() for task in Path(f"/proc/{process}/task").iterdir()]
    return [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line) for text in texts]


@unittest.skipIf(SANITIZED, "tautd is not shut in where it has a sanitizer")
class Caged(TestCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.path = self.folder / "taut.toml"
        self.listen = f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'
        self.write("one.zone", ZONE.format(serial=1, address="192.0.2.1"))
        self.elsewhere = self.folder.with_name(self.folder.name + "-elsewhere")
        self.elsewhere.mkdir()
        self.addCleanup(shutil.rmtree, self.elsewhere, ignore_errors=True)

    def replace(self, name, text, folder=None):
        """Puts a new file in the place of another one, as an editor does."""
        path = (folder or self.folder) / name
        other = path.with_name(path.name + ".new")
        other.write_text(text)
        other.chmod(0o640)
        other.rename(path)
        return path

    def start(self, text, *arguments, command=(TAUTD,), **options):
        self.replace("taut.toml", text + self.listen)
        server = Process([*command, "--config", self.path, *arguments], self.folder, name="tautd", **options)
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        server.wait_for_log("listening on")
        return server

    def reload(self, server, logged, text=None):
        """Reloads, with this text or as it is, and returns what the log says of it, which has `logged` in it."""
        if text is not None:
            self.replace("taut.toml", text + self.listen)
        before = len(server.log())
        server.signal(signal.SIGHUP)
        wait_until(lambda: logged in server.log()[before:], 10, f"{logged} in {server.log()}")
        return server.log()[before:]

    def ctl(self, *words):
        result = self.run_program(TAUTCTL, "--socket", self.folder / "control", *words)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def addresses(self, name, port=None):
        reply = ask_udp("127.0.0.1", port or self.port, make_query(name))
        return reply.addresses() if reply else None

    def answers(self, name, *addresses):
        wait_until(lambda: self.addresses(name) == list(addresses), 10, f"{name} is {addresses}")


class Sandbox(Caged):
    def test_all_threads(self):
        """Each thread has the filter, no way to new privileges, and only the capabilities that a reload needs"""
        server = self.start('[server]\ncontrol = "control"\n[http]\nlisten = ["127.0.0.1:PORT"]\n[[zone]]\n'
                            'name = "one"\n'.replace("PORT", str(free_port())))
        kept = BIND_SERVICE | (OVERRIDE_FILES if os.geteuid() == 0 else 0)
        threads = states(server.pid)
        self.assertGreater(len(threads), 4)
        for state in threads:
            self.assertEqual((state["Seccomp"], state["NoNewPrivs"]), ("2", "1"), state)
            for kind in ("CapEff", "CapPrm"):
                self.assertEqual(int(state[kind], 16) & ~kept, 0, state)
        if has_landlock():
            self.assertIn(layers("Landlock", "seccomp") + "\n", server.log())
        self.assertEqual(server.log().count("sandbox: "), 1)

    def test_off(self):
        """`sandbox = false`, and the option, leave the process as it was, and the log says so"""
        before = states()[0]
        for text, arguments in (("sandbox = false\n", ()), ("", ("--no-sandbox",))):
            server = self.start(text + '[[zone]]\nname = "one"\n', *arguments)
            self.assertIn("sandbox: off, as the configuration says\n", server.log())
            for state in states(server.pid):
                self.assertEqual((state["Seccomp_filters"], state["NoNewPrivs"]),
                                 (before["Seccomp_filters"], before["NoNewPrivs"]))
            server.stop()

    def test_old_kernel(self):
        """A kernel without Landlock is told in the line, and the other layers hold"""
        server = self.start('[[zone]]\nname = "one"\n', preexec_fn=refuse_call(errno.ENOSYS, LANDLOCK_CREATE_RULESET))
        self.assertIn(layers("seccomp") + "; this kernel offers no Landlock (Function not implemented)\n", server.log())
        self.assertEqual({state["Seccomp"] for state in states(server.pid)}, {"2"})
        two = self.elsewhere / "two.zone"
        two.write_text(ZONE.format(serial=1, address="192.0.2.2"))
        self.reload(server, "two. added", f'[[zone]]\nname = "one"\n[[zone]]\nname = "two"\nfile = "{two}"\n')
        self.answers("www.two", "192.0.2.2")

    def test_no_filters(self):
        """A kernel without filters of system calls is told in the line, and the other layers hold"""
        server = self.start('[[zone]]\nname = "one"\n', preexec_fn=refuse_call(errno.ENOSYS, SECCOMP))
        self.assertIn("; this kernel offers no seccomp (Function not implemented)\n", server.log())
        filters = int(states()[0]["Seccomp_filters"]) + 1  # that which this test adds
        for state in states(server.pid):
            self.assertEqual((state["Seccomp_filters"], state["NoNewPrivs"]), (str(filters), "1"))

    def test_everything_is_read_again(self):
        """Zones, lists, what zones include, hosts, resolv.conf, secrets and included files are read again, replaced"""
        (self.folder / "conf.d").mkdir()
        first, second = FakeUpstream(), FakeUpstream()
        self.addCleanup(first.close)
        self.addCleanup(second.close)
        self.replace("part", "deep 60 A 192.0.2.1\n", self.elsewhere)
        self.replace("one.zone", ZONE.format(serial=1, address="192.0.2.1") + f"$INCLUDE {self.elsewhere}/part\n")
        self.replace("two.zone", ZONE.format(serial=1, address="192.0.2.2"))
        self.replace("list", "two\ttwo.zone\n")
        self.replace("hosts", "192.0.2.5 box.test\n")
        self.replace("resolv.conf", f"nameserver 127.0.0.1:{first.port}\n")
        self.replace("secrets", "0" * 32 + "\n")
        text = ('include = ["conf.d/*.toml"]\nhosts-file = "hosts"\n[server.cookies]\nsecrets-file = "secrets"\n'
                '[[zone]]\nname = "one"\n[[zone-list]]\nfile = "list"\n[forward]\nresolv-conf = "resolv.conf"\n')
        server = self.start(text)
        self.answers("www.two", "192.0.2.2")
        self.assertEqual(self.addresses("deep.one"), ["192.0.2.1"])
        self.replace("part", "deep 60 A 192.0.2.101\n", self.elsewhere)
        self.replace("one.zone", ZONE.format(serial=2, address="192.0.2.102") + f"$INCLUDE {self.elsewhere}/part\n")
        self.replace("two.zone", ZONE.format(serial=2, address="192.0.2.103"))
        self.replace("hosts", "192.0.2.105 box.test\n")
        self.replace("resolv.conf", f"nameserver 127.0.0.1:{second.port}\n")
        self.replace("secrets", "1" * 32 + "\n" + "0" * 32 + "\n")
        self.replace("new.toml", '[server]\nidentity = "included"\n', self.folder / "conf.d")
        said = self.reload(server, "2 loaded anew")
        self.assertIn('server.identity = "included"', said)
        self.assertNotIn(" error ", said)
        for name, address in (("deep.one", 101), ("www.one", 102), ("www.two", 103), ("box.test", 105)):
            self.answers(name, f"192.0.2.{address}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(make_query("asked.example.net"), ("127.0.0.1", self.port))
            query, asker = second.receive()
            self.assertIn(b"asked", query)
            second.send(query, asker)
            client.settimeout(10)
            self.assertEqual(client.recv(512)[3] & 15, NOERROR)

    def test_new_listeners(self):
        """A reload opens listeners, also the first one of HTTP, and says who has a port that is taken"""
        text = '[[zone]]\nname = "one"\n'
        server = self.start(text)
        other, http = free_port(), free_port()
        more = f'[[listen]]\naddress = ["127.0.0.1:{other}", "0.0.0.0:{free_port()}"]\n'
        web = f'[http]\nlisten = ["127.0.0.1:{http}"]\n'
        self.reload(server, f"HTTP is served on 127.0.0.1:{http}", text + more + web)
        wait_until(lambda: self.addresses("www.one", other) == ["192.0.2.1"], 10, "the new listener answers")
        with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=10) as reply:
            metrics = reply.read().decode()
        self.assertRegex(metrics, r"(?m)^process_open_fds [1-9]")
        self.assertRegex(metrics, r"(?m)^process_resident_memory_bytes [1-9]")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            said = self.reload(server, "nothing has changed", f'{text}[[listen]]\naddress = ["127.0.0.1:{port}"]\n')
        name = pwd.getpwuid(os.geteuid()).pw_name
        self.assertIn(f"cannot listen on 127.0.0.1:{port} (UDP): Address already in use by a process of user {name}",
                      said)
        self.assertEqual(self.addresses("www.one"), ["192.0.2.1"])
        self.assertEqual({state["Seccomp"] for state in states(server.pid)}, {"2"})

    def test_control(self):
        """tautctl asks, reloads, dumps a zone and switches the log, and the socket file is gone at the end"""
        server = self.start('[server]\ncontrol = "control"\n[[zone]]\nname = "one"\n')
        self.assertIn("ready", self.ctl("status"))
        self.replace("one.zone", ZONE.format(serial=2, address="192.0.2.9"))
        self.ctl("reload")
        self.assertEqual(self.addresses("www.one"), ["192.0.2.9"])
        self.assertIn("192.0.2.9", self.ctl("zone", "dump", "one"))
        for words in (("stats",), ("zone", "list"), ("config", "show"), ("config", "diff"), ("log", "queries", "on")):
            self.ctl(*words)
        self.assertEqual(server.stop(), 0)
        self.assertFalse((self.folder / "control").exists())

    def test_short_of_memory(self):
        """What /proc says of the server itself is read also when the kernel has given up what it had in memory of it"""
        port = free_port()
        self.start(f'[http]\nlisten = ["127.0.0.1:{port}"]\n[[zone]]\nname = "one"\n')
        try:
            for _ in range(4):
                Path("/proc/sys/vm/drop_caches").write_text("2")
        except OSError as error:
            self.skipTest(f"only root of the machine has the kernel do so: {error}")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
            open_files = re.findall(r"^process_open_fds (\d+)", reply.read().decode(), re.MULTILINE)
        self.assertGreater(int(open_files[0]), 0)

    def test_dnstap(self):
        """A reader of dnstap that comes late, and one that comes again, are connected to"""
        server = self.start('[dnstap]\nsocket = "tap"\n[[zone]]\nname = "one"\n')
        for reader in range(2):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
                listener.bind(str(self.folder / "tap"))
                listener.listen()
                listener.settimeout(30)
                connection, _ = listener.accept()
                connection.settimeout(30)
                self.assertEqual(connection.recv(4), b"\0\0\0\0", f"reader {reader}: a control frame begins")
                connection.close()
            (self.folder / "tap").unlink()
        self.assertEqual(self.addresses("www.one"), ["192.0.2.1"])
        self.assertEqual(server.stop(), 0)

    def test_abort(self):
        """A process that aborts ends by that very signal"""
        server = self.start('[[zone]]\nname = "one"\n')
        server.ended = True
        server.signal(signal.SIGABRT)
        self.assertIn(server.wait(10), (-signal.SIGABRT, 1))


class Folders(Caged):
    def setUp(self):
        super().setUp()
        if not has_landlock():
            self.skipTest("this kernel has no Landlock")
        self.two = self.elsewhere / "two.zone"
        self.two.write_text(ZONE.format(serial=1, address="192.0.2.2"))

    def test_another_folder(self):
        """A file in another folder needs a restart, which is said with the place; the reload changes nothing"""
        text = '[[zone]]\nname = "one"\n'
        server = self.start(text)
        for name in ("resolv.conf", "secrets", "list"):
            self.replace(name, "", self.elsewhere)
        self.replace("more.toml", "[server]\nidentity = \"x\"\n", self.elsewhere)
        for line, place in (
            (f'[[zone]]\nname = "two"\nfile = "{self.two}"', "6:8"),
            (f'[[view]]\nname = "v"\nmatch = ["10.0.0.0/8"]\n[[view.zone]]\nfile = "{self.two}"', "8:1"),
            (f'[zone-defaults]\ndirectory = "{self.elsewhere}"', "6:13"),
            (f'[[zone-list]]\nfile = "{self.elsewhere}/list"', "6:8"),
            (f'[server.cookies]\nsecrets-file = "{self.elsewhere}/secrets"', "6:16"),
            (f'[[view]]\nname = "v"\nmatch = ["10.0.0.0/8"]\n[view.forward]\n'
             f'resolv-conf = "{self.elsewhere}/resolv.conf"', "9:15"),
        ):
            said = self.reload(server, "nothing has changed", f'[server]\nidentity = "y"\n{text}{line}\n')
            self.assertRegex(said, rf"{self.path}:{place}: \S+: {NEEDS_RESTART}")
            self.assertNotIn("identity", said)
        for pattern in ("more.toml", "*.toml"):
            said = self.reload(server, "nothing has changed", f'include = ["{self.elsewhere}/{pattern}"]\n{text}')
            self.assertRegex(said, rf"{self.path}:1:12: cannot .*: {NEEDS_RESTART}")
        self.assertEqual(self.addresses("www.one"), ["192.0.2.1"])
        self.reload(server, 'server.identity = "z"', f'[server]\nidentity = "z"\n{text}')

    def test_list_names_another_folder(self):
        """A list that names a zone in another folder is left as it was, with the place of the line"""
        path = self.replace("list", "one\tone.zone\n")
        server = self.start('[[zone-list]]\nfile = "list"\n')
        self.answers("www.one", "192.0.2.1")
        self.replace("list", f"one\tone.zone\ntwo\t{self.two}\n")
        said = self.reload(server, "served as they were before")
        self.assertIn(f"{path}:2:1: {self.two}: {NEEDS_RESTART}", said)
        self.assertEqual(self.addresses("www.one"), ["192.0.2.1"])

    def test_restart_takes_it(self):
        """With a restart the other folder is one of those that are left, also that of a zone in a list"""
        self.replace("list", f"two\t{self.two}\n")
        server = self.start('[[zone]]\nname = "one"\n[[zone-list]]\nfile = "list"\n')
        self.answers("www.two", "192.0.2.2")
        self.replace("two.zone", ZONE.format(serial=2, address="192.0.2.22"), self.elsewhere)
        self.reload(server, "two. loaded anew")
        self.answers("www.two", "192.0.2.22")

    def test_symbolic_links(self):
        """A link's file is read again in its own folder, and a link that leads elsewhere from now on is told"""
        (self.folder / "two.zone").symlink_to(self.two)
        third = self.folder.with_name(self.folder.name + "-third")
        third.mkdir()
        self.addCleanup(shutil.rmtree, third, ignore_errors=True)
        server = self.start('[[zone]]\nname = "one"\n[[zone]]\nname = "two"\n')
        self.replace("two.zone", ZONE.format(serial=2, address="192.0.2.22"), self.elsewhere)
        self.reload(server, "two. loaded anew")
        self.answers("www.two", "192.0.2.22")
        target = self.replace("three.zone", ZONE.format(serial=3, address="192.0.2.23"), third)
        (self.folder / "two.zone").unlink()
        (self.folder / "two.zone").symlink_to(target)
        said = self.reload(server, "1 failed")
        self.assertIn(f"two.zone: error: cannot read the file: {NEEDS_RESTART}", said)
        self.assertEqual(self.addresses("www.two"), ["192.0.2.22"])

    def test_folder_that_is_swapped(self):
        """A folder that is a link to another one below the same place may change, as volumes of containers do"""
        for number in (1, 2):
            (self.folder / f"..{number}").mkdir()
            self.replace("two.zone", ZONE.format(serial=number, address=f"192.0.2.{number}"),
                         self.folder / f"..{number}")
        (self.folder / "..data").symlink_to("..1")
        (self.folder / "two.zone").symlink_to("..data/two.zone")
        server = self.start('[[zone]]\nname = "two"\n')
        (self.folder / "..new").symlink_to("..2")
        (self.folder / "..new").rename(self.folder / "..data")
        self.reload(server, "two. loaded anew")
        self.answers("www.two", "192.0.2.2")

    def test_keys_need_a_restart(self):
        """A change of `sandbox` or `user` waits for a restart"""
        server = self.start('[[zone]]\nname = "one"\n')
        said = self.reload(server, "no zone has changed", 'sandbox = false\nuser = "nobody"\n[[zone]]\nname = "one"\n')
        self.assertIn(f"{self.path}:1:11: sandbox = false needs a restart; until then it is true", said)
        self.assertIn(f'{self.path}:2:8: user = "nobody" needs a restart; until then it is not given', said)
        self.assertEqual({state["Seccomp"] for state in states(server.pid)}, {"2"})


class User(Caged):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root becomes another user")
        self.user = pwd.getpwnam("nobody")
        self.folder.chmod(0o755)
        # The build folder may be root's alone.
        self.command = [self.folder / "tautd-copy"]
        shutil.copy(TAUTD, self.command[0])

    def start(self, text, *arguments, **options):
        for path in self.folder.glob("*.zone"):
            path.chmod(0o644)
        self.replace("taut.toml", text + self.listen)
        os.chown(self.path, self.user.pw_uid, self.user.pw_gid)
        return super().start(text, *arguments, command=self.command, **options)

    def replace(self, name, text, folder=None):
        path = super().replace(name, text, folder)
        path.chmod(0o644)
        return path

    def test_user(self):
        """Root becomes the user, with the user's groups, and keeps the right to listen on low ports, in all threads"""
        (self.folder / "run").mkdir()
        server = self.start('user = "nobody"\n[server]\ncontrol = "run/control"\n[[zone]]\nname = "one"\n')
        for state in states(server.pid):
            self.assertEqual(state["Uid"].split(), [str(self.user.pw_uid)] * 4)
            self.assertEqual(state["Gid"].split(), [str(self.user.pw_gid)] * 4)
            self.assertNotIn("0", state["Groups"].split())
            self.assertEqual(int(state["CapEff"], 16) & ~BIND_SERVICE, 0)
            self.assertEqual(state["Seccomp"], "2")
        self.assertTrue(any(int(state["CapEff"], 16) == BIND_SERVICE for state in states(server.pid)))
        self.assertNotIn("runs as root", server.log())
        control = self.folder / "run/control"
        self.assertEqual((control.stat().st_uid, control.stat().st_gid), (self.user.pw_uid, self.user.pw_gid))
        self.assertEqual(stat.S_IMODE(control.stat().st_mode), 0o660)
        for user in ({}, {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}):
            tool = self.folder / "tautctl-copy"
            shutil.copy(TAUTCTL, tool)
            result = self.run_program(tool, "--socket", control, "reload", cwd="/", **user)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.addresses("www.one"), ["192.0.2.1"])

    def test_low_ports(self):
        """A reload opens a listener on a port below 1024"""
        network = NetworkNamespace()
        self.addCleanup(network.close)
        text = '[[zone]]\nname = "one"\n'
        server = network.run(self.start, text, "--user", "nobody")
        network.run(self.reload, server, "listening on 127.0.0.2:53",
                    f'{text}[[listen]]\naddress = ["127.0.0.2:53"]\n')
        reply = network.run(ask_udp, "127.0.0.2", 53, make_query("www.one"))
        self.assertEqual(reply.addresses(), ["192.0.2.1"])
        network.run(self._finish, server)

    def test_unreadable(self):
        """What root can read and the user cannot is an error at the start, which names the user"""
        self.replace("taut.toml", f'user = "nobody"\n[[zone]]\nname = "one"\n{self.listen}')
        (self.folder / "one.zone").chmod(0o600)
        result = self.run_program(*self.command, "--config", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("one.zone: error: cannot read the file: Permission denied: user nobody may not read it",
                      result.stderr)
        (self.folder / "one.zone").chmod(0o644)
        self.path.chmod(0o600)
        result = self.run_program(*self.command, "--config", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"as user nobody: {self.path}:1:1: cannot read '{self.path}'", result.stderr)

    def test_wrong_user(self):
        """A user that there is not is a mistake with its place, also for --check"""
        self.replace("taut.toml", f'user = "no-such-user"\n[[zone]]\nname = "one"\n{self.listen}')
        for arguments in (("--check",), ()):
            result = self.run_program(*self.command, "--config", self.path, *arguments)
            self.assertEqual((result.returncode, result.stderr),
                             (1, f"{self.path}:1:8: there is no user 'no-such-user'; expected one that `getent passwd` "
                                 "lists\n"))
        result = self.run_program(*self.command, "--user", "no-such-user", "--zone", "one.zone")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--user: there is no user 'no-such-user'", result.stderr)
        result = self.run_program(*self.command, "--config", self.path, "--user", "root", cwd="/", user=65534,
                                  group=65534, extra_groups=[])
        self.assertEqual(result.returncode, 1)
        self.assertIn("--user: user nobody started the server; only root can have it become root", result.stderr)

    def test_root(self):
        """A server that runs as root says so once"""
        server = self.start('[[zone]]\nname = "one"\n')
        self.assertEqual(server.log().count("the server runs as root"), 1)
        self.reload(server, "no zone has changed")
        self.assertEqual(server.log().count("the server runs as root"), 1)


if __name__ == "__main__":
    main()
