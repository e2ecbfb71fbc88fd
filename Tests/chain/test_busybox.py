"""A tree of busybox and musl: programs print and end inside as they do natively, for the same user."""
import difflib
import io
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tarfile

import pytest

SCRIPTS = pathlib.Path(__file__).parent / "scripts"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def same(native, inside):
    difference = list(difflib.unified_diff(native, inside, "natively", "inside", lineterm="", n=2))
    assert not difference, "\n".join(difference[:100])


def test_two_hundred_commands_of_busybox_print_and_end_as_natively(chain, tmp_path):
    script = (SCRIPTS / "applets.sh").read_text()
    applets, work = tmp_path / "bin", tmp_path / "work"
    applets.mkdir()
    work.mkdir()
    for name in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True).stdout.split():
        (applets / name).symlink_to("/bin/busybox")
    native = subprocess.run(
        ["/bin/busybox", "sh", "-c", script, "sh", str(free_port())], cwd=work, timeout=200, text=True,
        env={"PATH": str(applets), "HOME": "/tmp"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT).stdout
    # The same applets by the same names, also those that the image has no link for.
    inside = chain.uk(
        "run", "--rm", "-u", f"{os.getuid()}:{os.getgid()}", "-v", f"{applets}:/applets:ro", "-e", "PATH=/applets",
        "-e", "HOME=/tmp", "-w", "/tmp", "runu-base", "/bin/busybox", "sh", "-c", f"exec 2>&1; {script}", "sh",
        str(free_port()), check=False).stdout
    # The port differs.
    native, inside = (re.sub(r"127\.0\.0\.1[: ]\d+", "127.0.0.1", text).splitlines() for text in (native, inside))
    assert sum(line.startswith("= ") for line in native) > 190, native[-20:]
    same(native, inside)


def test_a_program_of_musl_runs_as_natively(chain, tmp_path):
    if not shutil.which("musl-gcc"):
        pytest.skip("musl-gcc is not installed")
    program = tmp_path / "program"
    subprocess.run(["musl-gcc", "-O1", "-w", SCRIPTS / "musl.c", "-o", program], check=True)
    native = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    loader = pathlib.Path("/lib/ld-musl-x86_64.so.1")
    files = {
        "program": program.read_bytes(), "lib/ld-musl-x86_64.so.1": loader.read_bytes(),
        "bin/busybox": pathlib.Path("/bin/busybox").read_bytes(), "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    }
    with tarfile.open(tmp_path / "tree.tar", "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
        for name, target in (("bin/sh", "busybox"),):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        info = tarfile.TarInfo("tmp")
        info.type, info.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(info)
    chain.uk("import", tmp_path / "tree.tar", "musl:1")
    inside = chain.uk("run", "--rm", "musl:1", "/program").stdout
    chain.uk("rmi", "-f", "musl:1", check=False)
    assert native.count("\n") == 17
    same(native.splitlines(), inside.splitlines())
