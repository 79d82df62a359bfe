"""Three seconds of questions over UDP, and of one new TCP connection after the other, while a server changes."""
import threading

from support import NOERROR, ask_tcp, which


class Load:
    def __init__(self, case, port, question, sockets, rate):
        self.case = case
        self.port = port
        self.question = question
        names = case.write("names", "www.example.com A\n")
        self.dnsperf = case.spawn(which("dnsperf"), "-s", "127.0.0.1", "-p", port, "-d", names, "-c", sockets, "-T", 1,
                                  "-Q", rate, "-l", 3, "-t", 10)
        self.results = []
        self.over = threading.Event()
        self.client = threading.Thread(target=self.connect_again)
        self.client.start()

    def connect_again(self):
        while not self.over.is_set():
            try:
                self.results.append(ask_tcp("127.0.0.1", self.port, self.question, 10).rcode)
            except (OSError, AttributeError) as error:
                self.results.append(repr(error))

    def check_all_answered(self):
        """Waits for the end; the test fails where a datagram or a connection had no answer."""
        self.dnsperf.wait(60)
        self.over.set()
        self.client.join()
        self.case.assertRegex(self.dnsperf.log(), r"Queries lost:\s+0 ", self.dnsperf.log())
        self.case.assertEqual(set(self.results), {NOERROR})
