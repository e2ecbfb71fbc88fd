"""Debian's docker-registry on ports of this machine, and a proxy in front of it that is slow or breaks off."""
import base64
import crypt
import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import urllib.parse

from conftest import wait_until

USER, PASSWORD = "alice", "secret: with colon"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(folder, name="registry"):
    """A self-signed certificate for localhost and 127.0.0.1."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


class Registry:
    """One docker-registry. `auth` is None, "basic" or "token"."""

    def __init__(self, folder, auth=None, tls=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.name = f"127.0.0.1:{self.port}"
        self.tokens = None
        config = {
            "version": 0.1, "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}},
            "http": {"addr": self.name},
        }
        if tls:
            self.certificate, key = make_certificate(self.folder)
            config["http"]["tls"] = {"certificate": str(self.certificate), "key": str(key)}
        if auth == "basic":
            (self.folder / "htpasswd").write_text(
                f"{USER}:{crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))}\n")
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(self.folder / "htpasswd")}}
        if auth == "token":
            self.tokens = TokenServer(self.folder)
            config["auth"] = {"token": {
                "realm": f"http://127.0.0.1:{self.tokens.port}/token", "service": "test registry",
                "issuer": "test issuer", "rootcertbundle": str(self.tokens.certificate)}}
        # JSON is YAML.
        (self.folder / "config.yml").write_text(json.dumps(config))
        self.start()

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            ["docker-registry", "serve", self.folder / "config.yml"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"})

        def listens():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        wait_until(listens, what="the registry's port")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        if self.tokens:
            self.tokens.stop()

    def blob(self, digest):
        """The file that holds a blob."""
        hexadecimal = digest.removeprefix("sha256:")
        return self.folder / "data/docker/registry/v2/blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"

    def manifest(self, repository, tag):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", f"/v2/{repository}/manifests/{tag}", headers={"Accept": ", ".join([
            "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.oci.image.index.v1+json"])})
        return json.loads(connection.getresponse().read())


class TokenServer:
    """A token server by distribution's token authentication specification; tokens are signed by openssl."""

    def __init__(self, folder):
        self.certificate, self.key = make_certificate(folder, "tokens")
        self.scopes = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                if self.headers.get("Authorization") != expected:
                    self.send_response(401)
                    self.end_headers()
                    return
                owner.scopes += query.get("scope", [])
                body = json.dumps({"token": owner.token(query.get("scope", []))}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def token(self, scopes):
        def encode(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")
        der = subprocess.run(
            ["openssl", "x509", "-in", self.certificate, "-outform", "DER"], check=True, capture_output=True).stdout
        access = []
        for scope in scopes:
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        now = int(time.time())
        claims = {"iss": "test issuer", "sub": USER, "aud": "test registry", "exp": now + 300, "nbf": now - 10,
                  "iat": now, "jti": str(now), "access": access}
        signed = encode(json.dumps(header).encode()) + b"." + encode(json.dumps(claims).encode())
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key], input=signed, check=True, capture_output=True).stdout
        return (signed + b"." + encode(signature)).decode()


class Proxy:
    """Forwards reading requests to a registry, also for who takes it for an HTTP proxy. Blobs come slowly, break off after some
    bytes, are longer than they should be, are elsewhere, or come only after the request was sent away."""

    def __init__(self, registry):
        # Path, Range and Authorization of each.
        self.requests = []
        self.delay = 0.0
        self.cuts = 0
        self.cut_after = 1 << 20
        # A blob stops here until it is let go.
        self.hold_after = None
        self.let_go = threading.Event()
        self.excess = b""
        # Answers to the next requests for blobs: a status and what Retry-After says.
        self.refusals = []
        # The server that blobs are at.
        self.redirect = None
        # Who asks upstream, in place of the client.
        self.authorization = None
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_CONNECT(self):
                # Whatever it leads to, it ends at the registry.
                owner.requests.append((self.path, None, None))
                self.send_response(200)
                self.end_headers()

            def do_GET(self):
                path = self.path
                owner.requests.append((path, self.headers.get("Range"), self.headers.get("Authorization")))
                isBlob = "/blobs/" in path
                if isBlob and (owner.refusals or owner.redirect):
                    status, header = (307, ("Location", f"http://{owner.redirect}{path}")) if owner.redirect else (
                        owner.refusals[0][0], ("Retry-After", owner.refusals.pop(0)[1]))
                    self.send_response(status)
                    self.send_header(*header)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", registry.port)
                headers = {k: v for k, v in self.headers.items() if k in ("Accept", "Range", "Authorization")}
                if owner.authorization:
                    headers["Authorization"] = owner.authorization
                upstream.request("GET", path, headers=headers)
                answer = upstream.getresponse()
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if isBlob and key.lower() == "content-length":
                        value = str(int(value) + len(owner.excess))
                    if key.lower() not in ("connection", "date"):
                        self.send_header(key, value)
                self.end_headers()
                sent = 0
                while piece := answer.read(64 << 10):
                    if isBlob and owner.cuts > 0 and sent >= owner.cut_after:
                        owner.cuts -= 1
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                    if isBlob and owner.hold_after is not None and sent >= owner.hold_after:
                        owner.let_go.wait(250)
                    try:
                        self.wfile.write(piece)
                    except OSError:
                        return
                    sent += len(piece)
                    if isBlob:
                        time.sleep(owner.delay)
                if isBlob:
                    self.wfile.write(owner.excess)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.name = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
