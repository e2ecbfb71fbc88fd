"""The units of deploy/systemd: they are sound, and the daemons take the sockets that systemd listens with."""
import configparser
import os
import pathlib
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import pytest
from conftest import BIN, Chain
from engines import snippet


def unit(name, **specifiers):
    """A unit's sections, with specifiers such as %t filled in."""
    text = snippet(f"systemd/user/{name}")
    for letter, value in specifiers.items():
        text = text.replace(f"%{letter}", str(value))
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(text)
    return parser


class Activation:
    """Does with a socket unit and its service what systemd does."""

    def __init__(self, chain, name):
        self.chain, self.name = chain, name
        listener = unit(f"{name}.socket", t=chain.folder / "run")["Socket"]
        self.path = pathlib.Path(listener["ListenStream"])
        if not self.path.parent.exists():
            self.path.parent.mkdir(int(listener["DirectoryMode"], 8))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.path.chmod(int(listener["SocketMode"], 8))
        self.listener.listen()

    def start(self):
        command = shlex.split(unit(f"{self.name}.service")["Service"]["ExecStart"])
        log = open(self.chain.folder / f"{self.name}.log", "ab")
        # The descriptor has to be 3, and the process id the daemon's own.
        self.chain.daemons[self.name] = subprocess.Popen(
            ["/bin/bash", "-c", f'exec 3<&{self.listener.fileno()}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"',
             "activation", *command],
            env=self.chain.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            pass_fds=[self.listener.fileno()])


@pytest.fixture
def activated():
    folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
    chain = Chain(folder)
    manager, daemon = Activation(chain, "ukmanager"), Activation(chain, "ukd")
    try:
        yield chain, manager, daemon
    finally:
        chain.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_clients_may_come_before_the_daemons_and_stay_over_a_restart(activated):
    chain, manager, daemon = activated
    early = subprocess.Popen(
        [BIN / "uk", "version"], env=chain.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    manager.start()
    daemon.start()
    assert "version" in early.communicate(timeout=200)[0].lower()
    assert early.returncode == 0
    inode = os.stat(daemon.path).st_ino
    for one in (manager, daemon):
        assert stat.S_IMODE(os.stat(one.path).st_mode) == 0o600
        chain.kill(one.name, signal.SIGTERM)
        assert one.path.exists()
    assert os.stat(daemon.path).st_ino == inode
    manager.start()
    daemon.start()
    chain.uk("ps")
    assert os.stat(daemon.path).st_ino == inode


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="wants systemd")
@pytest.mark.parametrize("kind", ["user", "system"])
def test_systemd_finds_nothing_wrong_with_the_units(kind, tmp_path):
    for name in ("ukmanager.socket", "ukmanager.service", "ukd.socket", "ukd.service"):
        (tmp_path / name).write_text(snippet(f"systemd/{kind}/{name}"))
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:", "XDG_RUNTIME_DIR": str(tmp_path)}
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(["--user"] if kind == "user" else []), *tmp_path.glob("*.s*")],
        env=environment, capture_output=True, text=True, timeout=200)
    lines = (result.stdout + result.stderr).splitlines()
    said = [line for line in lines if any(word in line for word in (str(tmp_path), "ukd", "ukmanager"))]
    assert not said, said
