"""What is wrong from outside gets the error its field would give, and every process goes on."""
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile

import pytest

from conftest import BASE_IMAGE, BIN, wait_until


def shim_socket(chain):
    # That of the test before may be about to go.
    wait_until(lambda: len(list((chain.runtime / "s").iterdir())) == 1, what="one shim's socket")
    (socket,) = (chain.runtime / "s").iterdir()
    return socket


@pytest.fixture
def sleeper(chain, name):
    chain.uk("run", "-d", "--name", name, "runu-base", "sleep", "1000")
    yield name
    chain.uk("rm", "-f", name, check=False)


def assert_alive(chain, name):
    assert chain.uk("exec", name, "echo", "alive").stdout == "alive\n"
    for daemon in chain.daemons.values():
        assert daemon.poll() is None


def test_an_unknown_image_is_named(chain):
    result = chain.uk("run", "--rm", "no-such-image", "true", check=False)
    assert result.returncode == 125
    assert "no-such-image" in result.stderr
    result = chain.docker("run", "--rm", "no-such-image", "true", check=False)
    assert result.returncode == 125
    assert "Unable to find image 'no-such-image:latest' locally" in result.stderr


def test_a_missing_command_is_named_and_leaves_nothing(chain, name):
    for program in (BIN / "uk", "docker"):
        result = chain.run(program, "run", "--name", name, "runu-base", "no-such-command", check=False)
        assert result.returncode == 127
        assert '"no-such-command": executable file not found in $PATH' in result.stderr
        chain.uk("rm", "-f", name)
    chain.assert_clean()


def test_a_bundle_without_configuration(chain, tmp_path):
    result = chain.runu("--root", tmp_path / "r", "create", "--bundle", tmp_path, "x", check=False)
    assert result.returncode == 1
    assert "config.json" in result.stderr
    assert not (tmp_path / "r/x").exists()


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff" * 64,
    struct.pack(">IIBB", 10, 1, 1, 0) + b"\xff" * 10,  # a request that is no protobuf
    struct.pack(">IIBB", 0, 2, 1, 0),  # an even stream
    struct.pack(">IIBB", 0, 1, 99, 0),  # an unknown type
    struct.pack(">IIBB", 100, 1, 1, 0) + b"half",
], ids=["http", "ones", "no-protobuf", "even-stream", "unknown-type", "half-a-frame"])
def test_garbage_on_the_shims_socket(chain, sleeper, garbage):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(100)
        connection.connect(str(shim_socket(chain)))
        connection.sendall(garbage)
    assert_alive(chain, sleeper)


def test_a_frame_over_4_mib_is_refused_and_the_connection_goes_on(chain, sleeper):
    size = 5 << 20
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(100)
        connection.connect(str(shim_socket(chain)))
        connection.sendall(struct.pack(">IIBB", size, 1, 1, 0) + bytes(size))
        header = connection.recv(10, socket.MSG_WAITALL)
        length, stream, kind, _ = struct.unpack(">IIBB", header)
        answer = connection.recv(length, socket.MSG_WAITALL)
        assert (stream, kind) == (1, 2)
        assert b"\x08\x08" in answer  # google.rpc.Status, code 8: RESOURCE_EXHAUSTED
        # The next call on the same connection is answered.
        service, method = b"containerd.task.v2.Task", b"State"
        request = b"\x0a" + bytes([len(service)]) + service + b"\x12" + bytes([len(method)]) + method
        connection.sendall(struct.pack(">IIBB", len(request), 3, 1, 0) + request)
        length, stream, kind, _ = struct.unpack(">IIBB", connection.recv(10, socket.MSG_WAITALL))
        assert (stream, kind) == (3, 2)
    assert_alive(chain, sleeper)


@pytest.mark.parametrize("bytes_", [
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x40\1\4\0\0\0\1",
    os.urandom(4096),
], ids=["preface", "half-headers", "random"])
def test_a_half_written_grpc_stream(chain, bytes_):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(chain.manager_socket))
        connection.sendall(bytes_)
    assert chain.ctr("version").returncode == 0


def test_an_ingest_left_in_the_middle_can_be_written_again(chain):
    blob = tempfile.NamedTemporaryFile(dir=chain.folder)
    blob.write(os.urandom(8 << 20))
    blob.flush()
    digest = "sha256:" + chain.run("sha256sum", blob.name).stdout.split()[0]
    # ctr dies while it writes.
    process = subprocess.Popen(
        ["ctr", "-a", chain.manager_socket, "content", "ingest", "--expected-digest", digest, "half"],
        env=chain.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.stdin.write(pathlib.Path(blob.name).read_bytes()[:4 << 20])
    process.stdin.flush()
    process.kill()
    process.wait()

    def ingest():
        return chain.run(
            "sh", "-c", f"ctr -a {chain.manager_socket} content ingest --expected-digest {digest} half < {blob.name}",
            check=False).returncode == 0

    wait_until(ingest, what="a second ingest under the same name")
    assert digest in chain.ctr("content", "ls", "-q").stdout
    chain.ctr("content", "rm", digest)


def post(chain, path, body, headers=()):
    """One HTTP request on ukd's socket by hand; the status and the body."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(100)
        connection.connect(str(chain.socket))
        head = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", "Connection: close", *headers]
        if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
            head.append(f"Content-Length: {len(body)}")
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), rest


def test_json_that_is_none(chain):
    for body in (b"{", b"[]", b'{"Image": 5}', b"\xff\xfe", b'{"Image":' + b"[" * 100_000):
        status, answer = post(chain, "/v1.41/containers/create", body)
        assert status == 400, answer
        assert b"message" in answer
    status, _ = post(chain, "/v1.41/containers/create", b'{"Image":"runu-base","NobodyKnows":{"a":[1,2]}}')
    assert status == 201
    for line in chain.uk("ps", "-aq").stdout.split():
        chain.uk("rm", "-f", line)


def test_a_body_beyond_all_measure(chain):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(100)
        connection.connect(str(chain.socket))
        connection.sendall(
            b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10000000000\r\n\r\n" + b'{"Image":"')
        try:
            for _ in range(600):
                connection.sendall(b"x" * 65536)
        except OSError:
            pass
    assert chain.uk("version").returncode == 0


def test_an_api_version_that_is_not_spoken(chain):
    status, answer = post(chain, "/v9.99/containers/create", b"{}")
    assert status == 400
    assert b"9.99" in answer


def test_hijacked_garbage(chain, sleeper):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(chain.socket))
        connection.sendall(
            f"POST /v1.41/containers/{sleeper}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n"
            "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n".encode() + os.urandom(1000))
    assert_alive(chain, sleeper)


def test_a_socket_in_use_is_refused_by_both_daemons(chain):
    for name, socket_path in (("ukmanager", chain.manager_socket), ("ukd", chain.socket)):
        result = chain.run(BIN / name, check=False)
        assert result.returncode != 0
        assert result.stderr.strip()
    assert chain.uk("version").returncode == 0


@pytest.mark.parametrize("daemon", ["ukmanager", "ukd"])
def test_a_socket_name_that_is_too_long_is_refused(chain, tmp_path, daemon):
    # A long folder is no hindrance, its socket is reached through the folder; a name beyond 107 bytes is.
    address = tmp_path / ("s" * 120)
    options = {
        "ukmanager": ["--address", address, "--root", tmp_path / "r", "--state", tmp_path / "s"],
        "ukd": ["-H", f"unix://{address}", "--data-root", tmp_path / "d", "--exec-root", tmp_path / "e"],
    }[daemon]
    result = chain.run(BIN / daemon, *options, check=False)
    assert result.returncode != 0
    assert str(address) in result.stderr and "too long" in result.stderr


def test_a_socket_in_a_long_folder_serves(chain, tmp_path):
    folder = tmp_path
    while len(str(folder)) < 120:
        folder = folder / "a-long-folder-name"
    folder.mkdir(parents=True)
    manager = subprocess.Popen(
        [BIN / "ukmanager", "--address", folder / "m.sock", "--root", tmp_path / "r", "--state", tmp_path / "s"],
        env=chain.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until((folder / "m.sock").exists, what="the socket")
        assert "Server" in chain.ukctr("--address", folder / "m.sock", "version").stdout
    finally:
        manager.terminate()
        manager.wait(120)


def test_hostile_archives_are_refused(chain, tmp_path):
    import io
    import tarfile

    def image(members):
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            for member, data in members:
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        import hashlib
        diff = hashlib.sha256(layer.getvalue()).hexdigest()
        config = json.dumps({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff}"]}}).encode()
        manifest = json.dumps([{"Config": "config.json", "RepoTags": ["hostile:latest"], "Layers": ["layer.tar"]}]).encode()
        path = tmp_path / "hostile.tar"
        with tarfile.open(path, "w") as tar:
            for name, data in (("config.json", config), ("layer.tar", layer.getvalue()), ("manifest.json", manifest)):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return path

    def entry(name, kind=tarfile.REGTYPE, link=""):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        return member

    out = tmp_path / "out"
    out.mkdir()
    hostile = {
        "dot-dot": [(entry("../../../../../../../../tmp/uk-escaped"), b"x")],
        "through a link": [(entry("l", tarfile.SYMTYPE, str(out)), b""), (entry("l/escaped"), b"x")],
        "hard link out": [(entry("h", tarfile.LNKTYPE, "../../../../../../../etc/passwd"), b"")],
    }
    for members in hostile.values():
        chain.uk("load", "-i", image(members), check=False)
        chain.uk("rmi", "-f", "hostile:latest", check=False)
    assert not list(out.iterdir())
    assert not pathlib.Path("/tmp/uk-escaped").exists()
    assert chain.uk("run", "--rm", "runu-base", "echo", "on").stdout == "on\n"


@pytest.mark.root
def test_a_full_disk_during_import_is_said_and_survived():
    """Root only prepares the small disk; the daemons run as the ordinary user."""
    folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700,uid=65534,gid=65534", "tmpfs", folder], check=True)
    try:
        script = f"""
import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})
from conftest import Chain
import os
chain = Chain({folder!r})
try:
    chain.start()
    disk = os.statvfs({folder!r})
    with open("{folder}/ballast", "wb") as ballast:
        ballast.write(bytes(disk.f_bavail * disk.f_bsize - 1_500_000))
    result = chain.uk("load", "-i", {BASE_IMAGE!r}, check=False)
    assert result.returncode != 0, result.stdout
    assert "no space left on device" in result.stderr.lower(), result.stderr
    os.unlink("{folder}/ballast")
    chain.uk("load", "-i", {BASE_IMAGE!r})
    assert chain.uk("run", "--rm", "runu-base", "echo", "on").stdout == "on\\n"
finally:
    chain.stop()
"""
        subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", script],
            check=True, timeout=280, env={**os.environ, "PYTHONPATH": os.pathsep.join(__import__("sys").path)})
    finally:
        subprocess.run(["umount", "-l", folder])
        os.rmdir(folder)
