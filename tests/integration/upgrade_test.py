"""tautctl upgrade: another process takes the sockets and serves, and no query is lost by it."""
import json
import os
import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path

from load import Load
from service_manager import Child, ServiceManager, adopt_orphans
from support import (A, EXAMPLE_ZONE, NOERROR, TAUTD, FakeUpstream, Reply, TestCase, ask_tcp, ask_udp, connect, frame,
                     free_port, main, make_query, read_frame, wait_until, which)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
QUESTION = make_query("www.example.com", A)


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def descriptors_at_rest(pid):
    """How many it has open once those are closed by which it was asked just now"""
    last = []

    def rest():
        last.append(descriptors_of(pid))
        return len(last) >= 10 and len(set(last[-10:])) == 1

    wait_until(rest, what="a number of descriptors that stays")
    return last[-1]


class Upgrade(TestCase):
    def setUp(self):
        super().setUp()
        adopt_orphans()
        self.port = free_port()
        self.control = self.folder / "control"
        self.program = self.folder / "tautd"
        self.program.symlink_to(TAUTD)

    def configuration(self, text="", threads=2):
        self.write("taut.toml", f'[server]\ncontrol = "{self.control}"\nthreads = {threads}\n'
                   f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n[[zone]]\nfile = "{EXAMPLE_ZONE}"\n{text}')

    def start(self, text="", **options):
        self.configuration(text)
        server = self.spawn(self.program, "--config", "taut.toml", cwd=self.folder, **options)
        server.port = self.port
        self.wait_for_answer(server, query=QUESTION)
        self.addCleanup(self.end)
        wait_until(lambda: self.status()["state"] != "starting", 10, "the server has started")
        return server

    def end(self):
        """Whichever process serves at the end ends in order."""
        if not self.control.exists():
            return
        process = Child(self.process())
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def status(self):
        return json.loads(self.ctl("status", "--json"))

    def process(self):
        return self.status()["process"]

    def ctl(self, *words, status=0, **options):
        result = self.run_program(TAUTCTL, "--socket", self.control, *words, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout if status == 0 else result.stderr

    def replace_program(self, script):
        self.program.unlink()
        self.program.write_text(f"#!/bin/sh\n{script}\n")
        self.program.chmod(0o755)

    def answers(self):
        self.assertEqual(ask_udp("127.0.0.1", self.port, QUESTION).rcode, NOERROR)
        self.assertEqual(ask_tcp("127.0.0.1", self.port, QUESTION).rcode, NOERROR)

    def test_process(self):
        """The next process runs as the one before did, and that one ends; what each has open stays the same"""
        http = free_port()
        server = self.start(f'[http]\nlisten = ["127.0.0.1:{http}"]\n', env={**os.environ, "SOME": "thing"})
        descriptors = descriptors_at_rest(server.pid)
        said = self.ctl("upgrade")
        self.assertEqual(server.wait(15), 0, server.log())
        first = self.process()
        self.assertEqual(said, f"process {first} serves in place of {server.pid}\n")
        self.answers()
        process = Path("/proc", str(first))
        self.assertEqual(process.joinpath("cmdline").read_bytes(), f"{self.program}\0--config\0taut.toml\0".encode())
        self.assertEqual(process.joinpath("cwd").readlink(), self.folder)
        environment = process.joinpath("environ").read_bytes().split(b"\0")
        self.assertEqual([entry for entry in environment if entry.startswith(b"SOME=")], [b"SOME=thing"])
        self.assertEqual(os.getsid(first), first)
        connection = HTTPConnection("127.0.0.1", http, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/health/ready")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        said = json.loads(self.ctl("upgrade", "--json"))
        self.assertEqual(said, {"process": self.process(), "replaced": first})
        self.assertEqual(Child(first).wait(), 0)
        self.assertEqual(descriptors_at_rest(said["process"]), descriptors)
        server.wait_for_log("info this process has taken over\n")

    def test_no_query_lost(self):
        """Upgrades under load, to other numbers of threads too, lose no datagram and reset no new connection"""
        self.start()
        load = Load(self, self.port, QUESTION, sockets=16, rate=5000)
        before = []
        for threads in (2, 1, 3, 2):
            before.append(self.process())
            self.configuration(threads=threads)
            self.ctl("upgrade")
        load.check_all_answered()
        for pid in before[1:]:
            self.assertEqual(Child(pid).wait(), 0)

    def test_connections(self):
        """A question in work is answered by the process that has it, for which the tool waits; a connection that rests
        ends in order"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start(f'[forward]\nservers = ["127.0.0.1:{upstream.port}"]\n')
        resting = connect("127.0.0.1", self.port)
        waiting = connect("127.0.0.1", self.port)
        for each in (resting, waiting):
            self.addCleanup(each.close)
            each.sendall(frame(QUESTION))
            self.assertEqual(Reply(read_frame(each)).rcode, NOERROR)
        waiting.sendall(frame(make_query("slow.test", A)))
        query, client = upstream.receive()
        tool = self.spawn(TAUTCTL, "--socket", self.control, "upgrade")
        self.assertIsNone(read_frame(resting))
        self.assertTrue(tool.running())
        upstream.send(query, client)
        self.assertEqual(Reply(read_frame(waiting)).addresses(), ["192.0.2.99"])
        self.assertEqual(tool.wait(15), 0)
        self.assertIsNone(read_frame(waiting))
        self.assertEqual(server.wait(15), 0, server.log())

    def goes_on(self, server):
        self.assertTrue(server.running(), server.log())
        self.assertEqual(self.process(), server.pid)
        self.answers()
        self.ctl("reload")

    def test_mistake(self):
        """A next process that finds mistakes says so to the tool, and the server goes on"""
        server = self.start()
        self.configuration("nonsense = 1\n[more]\n")
        said = self.ctl("upgrade", status=1)
        self.assertRegex(said, r"^tautctl: the server goes on as it was: taut\.toml:8:1: 'nonsense' is not known .*\n"
                         r"taut\.toml:9:2: 'more' is not known .* \(exit status 1\)\n$")
        self.configuration('[[zone]]\nfile = "missing.zone"\n')
        self.assertIn("missing.zone: error: cannot read the file", self.ctl("upgrade", status=1))
        taken = self.start_tautd("--zone", EXAMPLE_ZONE)
        self.configuration(f'[[listen]]\naddress = ["127.0.0.1:{taken.port}"]\n')
        self.assertIn(f"127.0.0.1:{taken.port}", self.ctl("upgrade", status=1))
        self.configuration()
        self.goes_on(server)

    def test_failures(self):
        """A next process that ends, or is not ready in time, or is no program leaves the server as it was"""
        server = self.start()
        for script, said in (("exit 3", r"the new process ended before it was ready \(exit status 3\)"),
                             ("kill -9 $$", r"the new process ended before it was ready \(signal 9\)")):
            self.replace_program(script)
            self.assertRegex(self.ctl("upgrade", status=1), said)
        self.replace_program("exec sleep 60")
        said = self.ctl("upgrade", "--timeout", "1s", status=1)
        self.assertEqual(said, "tautctl: the server goes on as it was: the new process was not ready within 1 s\n")
        server.wait_for_log("info control: upgrade --timeout 1s, by user")
        self.program.unlink()
        self.program.write_bytes(b"\x7fELF")
        self.program.chmod(0o755)
        self.assertIn("Exec format error", self.ctl("upgrade", status=1))
        self.program.unlink()
        self.program.symlink_to(TAUTD)
        self.goes_on(server)

    def test_one_at_a_time(self):
        """While the server waits for the next process it neither reloads nor begins another upgrade; a tool that is
        killed ends it all"""
        server = self.start()
        self.replace_program("sleep 60 & echo $! >sleeping; wait")
        tool = subprocess.Popen([TAUTCTL, "--socket", self.control, "upgrade"], stderr=subprocess.DEVNULL)
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)
        wait_until(lambda: (self.folder / "sleeping").exists() and (self.folder / "sleeping").read_text(),
                   what="the next process runs")
        self.assertIn("the server is being upgraded", self.ctl("reload", status=1))
        self.assertIn("the server is being upgraded already", self.ctl("upgrade", status=1))
        sleeping = int((self.folder / "sleeping").read_text())
        script = int(Path(f"/proc/{sleeping}/stat").read_text().rsplit(")", 1)[1].split()[1])
        tool.kill()
        tool.wait()
        for pid in (script, sleeping):
            os.kill(pid, signal.SIGKILL)
            Child(pid).wait()
        wait_until(lambda: "being upgraded" not in self.run_program(TAUTCTL, "-s", self.control, "reload").stderr,
                   what="the upgrade ends")
        self.program.unlink()
        self.program.symlink_to(TAUTD)
        self.goes_on(server)

    def test_lists(self):
        """The next process has the zones of lists before it takes a query"""
        zone = self.write("t.zone", EXAMPLE_ZONE.read_text().replace("example.com", "listed.example"))
        path = self.write("list", f"listed.example\t{zone}\n")
        server = self.start()
        self.configuration(f'[[zone-list]]\nfile = "{path}"\n')
        self.ctl("upgrade")
        reply = ask_udp("127.0.0.1", self.port, make_query("www.listed.example", A))
        self.assertEqual(reply.rcode, NOERROR)
        self.assertEqual(server.wait(15), 0)

    def test_manager(self):
        """A service manager hears which process the service consists of from now on"""
        manager = ServiceManager(self.folder)
        self.addCleanup(manager.close)
        server = self.start(env={**os.environ, "NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000",
                                 "WATCHDOG_PID": "1"})
        self.assertNotIn("MAINPID", manager.next("READY"))
        self.ctl("upgrade")
        self.assertEqual(manager.next("MAINPID"), {"READY": "1", "STATUS": "1 zone, 0 failed",
                                                   "MAINPID": str(self.process())})
        self.assertEqual(server.wait(15), 0)
        manager.next("WATCHDOG")
        self.assertFalse([message for message in manager.heard() if "STOPPING" in message])

    def test_systemd(self):
        """Under systemd the tool has the unit of the server started anew"""
        server = self.start()
        group = self.write("cgroup", "0::/system.slice/taut-test.service\n")
        programs = self.folder / "programs"
        programs.mkdir()
        systemctl = programs / "systemctl"
        systemctl.write_text(f'#!/bin/sh\necho "$@" >>{self.folder}/asked\n[ ! -e {self.folder}/fails ]\n')
        systemctl.chmod(0o755)
        script = (f"mount -t tmpfs none /run && mkdir -p /run/systemd/system && "
                  f"mount --bind {group} /proc/{server.pid}/cgroup && "
                  f"PATH={programs}:$PATH exec {TAUTCTL} --socket {self.control} upgrade")
        upgrade = ["unshare", "--mount", "sh", "-c", script]
        result = self.run_program(*upgrade)
        if "Operation not permitted" in result.stderr:
            self.skipTest("a file system of its own needs privileges")
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "taut-test.service has been started anew\n", ""))
        self.write("fails", "")
        result = self.run_program(*upgrade)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "tautctl: systemctl restart taut-test.service has failed\n"))
        self.assertEqual((self.folder / "asked").read_text(), 2 * "restart taut-test.service\n")
        self.assertEqual(self.process(), server.pid)


if __name__ == "__main__":
    main()
