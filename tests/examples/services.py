"""The services that examples ask: each with data that a test gives it."""
import http.server
import re
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from support import wait_until  # noqa: E402


class Inventory:
    """A TCP service that knows a few names: a line in, an address out."""

    def __init__(self, known):
        self.known = known
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                name = connection.makefile().readline().strip()
                self.asked.append(name)
                connection.sendall(self.known.get(name, "").encode())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Redis:
    """A redis-server on a port of its own, and a connection to it."""

    def __init__(self, test, port):
        command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", test.folder]
        self.server = test.spawn(*command)
        self.connection = wait_until(lambda: self.connect(port), 10, "redis listens")
        test.addCleanup(self.connection.close)

    def connect(self, port):
        if not self.server.running():
            raise AssertionError(self.server.log())
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            return None

    def command(self, *words):
        """What the server says, in one piece: the replies are short."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        self.connection.sendall(request.encode())
        return self.connection.recv(65536).decode()

    def connections(self):
        return int(re.search(r"total_connections_received:(\d+)", self.command("INFO", "stats")).group(1))

    def stop(self):
        self.connection.close()
        self.server.stop()


class Web:
    """A web server with one document, which the test changes: its status and its text."""

    def __init__(self):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.paths.add(self.path)
                status, text = web.document
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.paths = set()
        self.document = (200, "[]")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
