"""Debian's dockerd, as root: runu as its runtime, our manager for its containerd, its container around our chain."""
import json
import os
import pathlib
import shutil
import sys
import sysconfig
import tarfile

import pytest
from conftest import BASE_IMAGE, BIN, wait_until
from engines import HERE, Dockerd, Manager

pytestmark = [
    pytest.mark.root, pytest.mark.skipif(not os.path.exists("/usr/sbin/dockerd"), reason="wants Debian's docker.io")]

RUN = ("run", "--net", "none", "--runtime", "runu")


@pytest.fixture(scope="module")
def dockerd():
    with Dockerd() as dockerd:
        yield dockerd


@pytest.fixture(scope="module")
def over_our_manager():
    """dockerd over ukmanager. dockerd 20.10 asks for runc's shim only; the manager finds ours by that name."""
    with Manager(links=["containerd-shim-runc-v2"]) as manager, Dockerd(containerd=manager.socket) as dockerd:
        dockerd.manager = manager
        yield dockerd


@pytest.fixture(params=["dockerd", "over_our_manager"])
def engine(request):
    return request.getfixturevalue(request.param)


def test_dockerd_runs_and_reports_as_with_runc(engine):
    result = engine.docker(*RUN, "--rm", "runu-base", "sh", "-c", "uname -a; echo e >&2; exit 7", check=False)
    assert "ukernel" in result.stdout
    assert (result.stderr, result.returncode) == ("e\n", 7)
    result = engine.docker(*RUN, "--rm", "-i", "runu-base", "cat", input="through\n")
    assert result.stdout == "through\n"
    result = engine.docker(*RUN, "--rm", "runu-base", "nope", check=False)
    assert 'exec: "nope": executable file not found in $PATH' in result.stderr and result.returncode == 127
    result = engine.docker(*RUN, "--rm", "runu-base", "/etc/passwd", check=False)
    assert "permission denied" in result.stderr and result.returncode == 126


def test_dockerd_execs_follows_pauses_and_stops(engine, name):
    name = name[-40:]
    engine.docker(
        *RUN, "-d", "--name", name, "runu-base", "sh", "-c", 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done')
    wait_until(lambda: engine.docker("logs", name).stdout == "up\n", what="the container's first line")
    result = engine.docker("exec", name, "sh", "-c", "echo in; exit 4", check=False)
    assert (result.stdout, result.returncode) == ("in\n", 4)
    assert engine.docker("exec", "-i", name, "cat", input="x").stdout == "x"
    output, code = engine.terminal(*engine.command("exec", "-it", name, "sh", "-c", "tty; exit 5"))
    assert "/dev/pts/" in output and code == 5
    assert engine.docker("exec", name, "nope", check=False).returncode in (126, 127)
    assert "while :;" in engine.docker("top", name).stdout
    engine.docker("pause", name)
    assert "(Paused)" in engine.docker("ps").stdout
    engine.docker("unpause", name)
    engine.docker("stop", "-t", "10", name)
    assert json.loads(engine.docker("inspect", name).stdout)[0]["State"]["ExitCode"] == 3
    engine.docker("start", name)
    engine.docker("kill", name)
    assert engine.docker("wait", name).stdout == "137\n"
    engine.docker("rm", name)


def test_dockerd_gives_terminals_volumes_and_users(engine):
    output, code = engine.terminal(*engine.command(
        *RUN, "--rm", "-it", "runu-base", "sh", "-c", "tty; until stty size | grep -q 31.97; do sleep 0.1; done; stty size; exit 6"))
    assert "/dev/pts/" in output and "31 97" in output and code == 6
    engine.path("shared").mkdir(exist_ok=True)
    engine.write("shared/file", "of the host\n")
    result = engine.docker(
        *RUN, "--rm", "-v", f"{engine.path('shared')}:/mnt:ro", "-e", "A=b", "-w", "/tmp", "-u", "1000:50",
        "--read-only",
        "runu-base", "sh", "-c", "cat /mnt/file; echo $A; pwd; id -u; id -g; touch /tmp/x || echo refused; "
        "touch /mnt/x || echo refused")
    assert result.stdout.split("\n")[:-1] == ["of the host", "b", "/tmp", "1000", "50", "refused", "refused"]


def test_over_our_manager_every_container_is_served_by_our_shim(over_our_manager, name):
    dockerd, manager = over_our_manager, over_our_manager.manager
    id = dockerd.docker(*RUN, "-d", "--name", name, "runu-base", "sleep", "60").stdout.strip()
    assert id in manager.ctr("-n", "moby", "tasks", "ls").stdout
    shims = [pid for pid, command in manager.processes().items() if id in command and "-namespace" in command]
    assert [pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name for pid in shims] == ["containerd-shim-runu-v2"]
    dockerd.docker("rm", "-f", name)
    assert id not in manager.ctr("-n", "moby", "containers", "ls").stdout


@pytest.fixture(scope="module")
def host_image(dockerd):
    """An image that holds the host's /usr by a mount: programs and libraries that the chain and its tests need."""
    archive = dockerd.path("host.tar")
    with tarfile.open(archive, "w") as tar:
        for folder in ("usr", "etc", "proc", "sys", "dev", "opt", "var", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        for link in ("bin", "sbin", "lib", "lib64"):
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{link}"
            tar.addfile(entry)
    dockerd.docker("import", archive, "host")
    return "host"


@pytest.mark.skipif(not os.path.islink("/lib64"), reason="wants a host with merged /usr")
@pytest.mark.skipif(not sys.base_prefix.startswith("/usr"), reason="wants Debian's python3")
def test_the_chain_runs_inside_an_unprivileged_container_of_dockerd(dockerd, host_image):
    """As uid 1000, without any capability, under dockerd's default seccomp profile: no namespaces, no mounts, no
    process_vm_readv."""
    shutil.copytree(HERE, dockerd.path("chain"), ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BASE_IMAGE, dockerd.path("base.tar"))
    for path in (dockerd.path("chain"), *dockerd.path("chain").rglob("*"), dockerd.path("base.tar")):
        path.chmod(0o755)
    mounts = {
        "/usr": "/usr", BIN: "/opt/bin", dockerd.path("chain"): "/opt/chain",
        dockerd.path("base.tar"): "/opt/base.tar", sysconfig.get_path("purelib"): "/opt/site"}
    variables = {
        "HOME": "/tmp", "LANG": "C.UTF-8", "UKONTAINER_BIN": "/opt/bin", "UKONTAINER_BASE_IMAGE": "/opt/base.tar",
        "PYTHONPATH": "/opt/site", "PYTHONDONTWRITEBYTECODE": "1"}
    result = dockerd.docker(
        "run", "--rm", "--net", "none", "--user", "1000", "--cap-drop", "ALL",
        *(word for host, inside in mounts.items() for word in ("-v", f"{host}:{inside}:ro")),
        *(word for item in variables.items() for word in ("-e", "=".join(item))),
        host_image, "/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--timeout", "120",
        "/opt/chain/test_quick.py", check=False, timeout=280)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout and "skipped" not in result.stdout
