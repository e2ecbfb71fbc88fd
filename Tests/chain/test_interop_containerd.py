"""Debian's containerd with our shim and our runtime; our manager with Debian's shim, runc and crun; all as root."""
import json
import os
import shutil
import subprocess

import pytest
from conftest import BIN, wait_until
from engines import IMAGE, Containerd, Manager

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(not shutil.which("containerd"), reason="wants Debian's containerd"),
]

SHIM = ("--runtime", "io.containerd.runu.v2")
# A container that ends with 4 when it is told to, and how one waits inside until it can be told.
STUBBORN = 'trap "exit 4" TERM; touch /ready; while :; do sleep 0.1; done'
READY = "until [ -e /ready ]; do sleep 0.1; done; "
UNIFIED = "/sys/fs/cgroup/unified"


@pytest.fixture(scope="module")
def containerd():
    with Containerd() as containerd:
        yield containerd


@pytest.fixture(scope="module")
def manager():
    # crun refuses hosts that have cgroups of both versions mounted, whoever calls it.
    with Manager(hidden=[UNIFIED] if os.path.ismount(UNIFIED) else []) as manager:
        yield manager


def test_containerd_finds_the_shim_through_a_link(containerd, name):
    result = containerd.ctr("run", "--rm", *SHIM, IMAGE, name, "sh", "-c", "uname -a; echo e >&2; exit 7", check=False)
    assert "ukernel" in result.stdout
    assert (result.stderr, result.returncode) == ("e\n", 7)


def test_containerd_gives_terminals(containerd, name):
    output, code = containerd.terminal(*containerd.command(
        "run", "--rm", "-t", *SHIM, IMAGE, name, "sh", "-c", "tty; until stty size | grep -q 31.97; do sleep 0.1; done; stty size; exit 3"))
    assert "/dev/pts/" in output and "31 97" in output
    assert code == 3


def test_containerd_execs_lists_measures_and_kills(containerd, name):
    containerd.ctr("run", "-d", *SHIM, IMAGE, name, "sh", "-c", STUBBORN)
    result = containerd.ctr("tasks", "exec", "--exec-id", "e1", name, "sh", "-c", READY + "echo in; exit 5", check=False)
    assert (result.stdout, result.returncode) == ("in\n", 5)
    output, code = containerd.terminal(*containerd.command("tasks", "exec", "-t", "--exec-id", "e2", name, "tty"))
    assert "/dev/pts/" in output and code == 0
    assert len(containerd.ctr("tasks", "ps", name).stdout.splitlines()) >= 2
    metrics = json.loads(containerd.ctr("tasks", "metrics", "--format", "json", name).stdout)
    assert "pids" in json.dumps(metrics)
    containerd.ctr("tasks", "kill", name)
    wait_until(lambda: "STOPPED" in containerd.ctr("tasks", "ls").stdout, what="the container's end")
    assert "exit code 4" in containerd.ctr("tasks", "delete", name, check=False).stderr
    containerd.ctr("containers", "delete", name)
    wait_until(lambda: not [c for c in containerd.processes().values() if name in c], what="the shim's end")


def test_containerd_tells_of_the_shims_events_in_order(containerd, name):
    with subprocess.Popen(containerd.command("events"), stdout=subprocess.PIPE, text=True) as watcher:
        try:
            containerd.ctr("run", "--rm", *SHIM, IMAGE, name, "true")
            topics = []
            while not topics or topics[-1] != "/containers/delete":
                line = watcher.stdout.readline()
                topics += [word for word in line.split() if word.startswith(("/tasks/", "/containers/"))]
        finally:
            watcher.terminate()
    assert [t for t in topics if t.startswith("/tasks/")] == [
        "/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"]


def test_the_snippets_runtimes_are_known_to_kubernetes_part_of_containerd(containerd):
    dump = containerd.run("/usr/bin/containerd", "-c", containerd.path("config.toml"), "config", "dump").stdout
    assert "containerd.runtimes.runu]" in dump
    assert f'BinaryName = "{BIN}/runu"' in dump


# ctr takes --runc-binary with the runtime's name only.
@pytest.mark.parametrize("binary,options", [
    ("runc", ("--runtime", "io.containerd.runc.v2")),
    ("runc", ("--runtime", "/usr/bin/containerd-shim-runc-v2")),
    ("crun", ("--runtime", "io.containerd.runc.v2", "--runc-binary", "crun")),
], ids=["runc", "runc-by-path", "crun"])
def test_our_manager_runs_runc_and_crun_under_debians_shim(manager, request, binary, options):
    if not shutil.which(binary):
        pytest.skip(f"wants {binary}")
    id = request.node.callspec.id
    result = manager.ctr("run", "--rm", *options, IMAGE, id, "sh", "-c", "uname -r; echo e >&2; exit 7", check=False)
    assert (result.stdout, result.stderr, result.returncode) == (f"{os.uname().release}\n", "e\n", 7)
    manager.ctr("run", "-d", *options, IMAGE, id, "sh", "-c", STUBBORN)
    result = manager.ctr("tasks", "exec", "--exec-id", "e1", id, "sh", "-c", READY + "echo in; exit 5", check=False)
    assert (result.stdout, result.returncode) == ("in\n", 5)
    assert len(manager.ctr("tasks", "ps", id).stdout.splitlines()) >= 2
    manager.ctr("tasks", "metrics", id)
    manager.ctr("tasks", "kill", id)
    wait_until(lambda: "STOPPED" in manager.ctr("tasks", "ls").stdout, what="the container's end")
    assert "exit code 4" in manager.ctr("tasks", "delete", id, check=False).stderr
    manager.ctr("containers", "delete", id)
    wait_until(lambda: not [c for c in manager.processes().values() if id in c], what="the shim's end")


@pytest.mark.parametrize("options", [SHIM, ("--runtime", "io.containerd.runc.v2", "--runc-binary", str(BIN / "runu"))],
                         ids=["our-shim", "debians-shim"])
def test_our_manager_runs_runu_as_root_under_either_shim(manager, name, options):
    result = manager.ctr("run", "--rm", *options, IMAGE, "as-root", "sh", "-c", "uname -a; exit 7", check=False)
    assert "ukernel" in result.stdout and result.returncode == 7
