"""The Debian package is built, installed, asked, and taken away again without a trace, in a copy of this machine."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

from support import EXAMPLE_ZONE, NOERROR, SANITIZED, SOURCE, TAUTD, TestCase, ask_udp, free_port, main, make_query

PACKAGES = SOURCE / "build-package"
UNIT = SOURCE / "debian/taut.service"

# What an operator does, in a root folder that lies over the machine's own, with a network of its own.
INSTALL = r"""
set -eu
under=$1 packages=$2
mount -t tmpfs tmpfs "$under"
cd "$under"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount --rbind /dev root/dev
mount -t proc proc root/proc
mount -t tmpfs tmpfs root/run
mkdir root/packages
cp -- "$packages"/taut_*.deb root/packages
ip link set lo up
export DEBIAN_FRONTEND=noninteractive
chroot root bash -eu -c '
  traces() { find /etc /home /opt /run /usr /var -xdev -iname "*taut*" ! -path "/usr/src/*" | sort; }
  before=$(traces)
  apt-get install --quiet --yes --no-install-recommends /packages/taut_*.deb >/tmp/apt.log 2>&1 ||
    { cat /tmp/apt.log; exit 1; }

  # As the unit starts it.
  install --directory --owner=taut --group=taut --mode=750 /run/taut
  install --directory --owner=taut --group=taut --mode=755 /var/lib/taut
  unit=/lib/systemd/system/taut.service
  read -ra command <<<"$(sed -n "s/^ExecStart=//p" "$unit")"
  setpriv --reuid=taut --regid=taut --init-groups --inh-caps=-all,+net_bind_service \
    --ambient-caps=-all,+net_bind_service --bounding-set=-all,+net_bind_service --no-new-privs \
    "${command[@]}" >/tmp/log 2>&1 &
  server=$!
  trap "kill \$server 2>/dev/null || true; cat /tmp/log" EXIT
  for attempt in {1..100}; do
    ! tautctl status >/dev/null 2>&1 || break
    kill -0 $server
    sleep 0.1
  done
  echo "answer $(dig +short +time=2 @127.0.0.1 www.example.com)"
  read -ra reload <<<"$(sed -n "s/^ExecReload=//p" "$unit")"
  "${reload[@]}" >/dev/null && echo "reloads"
  tautctl check --zones >/dev/null && echo "checks"
  awk "{ print \"processor time\", \$14 + \$15 }" /proc/$server/stat
  kill $server
  wait $server && echo "ends"

  apt-get purge --quiet --yes taut >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
  diff <(echo "$before") <(traces) && echo "no file is left"
  getent passwd taut || getent group taut || echo "no user is left"
'
"""


@unittest.skipIf(SANITIZED, "what is packaged is the ordinary build")
@unittest.skipIf(os.geteuid() != 0, "only root installs packages")
class Package(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Without what a debugger needs, and without the protector of the stack: neither changes what is packaged, and
        # the files are compiled as those of the build are then, which ccache has.
        environment = dict(os.environ, DEB_BUILD_OPTIONS="noautodbgsym nocheck",
                           DEB_CXXFLAGS_STRIP="-fstack-protector-strong")
        cls.build = subprocess.run([SOURCE / "tools/package"], env=environment, capture_output=True, text=True,
                                   check=False)

    def test_lintian(self):
        """tools/package builds the packages, and lintian finds neither an error nor a warning"""
        self.assertEqual(self.build.returncode, 0, self.build.stdout + self.build.stderr)
        self.assertNotRegex(self.build.stdout, r"(?m)^[EW]: ")
        self.assertEqual({path.name.split("_")[0] for path in PACKAGES.glob("*.deb")},
                         {"taut", "libtaut0", "libtaut-dev"})

    def test_install(self):
        """Installed, it serves the example as its user with less than five seconds of CPU; purged, it leaves nothing"""
        under = self.folder / "machine"
        under.mkdir()
        result = self.run_program("unshare", "--mount", "--net", "--pid", "--fork", "bash", "-c", INSTALL, "install",
                                  under, PACKAGES, timeout=300)
        said = result.stdout + result.stderr
        if re.search(r"^(mount|unshare): .*(permission denied|not permitted)", result.stderr, re.MULTILINE):
            self.skipTest("a file system of its own needs privileges")
        self.assertEqual(result.returncode, 0, said)
        lines = result.stdout.splitlines()
        for line in ("answer 192.0.2.10", "reloads", "checks", "ends", "no file is left", "no user is left"):
            self.assertIn(line, lines, said)
        ticks = int(re.search(r"processor time (\d+)", result.stdout)[1])
        self.assertLess(ticks / os.sysconf("SC_CLK_TCK"), 5)


@unittest.skipIf(shutil.which("systemd-analyze") is None, "there is no systemd")
class Unit(TestCase):
    def test_exposure(self):
        """systemd rates the exposure of the unit at 1.6 at most, and finds no mistake in it"""
        result = self.run_program("systemd-analyze", "security", "--offline=true", "--threshold=16", UNIT)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        # Its programs and manual pages are not where it looks for them.
        found = self.run_program("systemd-analyze", "verify", UNIT).stderr.splitlines()
        self.assertEqual([line for line in found if "is not executable" not in line and "Command 'man" not in line], [])

    def calls(self, name):
        """The system calls that a word of SystemCallFilter stands for."""
        if not name.startswith("@"):
            return {name}
        lines = self.run_program("systemd-analyze", "syscall-filter", name).stdout.splitlines()[1:]
        return set().union(*(self.calls(line.strip()) for line in lines if not line.strip().startswith("#")))

    @unittest.skipIf(SANITIZED, "sanitizers make system calls of their own")
    def test_system_calls(self):
        """The server starts, reloads and ends with the system calls and the capability that the unit leaves it"""
        allowed = set()
        for words in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE):
            calls = set().union(*(self.calls(word) for word in words.removeprefix("~").split()))
            allowed = allowed - calls if words.startswith("~") else allowed | calls
        self.assertNotIn("capset", allowed)
        rules = [{"names": sorted(allowed | {"execve"}), "action": "SCMP_ACT_ALLOW"}]
        profile = self.write("profile", json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": rules}))
        port = free_port()
        one = "-all,+net_bind_service"
        server = self.spawn("setpriv", f"--inh-caps={one}", f"--ambient-caps={one}", f"--bounding-set={one}",
                            "--no-new-privs", sys.executable, SOURCE / "tests/support/under_profile.py", profile, TAUTD,
                            "-i", f"127.0.0.1:{port}", "-z", EXAMPLE_ZONE)
        server.wait_for_log(f"listening on 127.0.0.1:{port}")
        self.assertEqual(ask_udp("127.0.0.1", port, make_query("www.example.com")).rcode, NOERROR)
        server.signal(signal.SIGHUP)
        server.wait_for_log("no zone has changed")
        self.assertEqual(server.stop(), 0, server.log())


if __name__ == "__main__":
    main()
