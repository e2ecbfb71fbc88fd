"""The kernel on a host whose Yama lets a process look into its descendants' memory only (ptrace_scope 1), and on one that
cannot confine signals: then all processes of a container are ukernel's descendants (docs/architecture.md, "Descendants").

yama.c stands in ukernel's place, and refuses what Yama would; after every test its log has to be free of that. What holds
everywhere has to hold here too: tests of other files are run again."""
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

from conftest import BASE_IMAGE, BIN, Chain, is_alive, processes, wait_until
from kernel_driver import ENVIRONMENT, Kernel, compile_static
from test_death import (  # noqa: F401
    test_everything_dies_with_the_first_process, test_everything_dies_with_the_kernel,
    test_processes_that_die_in_the_middle_of_a_call_leave_nothing)
from test_escape import bird, escape, root, test_processes_outside_are_out_of_reach  # noqa: F401
from test_kernel import (  # noqa: F401
    reap, test_a_dead_kernel_leaves_nobody, test_further_processes, test_nobody_outlives_the_first_process)
from test_runu import (  # noqa: F401
    rootfs, runu, test_console_socket_gets_the_terminal, test_created_container_is_deleted_without_force,
    test_dead_kernel_means_stopped, test_exec_on_a_terminal, test_exec_streams_exit_code_environment_and_folder,
    test_life_from_create_to_delete, test_missing_programs_are_named, test_pause_and_resume, test_run_forwards_signals,
    test_run_hands_streams_and_exit_code_through, test_run_on_a_terminal, test_run_tells_a_death_by_signal,
    test_signals_by_name_and_number_to_one_or_all,
    test_whoever_execs_can_wait_for_the_process_without_having_made_the_container)
from test_shim import (  # noqa: F401
    events, shim, test_a_terminal_carries_bytes_sizes_and_the_exit_code, test_exec_runs_beside_the_first_process,
    test_pause_resume_update_and_stats, test_the_ends_of_execs_are_told_before_the_containers)


@pytest.fixture(scope="module")
def yama(tmp_path_factory):
    """The program that stands in ukernel's place."""
    return compile_static("yama.c", tmp_path_factory.mktemp("yama") / "yama")


@pytest.fixture(autouse=True)
def host(yama, monkeypatch, tmp_path_factory):
    """The environment of a chain on such a host; what was refused there fails the test."""
    log = tmp_path_factory.mktemp("log") / "log"
    log.touch()
    environment = {
        "UKERNEL": str(yama), "YAMA_PROGRAM": str(BIN / "ukernel"), "YAMA_LOG": str(log), "UKERNEL_DESCENDANTS": "1"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    yield environment
    lines = log.read_text().splitlines()
    assert [line for line in lines if not line.startswith("looking at ")] == []


def parent(pid):
    """0 when it is gone, or about to be."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("PPid:")[1].split()[0])
    except (OSError, IndexError):
        return 0


def strays(mark, kernel, yama):
    """Processes whose environment has `mark`, and that are not `kernel`'s descendants, nor yama's own."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            marked = mark in pathlib.Path(f"/proc/{name}/environ").read_bytes()
            if not marked or os.readlink(f"/proc/{name}/exe") == str(yama):
                continue
        except OSError:
            continue
        # Of one that is waited for at this moment no parent is told: then it is looked at again.
        for _ in range(100):
            chain = [int(name)]
            while chain[-1] > 1 and chain[-1] != kernel:
                chain.append(parent(chain[-1]))
            if chain[-1] == kernel or not is_alive(int(name)):
                break
            if chain[-1] == 1:
                found.append(chain)
                break
    return found


def test_every_process_is_at_all_times_a_descendant(root, yama, monkeypatch):  # noqa: F811
    compile_static("family.c", root / "bin/family")
    mark = f"MARK=mark-{os.getpid()}-{time.monotonic_ns()}"
    monkeypatch.setenv(*mark.split("="))
    environment = [*ENVIRONMENT, mark]
    kernel = Kernel(root, ["family", "stay"], environment=environment)
    found, rounds = [], 0
    # As often as it takes to look at them often.
    while rounds <= 10:
        answers = [kernel.execute(["family"], adopt=adopt, environment=environment) for adopt in (True, False)]
        answers.append(kernel.execute(["sh", "-c", "setsid sleep 0.3 & sleep 0.1"], adopt=True, environment=environment))
        texts = []
        reader = threading.Thread(target=lambda: texts.extend(kernel.text(output) for _, output in answers))
        reader.start()
        while reader.is_alive():
            found += strays(mark.encode(), kernel.pid, yama)
            rounds += 1
        assert (found, texts) == ([], ["done\n", "done\n", ""])
    kernel.signal(signal.SIGKILL)
    assert kernel.finish()[0] == -signal.SIGKILL


@pytest.fixture
def adopted():
    """This process gets orphans from below it, as a shim does."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    yield
    wait_until(lambda: reap() == 0, what="everybody's end")


STUBBORN = "trap 'exit 5' TERM; trap 'kill -KILL $$' USR1; echo ready; while :; do sleep 0.05; done"


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 5), (signal.SIGKILL, -9), (signal.SIGHUP, None)])
def test_a_pid_stands_for_the_process_in_all_that_is_done_to_it(runu, adopted, number, code):  # noqa: F811
    first, out = runu.create("c", "sh", "-c", STUBBORN)
    runu("start", "c")
    process = runu.folder / "process.json"
    process.write_text(json.dumps({"args": ["sh", "-c", STUBBORN], "cwd": "/", "env": ["PATH=/bin"], "user": {}}))
    with open(runu.folder / "exec", "wb") as output:
        subprocess.run(
            runu.command("exec", "--process", process, "--detach", "--pid-file", runu.folder / "exec.pid", "c"),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=True)
    execed = int((runu.folder / "exec.pid").read_text())
    wait_until(lambda: "ready" in out.read_text() and "ready" in (runu.folder / "exec").read_text(), what="traps")
    pids = json.loads(runu("ps", "-f", "json", "c").stdout)
    assert first not in pids and execed not in pids and runu.state("c")["pid"] == first
    shells = [pid for pid, entry in processes().items() if pid in pids and STUBBORN in entry[3]]
    assert len(shells) == 2
    os.kill(execed, number)
    # By a signal that it does not handle an exec's process ends; the first one does not, as in a pid namespace.
    assert os.waitstatus_to_exitcode(os.waitpid(execed, 0)[1]) == (code or -number)
    wait_until(lambda: sum(map(is_alive, shells)) == 1, what="the exec'd process's end")
    assert runu.status("c") == "running"
    os.kill(first, number)
    if code is None:
        time.sleep(0.2)
        assert runu.status("c") == "running"
        runu("kill", "c", "TERM")
    assert os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) == (code or 5)
    wait_until(lambda: not any(map(is_alive, pids)), what="the others' end")
    assert runu.status("c") == "stopped"
    runu("delete", "c")


def test_everything_dies_with_the_kernel_where_no_domain_confines_signals(root, monkeypatch):  # noqa: F811
    monkeypatch.setenv("YAMA_WITHOUT_LANDLOCK", "1")
    monkeypatch.delenv("UKERNEL_DESCENDANTS")
    test_everything_dies_with_the_kernel(root)


def test_the_whole_chain_runs(host, name):
    folder = tempfile.mkdtemp(prefix="uk-", dir="/tmp")
    chain = Chain(folder)
    chain.env.update(host)
    try:
        chain.start()
        chain.uk("load", "-i", BASE_IMAGE)
        assert chain.uk("run", "--rm", "runu-base", "sh", "-c", "echo out; exit 4", check=False).returncode == 4
        chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", "trap 'exit 6' TERM; while :; do sleep 0.1; done")
        assert chain.uk("exec", name, "sh", "-c", "exit 3", check=False).returncode == 3
        chain.uk("exec", "-d", name, "sleep", "77")
        top = chain.uk("top", name).stdout
        assert "sleep 77" in top and "trap" in top and "ukernel" not in top
        pid = chain.inspect(name)["State"]["Pid"]
        assert os.readlink(f"/proc/{pid}/exe") == str(BIN / "ukernel")
        assert chain.uk("stats", "--no-stream", name).stdout
        (daemon,) = json.loads(chain.uk("chain", "--format", "json").stdout)
        shim = daemon["children"][0]["children"][0]  # noqa: F811
        assert [child["role"] for child in shim["children"]] == ["stand-in", "ukernel"]
        nursery = shim["children"][1]["children"][0]
        assert (shim["children"][1]["pid"], nursery["role"]) == (pid, "nursery")
        assert {p["arguments"][0] for p in nursery["children"]} == {"sh", "sleep", "tracer"}  # yama.c's
        chain.uk("stop", name)
        assert chain.inspect(name)["State"]["ExitCode"] == 6
        chain.uk("rm", name)
        chain.assert_clean()
    finally:
        chain.stop()
        chain.kill_rest()
        shutil.rmtree(folder, ignore_errors=True)
