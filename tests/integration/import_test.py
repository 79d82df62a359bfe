"""tautctl import makes a taut.toml of another server's configuration, and says what it leaves out."""
import os
import unittest
from pathlib import Path

from support import BUILD, TestCase, main

TAUTCTL = BUILD / "src/tautctl/tautctl"


class Import(TestCase):
    def import_file(self, *arguments, **options):
        return self.run_program(TAUTCTL, "import", *arguments, **options)

    def test_output(self):
        """The taut.toml goes to standard output, and how much is not supported to standard error"""
        path = self.write("named.conf", 'options { recursion no; };\nzone "a" { type primary; file "/a"; };\n')
        result = self.import_file(path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn('\n[[zone]]\nname = "a"\nfile = "/a"\n', result.stdout)
        path = self.write("named.conf", "options { recursion no; querylog yes; };\n")
        result = self.import_file(path)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, "tautctl: 1 statement is not supported: see the comments\n")
        self.assertIn("# line 1: not supported: querylog yes\n", result.stdout)

    def test_mistakes(self):
        """A mistake is told with its place and status 1, a wrong usage has status 2"""
        path = self.write("named.conf", "options {\n  querylog\n};\n")
        result = self.import_file(path, env=dict(os.environ, PATH=str(self.folder)))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, f"tautctl: {path}:3:1: the statement does not end; expected ;\n")
        result = self.import_file("/nowhere/named.conf")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "tautctl: /nowhere/named.conf: No such file or directory\n")
        path = self.write("what.conf", "?\n")
        self.assertEqual(self.import_file(path).returncode, 1)
        self.assertEqual(self.import_file(path, "--from", "apache").returncode, 2)
        self.assertEqual(self.import_file().returncode, 2)
        self.assertEqual(self.run_program(TAUTCTL).returncode, 2)
        self.assertEqual(self.run_program(TAUTCTL, "--help").returncode, 0)

    def test_normaliser(self):
        """A file that is not understood is read as the server's own program prints it, where that succeeds"""
        path = self.write("named.conf", "options { recursion no }\n")
        normal = "options {\\n\\trecursion no;\\n\\tquerylog yes;\\n};\\n"
        script = f'#!/bin/sh\ntest "$1" = -p || exit 1\nprintf "{normal}"\n'
        program = Path(self.write("named-checkconf", script))
        program.chmod(0o755)
        environment = dict(os.environ, PATH=f"{self.folder}:/usr/bin:/bin")
        result = self.import_file(path, env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"from output of named-checkconf -p {path}, a configuration of BIND.\n", result.stdout)
        self.assertIn("# line 3: not supported: querylog yes\n", result.stdout)
        program.write_text("#!/bin/sh\nexit 1\n")
        result = self.import_file(path, env=environment)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{path}:1:24: the statement does not end; expected ;", result.stderr)

    @unittest.skipUnless(os.path.exists("/etc/bind/named.conf.options"), "BIND's files are not installed")
    def test_debian(self):
        """The named.conf that Debian installs is followed through its includes"""
        result = self.import_file("/etc/bind/named.conf")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('name = "localhost"\nfile = "/etc/bind/db.local"\n', result.stdout)
        self.assertRegex(result.stdout, r"\n# /etc/bind/named.conf.options:\d+: not supported: dnssec-validation ")


if __name__ == "__main__":
    main()
