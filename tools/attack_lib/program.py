"""Starting the programs of this folder: attacks, the well-behaved client, and the server to forward to."""
import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
END_SECONDS = 30  # that a program may take to end when it is asked to


class Program(subprocess.Popen):
    """One of them, whose output is a line now and then. It ends with the process that started it, whatever happens."""

    def __init__(self, name, *arguments, prefix=()):
        command = [*prefix, sys.executable, FOLDER / f"{name}.py", *arguments]
        super().__init__([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        """Its next line of output: a word, or what the line says in JSON."""
        line = self.stdout.readline()
        if not line:
            raise AssertionError(f"{self.args} ended with status {self.wait()}")
        return json.loads(line) if line[0] in "{0123456789" else line.strip()

    def end(self):
        """Asks it to end, and waits: what it held is free then."""
        if self.poll() is None:
            self.terminate()
            try:
                self.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self.wait()
        for stream in (self.stdin, self.stdout):
            stream.close()
