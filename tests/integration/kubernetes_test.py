"""The manifest for Kubernetes: its probes ask for what tautd serves, with the configuration that it brings."""
import http.client
import re
import signal

import yaml
from support import NOERROR, SOURCE, TAUTD, Process, TestCase, ask_tcp, ask_udp, free_port, main, make_query, wait_until

ANSWERS = 5  # seconds that queries under way may take when the server ends, tautd(8)


class Kubernetes(TestCase):
    def setUp(self):
        super().setUp()
        text = (SOURCE / "examples/kubernetes/taut.yaml").read_text()
        self.objects = {document["kind"]: document for document in yaml.safe_load_all(text)}
        self.files = self.objects["ConfigMap"]["data"]
        self.pod = self.objects["Deployment"]["spec"]["template"]
        self.container, = self.pod["spec"]["containers"]
        self.ports = {port["name"]: port for port in self.container["ports"]}

    def test_objects_go_together(self):
        """Deployment, Service and configuration name each other and the same ports"""
        labels = self.pod["metadata"]["labels"]
        self.assertEqual(self.objects["Deployment"]["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(self.objects["Service"]["spec"]["selector"], labels)
        self.assertEqual(self.pod["spec"]["volumes"][0]["configMap"]["name"],
                         self.objects["ConfigMap"]["metadata"]["name"])
        for port in self.objects["Service"]["spec"]["ports"]:
            self.assertEqual(port["protocol"], self.ports[port["targetPort"]]["protocol"])
            self.assertEqual(port["port"], 53)
        for name, port in self.ports.items():
            self.assertIn(f':{port["containerPort"]}"', self.files["taut.toml"], name)

    def test_rights(self):
        """It runs as a user without rights, with a file system that it cannot write"""
        self.assertTrue(self.pod["spec"]["securityContext"]["runAsNonRoot"])
        rights = self.container["securityContext"]
        self.assertTrue(rights["readOnlyRootFilesystem"])
        self.assertFalse(rights["allowPrivilegeEscalation"])
        self.assertEqual(rights["capabilities"]["drop"], ["ALL"])
        self.assertLessEqual(set(rights["capabilities"].get("add", [])), {"NET_BIND_SERVICE"})

    def test_grace_period(self):
        """A pod is not killed before the server has drained and answered what is under way"""
        drain = int(re.search(r'^drain = "(\d+)s"', self.files["taut.toml"], re.MULTILINE).group(1))
        self.assertGreater(drain, 0)
        self.assertGreaterEqual(self.pod["spec"]["terminationGracePeriodSeconds"], drain + ANSWERS)

    def test_serves(self):
        """tautd serves with this configuration, and what the probes ask for is there"""
        dns, http_port = free_port(), free_port()
        replaced = {self.ports["dns-udp"]["containerPort"]: dns, self.ports["http"]["containerPort"]: http_port}
        for name, text in self.files.items():
            for old, new in replaced.items():
                text = text.replace(f"0.0.0.0:{old}", f"127.0.0.1:{new}").replace(f"[::]:{old}", f"[::1]:{new}")
            self.write(name, text)
        program, *arguments = self.container["command"]
        self.assertEqual(program, "tautd")
        folder = self.container["volumeMounts"][0]["mountPath"]
        server = Process([TAUTD, *[word.replace(folder, str(self.folder)) for word in arguments]], self.folder,
                         name="tautd")
        self.addCleanup(self._finish, server)
        server.port = dns
        self.wait_for_answer(server)
        for ask in (ask_udp, ask_tcp):
            self.assertEqual(ask("127.0.0.1", dns, make_query("www.example.com")).rcode, NOERROR)
        for probe in ("readinessProbe", "livenessProbe"):
            request = self.container[probe]["httpGet"]
            self.assertEqual(request["port"], "http")
            wait_until(lambda path=request["path"]: self.status(http_port, path) == 200, 10, probe)
        # One that is not served is told from those.
        self.assertEqual(self.status(http_port, "/health/other"), 404)
        server.signal(signal.SIGTERM)
        server.wait_for_log("SIGTERM: the server goes on")
        server.signal(signal.SIGTERM)  # a second one ends the drain
        self.assertEqual(server.process.wait(timeout=20), 0, server.log())
        server.ended = True

    @staticmethod
    def status(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


if __name__ == "__main__":
    main()
