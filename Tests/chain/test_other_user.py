"""Another user of the machine reaches nothing of a user's chain."""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest
from conftest import BASE_IMAGE, BIN, Chain, wait_until

pytestmark = pytest.mark.root

OWNER, OTHER = 1000, 65533


@pytest.fixture(scope="module")
def owned():
    """A chain of uid 1000 with a container that runs."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    chain = Chain(folder)
    folder.chmod(0o755)
    for path in (folder, *folder.iterdir()):
        os.chown(path, OWNER, OWNER)
    # The folders that the user's session would own may be open; the chain's own are what counts.
    for name in ("run", "data"):
        (folder / name).chmod(0o755)
    try:
        for name, path in (("ukmanager", chain.manager_socket), ("ukd", chain.socket)):
            with open(folder / f"{name}.log", "ab") as log:
                chain.daemons[name] = subprocess.Popen(
                    [BIN / name], env=chain.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=OWNER,
                    group=OWNER, extra_groups=[], umask=0o022)
            wait_until(lambda: chain.listens(path), what=f"{name}'s socket")
        chain.uk("load", "-i", BASE_IMAGE)
        chain.uk("run", "-d", "--name", "c1", "-v", "kept:/kept", "runu-base", "sleep", "10000")
        yield chain
    finally:
        chain.uk("rm", "-f", "c1", check=False)
        chain.stop()
        shutil.rmtree(folder, ignore_errors=True)


# Connects to the socket, however long its path is, and prints how many bytes answer a request.
PROBE = """
import os, socket, sys
folder = os.open(os.path.dirname(sys.argv[1]), os.O_PATH)
s = socket.socket(socket.AF_UNIX)
s.settimeout(100)
s.connect(f"/proc/self/fd/{folder}/{os.path.basename(sys.argv[1])}")
try:
    s.sendall(b"GET /_ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    print(len(s.recv(100)))
except ConnectionError:
    print(0)
"""


def as_other(*command, **options):
    return subprocess.run(
        [str(c) for c in command], user=OTHER, group=OTHER, extra_groups=[], capture_output=True, text=True, timeout=200,
        **options)


def everything(chain):
    for top in (chain.folder / "run/ukontainer", chain.folder / "data/ukontainer"):
        yield top
        for root, folders, files in os.walk(top):
            for name in folders + files:
                yield pathlib.Path(root, name)


def sockets(chain):
    found = [p for p in everything(chain) if stat.S_ISSOCK(p.lstat().st_mode)]
    assert {p.name for p in found} >= {"manager.sock", "docker.sock", "manager.sock.ttrpc", "kernel.sock"}
    return found


def test_the_chains_folders_and_sockets_are_the_owners_alone(owned):
    for top in ("run/ukontainer", "data/ukontainer"):
        assert stat.S_IMODE((owned.folder / top).stat().st_mode) == 0o700
    for path in sockets(owned):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for path in everything(owned):
        assert path.lstat().st_uid == OWNER, path
    for top in ("run/ukontainer", "data/ukontainer"):
        assert "Permission denied" in as_other("ls", owned.folder / top).stderr


def test_another_user_can_connect_to_no_socket(owned):
    for path in sockets(owned):
        result = as_other("/usr/bin/python3", "-c", PROBE, path)
        assert "PermissionError" in result.stderr, path


def test_another_user_is_refused_even_where_modes_let_them_through(owned):
    """Somebody has opened the folders and the sockets: peers are still checked."""
    opened = sockets(owned)
    modes = {}
    for path in opened:
        for part in (path, *path.parents):
            if part != owned.folder and owned.folder in part.parents and part not in modes:
                modes[part] = stat.S_IMODE(part.stat().st_mode)
                part.chmod(0o777)
    try:
        for path in opened:
            assert as_other("/usr/bin/python3", "-c", PROBE, path).stdout == "0\n", path
    finally:
        for part, mode in modes.items():
            part.chmod(mode)
    assert owned.uk("exec", "c1", "echo", "x").stdout == "x\n"


def test_another_user_reaches_nothing_through_proc(owned):
    pids = list(owned.mine()) + [d.pid for d in owned.daemons.values()]
    assert len(pids) >= 5
    for pid in pids:
        for name in ("root/", "cwd/", "fd/", "environ", "mem", "maps"):
            result = as_other("ls" if name.endswith("/") else "cat", f"/proc/{pid}/{name}")
            assert result.returncode != 0 and not result.stdout, (pid, name)
        assert as_other("kill", "-0", str(pid)).returncode != 0


GROUP = 54321


@pytest.mark.parametrize("name, flags, socket", [
    ("ukmanager", ["--group", str(GROUP)], "manager.sock"), ("ukd", ["-G", str(GROUP)], "docker.sock")])
def test_a_group_that_is_named_is_let_in_and_nobody_else(name, flags, socket):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="uk-", dir="/tmp"))
    chain = Chain(folder)
    folder.chmod(0o755)
    for path in (folder, *folder.iterdir()):
        os.chown(path, OWNER, OWNER)
    (folder / "run").chmod(0o755)
    address = chain.runtime / socket
    try:
        for program, options in (("ukmanager", flags if name == "ukmanager" else []), (name, flags)):
            if program in chain.daemons:
                continue
            with open(folder / f"{program}.log", "ab") as log:
                chain.daemons[program] = subprocess.Popen(
                    [BIN / program, *options], env=chain.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    user=OWNER, group=OWNER, extra_groups=[GROUP])
        wait_until(lambda: chain.listens(address), what=f"{name}'s socket")
        assert stat.S_IMODE(address.stat().st_mode) == 0o660 and address.stat().st_gid == GROUP
        assert stat.S_IMODE(chain.runtime.stat().st_mode) == 0o710
        probe = ["/usr/bin/python3", "-c", PROBE, address]
        member = subprocess.run(
            probe, user=OTHER, group=OTHER, extra_groups=[GROUP], capture_output=True, text=True, timeout=200)
        assert int(member.stdout) > 0, member.stderr
        assert "PermissionError" in as_other(*probe).stderr
        # A mode that was changed lets nobody in who is no member.
        for part in (chain.runtime, address):
            part.chmod(0o777)
        assert as_other(*probe).stdout == "0\n"
        # The group is let in to this socket alone.
        for path in everything(chain):
            if path not in (chain.runtime, address):
                assert stat.S_IMODE(path.lstat().st_mode) & 0o070 == 0 or path.parent.stat().st_mode & 0o077 == 0, path
    finally:
        chain.stop()
        shutil.rmtree(folder, ignore_errors=True)
