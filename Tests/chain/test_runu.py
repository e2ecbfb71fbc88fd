"""The OCI life cycle of containers through runu alone, as an ordinary user: no manager, no shim."""
import array
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from conftest import BASE_IMAGE, BIN, is_alive, processes, wait_until

BUSYBOX = pathlib.Path("/bin/busybox")
APPLETS = ["sh", "true", "false", "sleep", "echo", "cat", "ls", "id", "pwd", "env", "kill", "stty", "tty", "head"]


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory):
    """A root folder with busybox and a handful of names for it."""
    root = tmp_path_factory.mktemp("rootfs")
    root.chmod(0o755)
    for folder in ("bin", "etc", "dev", "proc", "sys", "tmp", "run"):
        (root / folder).mkdir()
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for name in APPLETS:
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    return root


class Runu:
    """runu with a state folder of its own."""

    def __init__(self, folder, rootfs):
        self.folder = folder
        self.rootfs = rootfs
        self.root = folder / "state"
        self.log = folder / "log.json"

    def command(self, *arguments):
        return [str(a) for a in (BIN / "runu", "--root", self.root, *arguments)]

    def __call__(self, *arguments, check=True, input="", timeout=200, **options):
        result = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, input=input, timeout=timeout, **options)
        if check:
            assert result.returncode == 0, f"{arguments}: {result.returncode} {result.stdout} {result.stderr}"
        return result

    def bundle(self, *args, name="bundle", change=None):
        """A bundle that runs `args`; `change` may alter its specification."""
        bundle = self.folder / name
        bundle.mkdir(exist_ok=True)
        (bundle / "config.json").unlink(missing_ok=True)
        self("spec", "--bundle", bundle)
        spec = json.loads((bundle / "config.json").read_text())
        spec["root"] = {"path": str(self.rootfs)}
        spec["process"].update(args=list(args), terminal=False)
        if change:
            change(spec)
        (bundle / "config.json").write_text(json.dumps(spec))
        return bundle

    def state(self, id):
        return json.loads(self("state", id).stdout)

    def status(self, id):
        return self.state(id)["status"]

    def create(self, id, *args, change=None):
        """Creates a container whose streams go to files: `create` leaves them to the process."""
        bundle = self.bundle(*args, name=f"b-{id}", change=change)
        out = bundle / "out"
        with open(out, "wb") as file:
            subprocess.run(
                self.command("create", "--bundle", bundle, "--pid-file", bundle / "pid", id), stdin=subprocess.DEVNULL,
                stdout=file, stderr=file, timeout=200)
        assert (bundle / "pid").exists(), out.read_text()
        return int((bundle / "pid").read_text()), out

    def left(self):
        """What is still running or lying about of this instance."""
        running = [(p, e[3]) for p, e in processes().items() if str(self.folder) in " ".join(e[3]) and e[2] != "Z"]
        return running + (list(self.root.iterdir()) if self.root.exists() else [])


@pytest.fixture
def runu(tmp_path, rootfs):
    runu = Runu(tmp_path, rootfs)
    yield runu
    for folder in runu.root.iterdir() if runu.root.exists() else []:
        runu("delete", "--force", folder.name, check=False)
    wait_until(lambda: not runu.left(), what=f"nothing left of runu's containers: {runu.left()}")


def test_run_hands_streams_and_exit_code_through(runu):
    bundle = runu.bundle("sh", "-c", "cat; echo problem >&2; exit 7")
    result = runu("run", "--bundle", bundle, "c", check=False, input="hello\n")
    assert (result.returncode, result.stdout, result.stderr) == (7, "hello\n", "problem\n")
    assert runu("list", "-q").stdout == ""


def test_run_tells_a_death_by_signal(runu):
    assert runu("run", "-b", runu.bundle("sh", "-c", "kill -TERM $$; sleep 0.1"), "c", check=False).returncode in (0, 143)
    bundle = runu.bundle("sh", "-c", "sh -c 'kill -KILL $$'; exit $?")
    assert runu("run", "-b", bundle, "c", check=False).returncode == 137


def test_life_from_create_to_delete(runu):
    pid, out = runu.create("c", "sh", "-c", "echo started; sleep 1000")
    state = runu.state("c")
    assert (state["status"], state["pid"], state["id"]) == ("created", pid, "c")
    assert state["bundle"] == str(runu.folder / "b-c")
    time.sleep(0.2)
    assert out.read_text() == ""
    runu("start", "c")
    wait_until(lambda: out.read_text() == "started\n", what="the process's output")
    assert runu.status("c") == "running"
    assert "already running" in runu("start", "c", check=False).stderr
    refused = runu("delete", "c", check=False)
    assert refused.returncode == 1 and "not stopped" in refused.stderr
    runu("kill", "c", "KILL")
    wait_until(lambda: runu.status("c") == "stopped", what="the container's end")
    assert runu.state("c")["pid"] == 0
    assert "container not running" in runu("kill", "c", check=False).stderr
    runu("delete", "c")
    assert "container does not exist" in runu("state", "c", check=False).stderr


def test_created_container_is_deleted_without_force(runu):
    pid, _ = runu.create("c", "sleep", "1000")
    runu("delete", "c")
    wait_until(lambda: not is_alive(pid), what="the process's end")


def test_force_deletes_what_runs_and_does_not_mind_what_is_not(runu):
    pid, _ = runu.create("c", "sh", "-c", "sleep 1000 & sleep 1000")
    runu("start", "c")
    runu("delete", "--force", "c")
    assert not is_alive(pid)
    assert runu("delete", "-f", "c").returncode == 0
    assert runu("delete", "c", check=False).returncode == 1


def test_name_is_taken_until_deleted(runu):
    runu.create("c", "sleep", "1000")
    again = runu("create", "-b", runu.bundle("true"), "c", check=False)
    assert again.returncode == 1 and "container with id exists" in again.stderr


def test_exec_streams_exit_code_environment_and_folder(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    result = runu("exec", "--env", "X=y", "--cwd", "/tmp", "c", "sh", "-c", "pwd; echo $X; cat; exit 5", input="in", check=False)
    assert (result.returncode, result.stdout) == (5, "/tmp\ny\nin")
    assert runu("exec", "c", "echo", "--root", "-d").stdout == "--root -d\n"
    assert runu("exec", "--user", "7:8", "c", "id", "-u").stdout == "7\n"


def test_home_is_that_of_the_user_inside(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    assert runu("exec", "c", "sh", "-c", "echo $HOME").stdout == "/root\n"
    assert runu("exec", "--user", "7", "c", "sh", "-c", "echo $HOME").stdout == "/\n"
    assert runu("exec", "--env", "HOME=/x", "c", "sh", "-c", "echo $HOME").stdout == "/x\n"


def test_exec_from_a_file_detached(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    process = runu.folder / "process.json"
    process.write_text(json.dumps({"args": ["sleep", "1001"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}))
    # Its streams are the process's now: a pipe would not end before it does.
    subprocess.run(
        runu.command("exec", "--process", process, "--detach", "--pid-file", runu.folder / "exec.pid", "c"),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    pid = int((runu.folder / "exec.pid").read_text())
    assert is_alive(pid)
    inside = json.loads(runu("ps", "-f", "json", "c").stdout)
    assert len(inside) == 2 and all(str(one) in runu("ps", "c").stdout for one in inside)
    # On some hosts another process stands for it (test_descendants.py).
    assert pid in inside or os.readlink(f"/proc/{pid}/exe") == str(BIN / "runu")
    runu("delete", "-f", "c")
    wait_until(lambda: not is_alive(pid), what="the exec'd process's end")


@pytest.mark.parametrize("argument, text", [
    ("nope", '"nope": executable file not found in $PATH'), ("/nope", "no such file or directory"),
    ("/etc/passwd", "permission denied")])
def test_missing_programs_are_named(runu, argument, text):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    result = runu("exec", "c", argument, check=False)
    assert result.returncode == 255 and text in result.stderr
    assert runu.status("c") == "running"
    result = runu("run", "-b", runu.bundle(argument), "d", check=False)
    assert result.returncode == 1 and text in result.stderr
    assert "does not exist" in runu("state", "d", check=False).stderr


def test_create_names_a_missing_program_and_leaves_nothing(runu):
    result = runu("create", "-b", runu.bundle("nope"), "c", check=False)
    assert result.returncode == 1 and '"nope": executable file not found in $PATH' in result.stderr
    wait_until(lambda: not runu.left(), what="nothing left")


STRANGER = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)
subprocess.run(sys.argv[2:], check=True)
pid = int(open(sys.argv[1]).read())
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize("script, code", [("exit 3", 3), ("kill -KILL $$", -9)])
def test_whoever_execs_can_wait_for_the_process_without_having_made_the_container(runu, script, code):
    # As conmon does it: a subreaper of its own for create and for each exec.
    bundle, pidfile = runu.bundle("sleep", "1000"), runu.folder / "pid"
    maker = subprocess.Popen(
        ["/usr/bin/python3", "-c", STRANGER, pidfile, *runu.command("create", "-b", bundle, "--pid-file", pidfile, "c")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(pidfile.exists, what="creation")
    runu("start", "c")
    process = runu.folder / "process.json"
    process.write_text(json.dumps({"args": ["sh", "-c", script], "cwd": "/", "env": ["PATH=/bin"], "user": {}}))
    execpid = runu.folder / "exec.pid"
    result = subprocess.run(
        ["/usr/bin/python3", "-c", STRANGER, execpid,
         *runu.command("exec", "--process", process, "--detach", "--pid-file", execpid, "c")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200)
    assert result.stdout == f"{code}\n"
    runu("delete", "-f", "c")
    assert maker.wait(200) == 0


def test_pause_and_resume(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    runu("pause", "c")
    assert runu.status("c") == "paused"
    assert "paused" in runu("exec", "c", "true", check=False).stderr
    runu("resume", "c")
    assert runu.status("c") == "running"
    assert runu("resume", "c", check=False).returncode == 1
    runu("exec", "c", "true")


def test_signals_by_name_and_number_to_one_or_all(runu):
    pid, out = runu.create("c", "sh", "-c", "trap 'exit 3' TERM; echo ready; while true; do sleep 0.1; done")
    runu("start", "c")
    wait_until(lambda: out.read_text() == "ready\n", what="the trap")
    runu("kill", "c", "SIGTERM")
    wait_until(lambda: runu.status("c") == "stopped", what="stopped")
    for wrong in ("WHAT", "RTMIN3", "RTMAX+1"):
        assert f'unknown signal "{wrong}"' in runu("kill", "c", wrong, check=False).stderr.replace("\\", "")
    runu("kill", "--all", "c", "9")


def test_run_forwards_signals(runu):
    bundle = runu.bundle("sh", "-c", "trap 'exit 9' USR1; echo ready; while true; do sleep 0.1; done")
    process = subprocess.Popen(runu.command("run", "-b", bundle, "c"), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGUSR1)
    assert process.wait(200) == 9


def test_list_and_events(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    (entry,) = json.loads(runu("list", "--format", "json").stdout)
    assert (entry["id"], entry["status"]) == ("c", "running")
    assert runu("list").stdout.splitlines()[1].split()[0] == "c"
    event = json.loads(runu("events", "--stats", "c").stdout)
    assert event["type"] == "stats" and event["id"] == "c"
    assert event["data"]["pids"]["current"] >= 1 and event["data"]["memory"]["usage"]["usage"] > 0
    assert {"total", "user", "kernel"} <= event["data"]["cpu"]["usage"].keys()
    assert "blkio" in event["data"]
    runu("update", "--memory", "64m", "--pids-limit", "50", "c")
    assert json.loads(runu("events", "--stats", "c").stdout)["data"]["pids"]["limit"] in (0, 50)


def test_events_tell_every_kill_for_want_of_memory_and_end_with_the_container(runu):
    eater = """busybox awk 'BEGIN { s = "0123456789abcdef"; while (1) { s = s s; a[i++] = s } }'"""

    def limit(spec):
        spec["linux"]["resources"] = {"memory": {"limit": 64 << 20}}

    # One that the container outlives, then its first process.
    runu.create("c", "sh", "-c", f"{eater}; exec {eater}", change=limit)
    with subprocess.Popen(runu.command("events", "--interval", "1h", "c"), stdout=subprocess.PIPE) as events:
        assert json.loads(events.stdout.readline())["type"] == "stats"
        runu("start", "c")
        assert [json.loads(line) for line in events.stdout] == 2 * [{"type": "oom", "id": "c"}]
        assert events.wait(200) == 0


def test_the_last_of_a_variables_values_counts(runu):
    runu.create("c", "sleep", "1000", change=lambda spec: spec["process"].update(env=["PATH=/bin", "A=1", "A=2"]))
    runu("start", "c")
    told = runu("exec", "--env", "PATH=/usr/bin:/bin", "-e", "B=3", "c", "env").stdout.split()
    assert "PATH=/usr/bin:/bin" in told and "A=2" in told and "B=3" in told
    assert not {"PATH=/bin", "A=1"} & set(told)


def hook(script, **more):
    return {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"], **more}


def test_hooks_run_in_order_with_the_state(runu):
    told = runu.folder / "hooks"

    def change(spec):
        spec["hooks"] = {
            kind: [hook(f"echo {kind} $(cat) >> {told}")]
            for kind in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")}
        # This one runs inside.
        spec["hooks"]["startContainer"] = [hook("echo startContainer $(cat) >&2; test -e /bin/busybox")]

    runu.create("c", "sleep", "1000", change=change)
    created = told.read_text().splitlines()
    assert [line.split()[0] for line in created] == ["prestart", "createRuntime", "createContainer"]
    state = json.loads(created[0].split(" ", 1)[1])
    assert state["id"] == "c" and state["status"] in ("creating", "created") and state["pid"] > 0
    assert '"id":"c"' in runu("start", "c").stderr
    runu("delete", "--force", "c")
    later = told.read_text().splitlines()[3:]
    assert [line.split()[0] for line in later] == ["poststart", "poststop"]
    assert json.loads(later[1].split(" ", 1)[1])["status"] == "stopped"


@pytest.mark.parametrize("script, more, text", [
    ("echo oh; exit 4", {}, "exit status 4"), ("exec sleep 1000", {"timeout": 1}, "timeout")])
def test_failing_hook_leaves_nothing(runu, script, more, text):
    bundle = runu.bundle("true", change=lambda spec: spec.update(hooks={"createRuntime": [hook(script, **more)]}))
    result = runu("create", "-b", bundle, "c", check=False)
    assert result.returncode == 1 and text in result.stderr and "createRuntime hook #0" in result.stderr
    assert "does not exist" in runu("state", "c", check=False).stderr
    wait_until(lambda: not runu.left(), what="nothing left")


def errno_rule(*names, errno=1, **more):
    return {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": errno, **more}


def test_seccomp_profile_refuses_with_its_own_errno_and_opens_nothing(runu):
    """By name and by argument; of calls that the kernel would answer inside the process too; in exec as well."""
    def change(spec):
        spec["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            errno_rule("mkdir", "mkdirat", errno=100), errno_rule("getppid", errno=28),
            errno_rule("kill", errno=16, args=[{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}])]}

    script = "mkdir /tmp/x; kill -USR1 $$; kill -USR2 1 && echo sent; unshare -m true; true"
    runu.create("c", "sh", "-c", "trap : USR2; while :; do sleep 1; done", change=change)
    runu("start", "c")
    told = runu("exec", "c", "sh", "-c", script)
    assert "Network is down" in told.stderr and "Resource busy" in told.stderr.replace("Device or resource", "Resource")
    assert told.stdout == "sent\n"
    runu("delete", "--force", "c")

    def closed(spec):
        # A permissive rule for what the kernel itself refuses.
        spec["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["unshare", "mount", "setns"], "action": "SCMP_ACT_ALLOW"}]}

    assert runu("run", "-b", runu.bundle("busybox", "unshare", "-m", "true", change=closed), "d", check=False).returncode


@pytest.mark.parametrize("action, status", [("SCMP_ACT_KILL_PROCESS", 159), ("SCMP_ACT_TRAP", 159)])
def test_seccomp_profile_kills(runu, action, status):
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": action}]}
    bundle = runu.bundle(
        "busybox", "mkdir", "/tmp/y", change=lambda spec: spec["linux"].update(seccomp=profile))
    assert runu("run", "-b", bundle, "c", check=False).returncode == status


def test_seccomp_profile_that_cannot_be_is_named(runu):
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}
    bundle = runu.bundle("true", change=lambda spec: spec["linux"].update(seccomp=profile))
    result = runu("create", "-b", bundle, "c", check=False)
    assert result.returncode == 1 and "SCMP_ACT_NOTIFY is not supported" in result.stderr
    assert json.loads(runu("features").stdout)["linux"]["seccomp"]["enabled"] is True


def test_containers_of_a_pod_have_its_hostname(runu):
    """Who joins another container's UTS namespace is named as that one, who has none as the host."""
    runu.create("pod", "sleep", "1000", change=lambda spec: spec.update(hostname="of-the-pod"))
    pid = runu.state("pod")["pid"]

    def joined(path):
        def change(spec):
            del spec["hostname"]
            spaces = [space for space in spec["linux"]["namespaces"] if space["type"] != "uts"]
            spec["linux"]["namespaces"] = spaces + ([{"type": "uts", "path": path}] if path else [])
        return change

    names = [runu("run", "-b", runu.bundle("busybox", "hostname", change=joined(path)), "c").stdout.strip()
             for path in (f"/proc/{pid}/ns/uts", None)]
    assert names == ["of-the-pod", socket.gethostname()]


def test_devices_personality_scheduler_and_io_priority_are_as_asked(runu):
    def change(spec):
        spec["linux"]["devices"] = [
            {"path": "/dev/nothing", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "gid": 7},
            {"path": "/dev/disk/one", "type": "b", "major": 8, "minor": 1}, {"path": "/dev/pipe", "type": "p"}]
        spec["linux"]["personality"] = {"domain": "LINUX32"}
        spec["process"]["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
        spec["process"]["ioPriority"] = {"class": "IOPRIO_CLASS_IDLE", "priority": 0}

    # proc_pid_stat(5): 19 is the nice value, 41 the policy.
    script = ("echo x > /dev/nothing && ls -l /dev/disk/one /dev/nothing /dev/pipe; busybox uname -m;"
              "set -- $(cat /proc/self/stat); echo ${19} ${41}; busybox ionice; cat /dev/disk/one")
    told = runu("run", "-b", runu.bundle("sh", "-c", script, change=change), "c", check=False)
    lines = told.stdout.splitlines()
    assert lines[0].startswith("brw-rw-rw-") and "8,   1" in lines[0], told
    assert lines[1].startswith("crw-r-----") and " 7 " in lines[1] and "1,   3" in lines[1], told
    assert lines[2].startswith("prw-rw-rw-"), told
    assert lines[3:5] == ["i686", "7 3"] and lines[5].startswith("idle"), told
    assert "No such device or address" in told.stderr


def receive_master(listener):
    connection, _ = listener.accept()
    data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
    (fd,) = array.array("i", ancillary[0][2])
    assert data
    return fd


def read_all(fd):
    out = b""
    while True:
        try:
            chunk = os.read(fd, 4096)
        except OSError:
            return out
        if not chunk:
            return out
        out += chunk


def test_console_socket_gets_the_terminal(runu):
    def change(spec):
        spec["process"].update(terminal=True, consoleSize={"height": 31, "width": 91})

    bundle = runu.bundle("sh", "-c", "stty size", change=change)
    assert "console socket" in runu("create", "-b", bundle, "c", check=False).stderr
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(runu.folder / "console"))
        listener.listen()
        runu("create", "-b", bundle, "--console-socket", runu.folder / "console", "c")
        master = receive_master(listener)
    runu("start", "c")
    assert read_all(master) == b"31 91\r\n"
    os.close(master)


def interact(command, keys):
    """Runs a command on a terminal of its own, and types `keys` once it has answered `ready`."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    import fcntl, struct, termios
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 41, 101, 0, 0))
    out = b""
    while b"ready" not in out:
        out += os.read(master, 4096)
    os.write(master, keys)
    out += read_all(master)
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.replace(b"\r\n", b"\n").decode()


def test_run_on_a_terminal(runu):
    bundle = runu.bundle(
        "sh", "-c", "echo ready; read x; stty size; echo got $x; exit 6",
        change=lambda spec: spec["process"].update(terminal=True))
    code, out = interact(runu.command("run", "-b", bundle, "c"), b"word\n")
    assert code == 6 and "got word" in out and "41 101" in out


def test_exec_on_a_terminal(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    code, out = interact(
        runu.command("exec", "-t", "c", "sh", "-c", "trap 'exit 4' INT; echo ready; while :; do sleep 0.1; done"), b"\x03")
    assert code == 4


def test_a_tmpfs_is_made_on_the_host_when_somebody_enters_it(runu):
    runu.create("c", "sleep", "1000")
    runu("start", "c")
    files = runu.root / "c/files"
    assert list(files.iterdir()) == []
    # The first look is along a link whose way leads out of the mount again, while the mount is being filled.
    look = "cat /dev/stdin; ls /dev; cat /proc/self/mountinfo; echo x > /dev/shm/x; cat /dev/shm/x"
    shown = runu("exec", "c", "sh", "-c", look, input="given\n").stdout.split()
    assert shown[0] == "given" and shown[-1] == "x"
    assert {"null", "pts", "shm", "stdin", "/dev/pts", "/dev/shm", "/dev/mqueue"} <= set(shown)
    assert len(list(files.iterdir())) > 2
    runu("delete", "--force", "c")
    assert not files.exists()


def test_preserved_descriptors(runu):
    reader, writer = os.pipe()
    os.dup2(writer, 3, inheritable=True) if writer != 3 else os.set_inheritable(3, True)
    bundle = runu.bundle("sh", "-c", "echo three >&3")
    runu("run", "-b", bundle, "--preserve-fds", "1", "c", pass_fds=(3,))
    assert os.read(reader, 100) == b"three\n"


def test_a_missing_working_folder_is_made_under_a_read_only_root_too(runu):
    def change(spec):
        spec["root"]["readonly"] = True
        spec["process"]["cwd"] = "/not/there"
    bundle = runu.bundle("sh", "-c", "pwd; touch x 2>/dev/null || echo refused", change=change)
    assert runu("run", "-b", bundle, "c").stdout == "/not/there\nrefused\n"


def test_bytes_from_and_to_disks_are_those_that_the_host_counts(runu):
    """The judge is the same work on the host; processes that have ended count, an exec's too."""
    def work(folder):
        return (f"busybox dd if=/dev/zero of={folder}/blocks bs=64k count=128 conv=fsync 2>/dev/null; "
                f"busybox dd if={folder}/blocks of=/dev/null bs=64k iflag=direct 2>/dev/null")

    text = subprocess.run(["busybox", "sh", "-c", f"{work(runu.rootfs)}; busybox cat /proc/$$/io"], check=True,
                          capture_output=True, text=True).stdout
    host = {op.capitalize(): int(re.search(f"^{op}_bytes: (.*)", text, re.M)[1]) for op in ("read", "write")}

    def told():
        block = json.loads(runu("events", "--stats", "c").stdout)["data"]["blkio"]
        return {entry["op"]: entry["value"] for entry in block.get("ioServiceBytesRecursive", [])} or {"Read": 0, "Write": 0}

    def is_told(times):
        # The host counts what it keeps of files, too: blocks of folders and of inodes.
        return all(abs(told()[op] - times * value) <= 512 << 10 for op, value in host.items())

    runu.create("c", "sh", "-c", f"{work('')}; sleep 1000")
    runu("start", "c")
    wait_until(lambda: is_told(1), what=f"{host}")
    runu("exec", "c", "sh", "-c", work(""))
    wait_until(lambda: is_told(2), what=f"twice {host}")
    runu("exec", "c", "sh", "-c", f"({work('')}) & wait")
    wait_until(lambda: is_told(3), what=f"thrice {host}")
    runu("delete", "--force", "c")


def test_as_many_descriptors_are_preserved_as_one_message_takes(runu):
    """249, beside the standard ones and the arguments, and each under its number."""
    script = "echo $0 >&3; echo last >&251; for n in 4 100 128 200 250; do readlink /proc/self/fd/$n; done; ls /proc/self/fd | wc -l"
    bundle = runu.bundle("sh", "-c", script, "first")
    reader, writer = os.pipe()
    null = os.open("/dev/null", os.O_RDWR)

    def arrange():
        # From above, so that neither end is overwritten before it is used.
        pipe = os.dup2(writer, 400)
        nothing = os.dup2(null, 401)
        for number in range(3, 253):
            os.dup2(pipe if number in (3, 251) else nothing, number)

    def run(count):
        return subprocess.run(
            runu.command("run", "-b", bundle, "--preserve-fds", str(count), "c"), close_fds=False, preexec_fn=arrange,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)

    result = run(249)
    assert result.returncode == 0, result.stderr
    assert os.read(reader, 100) == b"first\nlast\n"
    # ls has one of its own, for the folder.
    assert result.stdout.split() == ["/dev/null"] * 5 + ["253"]
    result = run(250)
    assert result.returncode != 0 and "cannot preserve 250 descriptors: 249 is the most" in result.stderr


@pytest.mark.parametrize("spoil, text", [
    (lambda b: (b / "config.json").unlink(), "JSON specification file config.json not found"),
    (lambda b: (b / "config.json").write_text("{"), "invalid JSON"),
    (lambda b: (b / "rootfs.fstab").write_text("/dev/sda / ext4 rw 0 0\n"), "ext4"),
])
def test_broken_bundles_are_named_in_the_log(runu, spoil, text):
    bundle = runu.bundle("true")
    spoil(bundle)
    result = runu("--log", runu.log, "--log-format", "json", "create", "--bundle", bundle, "c", check=False)
    assert result.returncode == 1 and text in result.stderr
    entry = json.loads(runu.log.read_text().splitlines()[-1])
    assert entry["level"] == "error" and text in entry["msg"] and entry["time"].endswith("Z")
    wait_until(lambda: not runu.left(), what="nothing left")


def test_overlay_form_is_read_from_the_bundle(runu):
    upper, work = runu.folder / "upper dir", runu.folder / "work"
    upper.mkdir()
    work.mkdir()
    bundle = runu.bundle("sh", "-c", "echo kept > /made; cat /made")
    options = f"lowerdir={runu.rootfs},upperdir={upper},workdir={work}".replace(" ", "\\040")
    (bundle / "rootfs.fstab").write_text(f"overlay / overlay {options} 0 0\n")
    assert runu("run", "-b", bundle, "c").stdout == "kept\n"
    assert (upper / "made").read_text() == "kept\n"
    assert not (runu.rootfs / "made").exists()


def test_create_killed_at_any_moment_leaves_nothing_that_force_does_not_remove(runu):
    bundle = runu.bundle("sleep", "1002")
    for delay in range(0, 30, 2):
        process = subprocess.Popen(
            runu.command("create", "-b", bundle, "c"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(delay / 1000)
        process.kill()
        process.wait()
        runu("delete", "--force", "c")
        wait_until(lambda: not runu.left(), what=f"nothing left after a kill at {delay} ms: {runu.left()}")


def test_two_creates_of_one_name_make_one_container(runu):
    bundle = runu.bundle("sleep", "1000")
    racers = [
        subprocess.Popen(runu.command("create", "-b", bundle, "c"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL) for _ in range(4)]
    assert sorted(r.wait(200) for r in racers) == [0, 1, 1, 1]
    assert runu.status("c") == "created"


def test_dead_kernel_means_stopped(runu):
    pid, _ = runu.create("c", "sleep", "1000")
    runu("start", "c")
    kernel = [p for p, e in processes().items() if str(runu.folder) in " ".join(e[3]) and e[0] == "ukernel"][0]
    os.kill(kernel, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), what="the process's end")
    assert runu.status("c") == "stopped"
    runu("delete", "c")


def test_kernel_that_hangs_is_told_from_afar_and_deleted_by_force(runu):
    pid, _ = runu.create("c", "sleep", "1000")
    runu("start", "c")
    kernel = [p for p, e in processes().items() if str(runu.folder) in " ".join(e[3]) and e[0] == "ukernel"][0]
    os.kill(kernel, signal.SIGSTOP)
    assert runu("list").stdout.splitlines()[1].split()[0] == "c"
    assert runu.status("c") == "running"
    runu("delete", "--force", "c")
    assert not is_alive(pid)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 5}'])
def test_record_that_cannot_be_read_is_told_and_deleted_by_force(runu, text):
    pid, _ = runu.create("c", "sleep", "1000")
    runu("start", "c")
    (runu.root / "c/state.json").write_text(text)
    assert "state.json" in runu("state", "c", check=False).stderr
    assert runu("list", "-q").returncode == 0
    runu("delete", "--force", "c")
    wait_until(lambda: not is_alive(pid), what="the process's end")


def test_namespaces_that_are_none_are_refused_as_the_specification_asks(runu):
    def refused(*namespaces):
        bundle = runu.bundle("true", change=lambda spec: spec["linux"].update(namespaces=list(namespaces)))
        result = runu("run", "--bundle", bundle, "c", check=False)
        assert (result.returncode != 0) == bool(result.stderr)
        return result.stderr

    def at(type, path):
        return {"type": type, "path": str(path)}

    fifo = runu.folder / "fifo"
    os.mkfifo(fifo)
    own = [at(type, f"/proc/self/ns/{name}") for type, name in (("network", "net"), ("ipc", "ipc"), ("mount", "mnt"))]
    assert refused(*own) == ""
    assert "no such file" in refused(at("network", "/no/such")).lower()
    assert "is no network namespace" in refused(at("network", "/proc/self/ns/ipc"))
    assert "is no ipc namespace" in refused(at("ipc", "/proc/self/status"))
    assert "is no pid namespace" in refused(at("pid", fifo))
    assert "is not absolute" in refused(at("uts", "proc/self/ns/uts"))
    assert "duplicated namespace pid" in refused({"type": "pid"}, {"type": "pid"})
    assert 'namespace "mnt" does not exist' in refused({"type": "mnt"})
    assert runu("list", "-q").stdout == ""


def test_version_features_and_unknown_commands(runu):
    assert runu("--version").stdout.startswith("runu version ")
    assert "\nspec: 1." in runu("--version").stdout
    features = json.loads(runu("features").stdout)
    assert features["ociVersionMin"] == "1.0.0" and "poststop" in features["hooks"]
    # All names are recognised; what is done with them is said beside.
    kinds = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}
    assert set(features["linux"]["namespaces"]) == kinds
    what = {key.rpartition(".")[2]: value for key, value in features["annotations"].items() if ".namespaces." in key}
    assert set(what["own"].split(",")) | set(what["ignored"].split(",")) == kinds and what["joined"] == "uts"
    assert runu("what", check=False).returncode == 1
    assert runu("checkpoint", "c", check=False).returncode == 1


@pytest.fixture(scope="module")
def containerd(tmp_path_factory):
    """Debian's containerd with folders of its own, and the base image in it; a function that runs ctr."""
    folder = tmp_path_factory.mktemp("containerd")
    (folder / "config.toml").write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{folder}/socket"\n[ttrpc]\naddress = "{folder}/ttrpc"\n')
    with open(folder / "log", "wb") as log:
        daemon = subprocess.Popen(["containerd", "-c", folder / "config.toml"], stdout=log, stderr=log)
    wait_until((folder / "socket").exists, what="containerd's socket")

    def ctr(*arguments, check=True):
        result = subprocess.run(
            [str(a) for a in ("ctr", "-a", folder / "socket", *arguments)], capture_output=True, text=True, timeout=200,
            stdin=subprocess.DEVNULL)
        assert not check or result.returncode == 0, f"{arguments}: {result.stderr}"
        return result

    ctr("images", "import", BASE_IMAGE)
    ctr.image = ctr("images", "ls", "-q").stdout.split()[0]
    yield ctr
    daemon.terminate()
    daemon.wait(120)


@pytest.mark.root
@pytest.mark.skipif(not shutil.which("containerd"), reason="wants Debian's containerd")
def test_real_containerd_and_its_shim_use_runu_as_they_use_runc(containerd):
    runu = ("--runc-binary", BIN / "runu")
    out = containerd("run", "--rm", *runu, containerd.image, "u1", "uname", "-r")
    assert "ukernel" in out.stdout
    missing = containerd("run", "--rm", *runu, containerd.image, "u2", "nope", check=False)
    assert 'exec: "nope": executable file not found in $PATH' in missing.stderr
    containerd("run", "-d", *runu, containerd.image, "u3", "sleep", "1000")
    assert containerd("task", "exec", "--exec-id", "e", "u3", "sh", "-c", "exit 4", check=False).returncode == 4
    containerd("task", "pause", "u3")
    assert "PAUSED" in containerd("task", "ls").stdout
    containerd("task", "resume", "u3")
    containerd("task", "kill", "-s", "9", "u3")
    wait_until(lambda: "STOPPED" in containerd("task", "ls").stdout, what="the task's end")
    containerd("task", "rm", "u3", check=False)
    containerd("containers", "rm", "u3")
    assert containerd("task", "ls").stdout.split() == ["TASK", "PID", "STATUS"]
