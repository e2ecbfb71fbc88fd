#!/usr/bin/python3
"""An OCI runtime that runs its containers on the host as they are: what a shim needs of one, and no more."""
import array
import json
import os
import pty
import shutil
import signal
import socket
import sys
import time


def options(arguments, flags):
    found, rest = {}, []
    while arguments:
        argument = arguments.pop(0)
        if argument.startswith("--"):
            found[argument] = True if argument in flags else arguments.pop(0)
        else:
            rest.append(argument)
    return found, rest


def fail(message):
    with open(LOG, "a") as log:
        log.write(json.dumps({"level": "error", "msg": message, "time": "2026-01-01T00:00:00Z"}) + "\n")
    sys.exit(1)


def spawn(process, pid_file, console, gate=None):
    """A double fork, so that the program is an orphan at birth."""
    master, slave = pty.openpty() if console else (-1, -1)
    reader, writer = os.pipe()
    if os.fork() == 0:
        child = os.fork()
        if child:
            os.write(writer, str(child).encode())
            os._exit(0)
        os.setsid()
        if console:
            import fcntl
            import termios
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for number in (0, 1, 2):
                os.dup2(slave, number)
        if gate:
            open(gate, "rb").read()
        os.closerange(3, 100)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        try:
            os.execvp(process["args"][0], process["args"])
        except OSError:
            os._exit(127)
    os.wait()
    pid = int(os.read(reader, 20))
    if console:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(console)
            descriptors = array.array("i", [master])
            connection.sendmsg([b"/dev/pts"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    with open(pid_file, "w") as file:
        file.write(str(pid))
    return pid


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


globals_, words = [], sys.argv[1:]
while words[0].startswith("--"):
    globals_ += [words.pop(0), words.pop(0)]
settings, _ = options(globals_, set())
ROOT, LOG = settings["--root"], settings["--log"]
command = words.pop(0)
given, names = options(words, {"--detach", "--force", "--all", "--stats"})
folder = os.path.join(ROOT, names[0])
state = os.path.join(folder, "pids")

while os.path.exists("slow"):
    time.sleep(0.02)
if command == "create":
    process = json.load(open(os.path.join(given["--bundle"], "config.json")))["process"]
    if not shutil.which(process["args"][0]):
        fail(f'runu create failed: unable to start container process: exec: "{process["args"][0]}": '
             "executable file not found in $PATH")
    os.makedirs(folder)
    os.mkfifo(os.path.join(folder, "gate"))
    pid = spawn(process, given["--pid-file"], given.get("--console-socket"), os.path.join(folder, "gate"))
    open(state, "w").write(f"{pid}\n")
    sys.exit(0)
if not os.path.isdir(folder):
    fail("container does not exist")
pids = [int(line) for line in open(state)]
if command == "start":
    open(os.path.join(folder, "gate"), "wb").close()
elif command == "exec":
    process = json.load(open(given["--process"]))
    if not shutil.which(process["args"][0]):
        fail(f'exec failed: unable to start container process: exec: "{process["args"][0]}": '
             "executable file not found in $PATH")
    pid = spawn(process, given["--pid-file"], given.get("--console-socket"))
    open(state, "a").write(f"{pid}\n")
elif command == "kill":
    if not alive(pids[0]):
        fail("container not running")
    for pid in pids if "--all" in given else pids[:1]:
        os.kill(pid, int(names[1]))
elif command == "delete":
    if alive(pids[0]) and "--force" not in given:
        fail("cannot delete container that is not stopped: running")
    for pid in pids:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)
elif command == "ps":
    print(json.dumps([pid for pid in pids if alive(pid)]))
elif command == "events":
    print(json.dumps({"type": "stats", "id": names[0], "data": {
        "cpu": {"usage": {"total": 5000, "kernel": 2000, "user": 3000}},
        "memory": {"usage": {"usage": 1234, "max": 2345, "limit": 18446744073709551615}},
        "pids": {"current": len(pids), "limit": 99}}}))
elif command in ("pause", "resume"):
    os.kill(pids[0], signal.SIGSTOP if command == "pause" else signal.SIGCONT)
elif command == "update":
    shutil.copy(given["--resources"], os.path.join(ROOT, "updated.json"))
else:
    fail(f"unknown command {command}")
