"""Processes and who they are: what programs natively see and do they see and do inside."""
import difflib
import os
import pathlib
import shutil
import subprocess
import time

import pexpect
import pytest

from conftest import BIN, wait_until
from kernel_driver import Kernel, compile_static


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The program that writes the transcript."""
    return compile_static("processes/processes.c", tmp_path_factory.mktemp("processes") / "program", "-w")


@pytest.fixture
def root(tmp_path, program):
    """A root folder of busybox and the program."""
    tmp_path.chmod(0o755)
    for name in ("bin", "etc", "tmp", "dev", "proc"):
        (tmp_path / name).mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    shutil.copy("/bin/busybox", tmp_path / "bin/busybox")
    shutil.copy(program, tmp_path / "bin/program")
    for applet in ("sh", "sleep", "true", "cat", "ps", "readlink"):
        (tmp_path / "bin" / applet).symlink_to("busybox")
    return tmp_path


def test_calls_about_processes_answer_as_natively(root, program):
    native = subprocess.run([program, program], env={"PATH": "/bin"}, capture_output=True, text=True, timeout=200)
    expected = native.stdout.splitlines()
    assert len(expected) > 250, native.stderr
    user = {"uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "environment": ["PATH=/bin"]}
    kernel = Kernel(root, ["sh", "-c", "/bin/program /bin/program; :"], **user)
    _, output = kernel.finish()
    difference = list(difflib.unified_diff(expected, output.splitlines(), "natively", "inside", lineterm="", n=1))
    assert not difference, "\n".join(difference)


def test_thousands_of_short_processes_leave_nothing(root):
    kernel = Kernel(root, ["sleep", "1000"])

    def held():
        status = pathlib.Path(f"/proc/{kernel.pid}/status").read_text()
        memory = int(status.split("RssAnon:")[1].split()[0])
        return len(os.listdir(f"/proc/{kernel.pid}/fd")), memory

    def run(script):
        answer, reader = kernel.execute(["sh", "-c", script], adopt=True)
        output = Kernel.text(reader)
        kernel.wait(answer)
        return output

    def row(count):
        return run(f"i=0; while [ $i -lt {count} ]; do /bin/true; i=$((i+1)); done; echo done")

    assert row(500) == "done\n"
    before = held()
    assert row(2500) == "done\n"
    # Many at once, each with a program of its own.
    assert run("i=0; while [ $i -lt 300 ]; do sleep 1 & i=$((i+1)); done; wait; echo done") == "done\n"
    assert row(100) == "done\n"
    after = held()
    assert after[0] <= before[0] + 4
    assert after[1] <= before[1] + 1500, (before, after)
    wait_until(lambda: len(kernel.pids()) == 1, what="the end of the others")
    os.kill(kernel.first, 9)
    kernel.finish()


def test_those_that_ended_are_seen_until_they_are_waited_for(root):
    script = """
    dead() { case "$(ps -o stat)" in *Z*) true;; *) false;; esac; }
    sh -c 'true & exec sleep 1000' & p=$!
    i=0; until dead || [ $i = 1000 ]; do i=$((i+1)); sleep 0.1; done; ps -o stat,comm
    kill $p; wait
    i=0; while dead && [ $i -lt 1000 ]; do i=$((i+1)); sleep 0.1; done; ps -o stat,comm
    """
    code, output = Kernel(root, ["sh", "-c", script]).finish()
    assert output.count("STAT") == 2, (code, output)
    first, second = output.split("STAT")[1:]
    assert "Z    sh" in first.replace("true", "sh") and "Z" not in second


def test_who_lists_processes_meets_none_without_a_state(root):
    # busybox's ps ends with a signal at a /proc/PID/stat that is empty: one whose process has gone is not there.
    script = """
    (while [ ! -e /tmp/end ]; do true & sh -c : & sh -c : & wait; done) &
    i=0; while [ $i -lt 150 ]; do ps -o stat,comm >/dev/null || echo $i: $?; i=$((i+1)); done
    touch /tmp/end; wait
    """
    assert Kernel(root, ["sh", "-c", script]).finish() == (0, "")


def test_a_program_is_not_written_while_it_runs_nor_run_while_it_is_written(root):
    script = """
    cat /bin/program > /tmp/p; chmod +x /tmp/p; /tmp/p --sleep & until [ "$(readlink /proc/$!/exe)" = /tmp/p ]; do sleep 0.1; done
    echo x >> /tmp/p; kill $!; wait; echo x >> /tmp/p && echo written
    (exec 9>> /tmp/p; /tmp/p --exit; echo $?); /tmp/p --exit; echo $?
    # Whoever has waited for its end can write to it.
    i=0; while [ $i -lt 50 ]; do i=$((i+1)); /tmp/p --sleep & kill -9 $!; wait $!; echo x >> /tmp/p || echo busy; done 2>/dev/null
    """
    _, output = Kernel(root, ["sh", "-c", script]).finish()
    assert [line.removeprefix("sh: ") for line in output.splitlines()] == [
        "can't create /tmp/p: Text file busy", "written", "/tmp/p: Text file busy", "126", "9"]


@pytest.fixture
def terminal(chain, debian, name):
    """An interactive shell of Debian's at a terminal."""
    shell = pexpect.spawn(
        str(BIN / "uk"), ["run", "--rm", "-it", "--name", name, "-e", "PS1=<#>", "debian:bookworm", "bash", "--norc", "-i"],
        env=chain.env, encoding="utf-8", timeout=200, dimensions=(30, 120))
    shell.expect("<#>")

    def enter(command, expected="<#>"):
        shell.sendline(command)
        shell.expect(expected)
        return shell.before.replace("\r", "").strip()

    enter("bind 'set enable-bracketed-paste off'; stty -echo")
    yield shell, enter
    shell.close(force=True)


def test_a_shell_controls_its_jobs(chain, terminal, name):
    shell, enter = terminal

    def in_front(command):
        """Waits until the terminal's keys are for `command`."""
        def is_there():
            lines = chain.uk("exec", name, "ps", "-eo", "stat=,args=").stdout.splitlines()
            return any("+" in line.split()[0] and line.endswith(command) for line in lines)

        wait_until(is_there, what=f"{command} in the foreground")

    lines = enter("tty; stty size; ps -o pid,pgid,sid,tty,stat,comm").split("\n")
    assert lines[0].startswith("/dev/pts/") and lines[1] == "30 120"
    pid, group, session, tty, state, program = lines[3].split()
    assert (pid, group, session, state, program) == ("1", "1", "1", "Ss", "bash") and f"/dev/{tty}" == lines[0]
    assert lines[4].split()[4:] == ["R+", "ps"] and lines[4].split()[0] == lines[4].split()[1]
    enter("sleep 100 & sleep 101 &")
    shell.sendline("sleep 102")
    in_front("sleep 102")
    shell.send("\x1a")
    shell.expect("Stopped +sleep 102\r\n<#>")
    assert [line.split()[1] for line in enter("jobs").split("\n")] == ["Running", "Running", "Stopped"]
    enter("bg")
    assert enter("jobs").count("Running") == 3
    enter("fg %1", "sleep 100\r\n")
    in_front("sleep 100")
    shell.send("\x03")
    shell.expect("<#>")
    assert enter("echo $?") == "130"
    enter("kill %2 %3; wait 2>/dev/null")
    enter("sh -c 'trap \"echo caught; exit 3\" INT; echo ready; read x'", "ready\r\n")
    shell.send("\x03")
    shell.expect("caught\r\n<#>")
    assert enter("echo $?") == "3"
    enter("cat & until [ $(ps -o stat= -p $!) = T ]; do sleep 0.1; done; jobs", "Stopped +cat\r\n<#>")
    enter("kill %1; wait")
    lines = enter("tty < /dev/null; [ -t 0 ] && echo terminal").split("\n")
    assert (lines[0], lines[-1]) == ("not a tty", "terminal")
    # The shell outlives what it handles.
    shell.send("\x03\x1a\x1c")
    time.sleep(0.2)
    enter("")
    enter("kill -TSTP $$; echo pid $$", "pid 1\r\n<#>")
    shell.sendline("exit 4")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 4


def test_su_and_sudo_ask_for_passwords(terminal):
    shell, enter = terminal
    enter("useradd -m -s /bin/bash joe; echo joe:secret | chpasswd; echo root:geheim | chpasswd; usermod -aG sudo joe")
    enter("echo \"127.0.0.1 $(hostname)\" >> /etc/hosts")
    enter("su - joe", "joe@[^ ]*\\$ ")
    enter("sudo whoami", "password for joe: ")
    enter("wrong", "try again.\r\n.*password for joe: ")
    enter("secret", "root\r\n")
    shell.expect("\\$ ")
    enter("sudo -n sh -c 'id -u; exit 5'; echo rc $?", "0\r\nrc 5\r\n")
    enter("su -c whoami", "Password: ")
    enter("bad", "Authentication failure\r\n")
    enter("su -c whoami", "Password: ")
    enter("geheim", "root\r\n")
    enter("id -un; exit", "joe\r\n")


def test_su_sudo_and_runuser_change_the_user(debian):
    out = debian("""
        useradd -m -s /bin/bash joe; echo "127.0.0.1 $(hostname)" >> /etc/hosts
        echo 'joe ALL=(ALL) NOPASSWD: /usr/bin/id, /bin/sh' > /etc/sudoers.d/joe; chmod 440 /etc/sudoers.d/joe
        su joe -c 'sudo id -u; sudo -u www-data id -un; sudo -n whoami 2>&1; sudo sh -c "exit 5"; echo $?'
        su - joe -c 'pwd; echo $USER $SHELL'; su -s /bin/sh nobody -c 'id -un'; runuser -u joe -- id -un
        sudo -u joe -i pwd; sudo -u joe env | grep -c ^SUDO_
        su joe -c 'sudo cat /etc/shadow' 2>&1 | tail -1 || true
        """).stdout.splitlines()
    assert out == [
        "0", "www-data", "sudo: a password is required", "5", "/home/joe", "joe /bin/bash", "nobody", "joe", "/home/joe", "4",
        "sudo: a password is required"]


def test_perl_forks_pipes_and_handles_signals(debian):
    out = debian(r"""
        cat > /tmp/t.pl <<'EOF'
        use strict; use warnings; use POSIX qw(:sys_wait_h setsid); use IPC::Open3; $| = 1;
        my $pid = fork // die; if (!$pid) { exit 7 } waitpid $pid, 0; print "exit ", $? >> 8, "\n";
        open my $pipe, "-|", "sh", "-c", "echo out; exit 3" or die; print <$pipe>; close $pipe; print "close ", $? >> 8, "\n";
        print "ticks ", join(",", map { chomp; $_ } `seq 3`), " ", system("kill -9 \$\$") & 127, "\n";
        local $SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$;
        eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select undef, undef, undef, 5; }; print $@;
        my ($in, $both); my $p = open3($in, $both, undef, "cat"); print $in "through\n"; close $in; print <$both>; waitpid $p, 0;
        my @kids = map { my $n = $_; my $k = fork // die; exit $n unless $k; $k } 1 .. 20;
        my $sum = 0; while ((my $k = waitpid -1, 0) > 0) { $sum += $? >> 8 } print "sum $sum\n";
        $0 = "renamed"; open my $c, "<", "/proc/$$/cmdline"; print "name ", substr(<$c>, 0, 7), "\n";
        exec { "/bin/echo" } "anything", "executed";
        EOF
        perl /tmp/t.pl; printf '#!/usr/bin/perl -w\nprint "script @ARGV\n"' > /tmp/s; chmod +x /tmp/s; /tmp/s a b
        """).stdout.splitlines()
    assert out == [
        "exit 7", "out", "close 3", "ticks 1,2,3 9", "usr1", "alarm", "through", "sum 210", "name renamed", "executed", "script a b"]


def test_a_process_is_named_by_its_folder_and_by_no_negative_number(debian):
    out = debian(r"""
        python3 - <<'END'
        import errno, os, signal, subprocess
        child = subprocess.Popen(["sleep", "100"])
        for number in (child.pid, os.getpid()):
            folder = os.open(f"/proc/{number}", os.O_RDONLY | os.O_DIRECTORY)
            signal.pidfd_send_signal(folder, 0)
        signal.pidfd_send_signal(os.open(f"/proc/{child.pid}", os.O_RDONLY), signal.SIGTERM)
        print(child.wait())
        for wrong in (os.open("/proc", os.O_RDONLY), os.open("/proc/self/task", os.O_RDONLY), os.open("/tmp", os.O_RDONLY)):
            try: signal.pidfd_send_signal(wrong, 0)
            except OSError as error: print(errno.errorcode[error.errno])
        for call in (os.sched_getaffinity, os.sched_getscheduler, os.sched_getparam):
            try: call(-1)
            except OSError as error: print(errno.errorcode[error.errno])
        END
        """).stdout.split()
    assert out == ["-15", "EBADF", "EBADF", "EBADF", "ESRCH", "EINVAL", "EINVAL"]


def test_abstract_names_are_as_long_as_an_address(debian):
    out = debian(r"""
        python3 - <<'END'
        import socket
        for size in (1, 90, 95, 96, 97, 106, 107):
            names = [b"\0" + bytes([letter]) * size for letter in b"ab"]
            servers = []
            for name in names:
                servers.append(socket.socket(socket.AF_UNIX))
                servers[-1].bind(name)
                servers[-1].listen()
            client = socket.socket(socket.AF_UNIX)
            client.connect(names[1])
            accepted = servers[1].accept()[0]
            accepted.send(b"x")
            assert client.recv(1) == b"x"
            assert servers[0].getsockname() == names[0] and client.getpeername() == names[1] == accepted.getsockname()
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try: socket.socket(socket.AF_UNIX, kind).bind(names[0] + b"a")
            except OSError as error: print(error)
        END
        """).stdout.splitlines()
    assert out == ["AF_UNIX path too long"] * 2


def test_others_processes_are_neither_signalled_nor_slowed_down(debian):
    out = debian(r"""
        sleep 100 & mine=$!
        setsid sleep 100 & leader=$!
        cat > /tmp/try.py <<'END'
        import ctypes, errno, os, signal, sys
        mine, leader = map(int, sys.argv[1:])
        libc = ctypes.CDLL(None, use_errno=True)
        def tried(what, *arguments):
            try: what(*arguments)
            except OSError as error: return errno.errorcode[error.errno]
            return "done"
        def disk(number, priority=None, which=1):
            result = libc.syscall(252 if priority is None else 251, which, number, priority or 0)
            return errno.errorcode[ctypes.get_errno()] if result < 0 else "done"
        own = os.fork()
        if own == 0:
            signal.pause()
        print(tried(os.kill, mine, 15), tried(os.killpg, leader, 15), tried(os.kill, 1, 15), tried(os.kill, -2**31, 15))
        print(tried(os.setpriority, os.PRIO_PROCESS, mine, 5), tried(os.setpriority, os.PRIO_PGRP, leader, 5))
        print(tried(os.sched_setaffinity, mine, {0}), tried(os.sched_setscheduler, mine, os.SCHED_BATCH, os.sched_param(0)))
        print(disk(os.getpid()), disk(mine), disk(1), disk(999999), disk(mine, 0x4007), disk(own, 0x4007))
        print(disk(leader, None, 2), disk(leader, 0x4007, 2), disk(33, 0x4007, 3), disk(4711, None, 3), disk(1, None, 4))
        print(tried(os.kill, -1, 15), os.waitpid(own, 0)[1], tried(os.kill, -1, 0))
        END
        setpriv --reuid 33 --regid 33 --clear-groups python3 /tmp/try.py $mine $leader
        nice -n 1 true; kill -0 $mine $leader && echo alive
        ps -o ni= -p $mine -p $leader | tr -d ' ' | tr '\n' ' '; kill -9 -- -$leader; kill $mine; wait $leader || echo $?
        """, check=False).stdout.splitlines()
    assert out == [
        "EPERM EPERM EPERM ESRCH", "EPERM EPERM", "EPERM EPERM", "done done done ESRCH EPERM done",
        "done EPERM done ESRCH EINVAL", "done 15 done", "alive",
        "0 0 137",
    ], out


def test_ipcs_lists_what_the_container_has(debian):
    out = debian(r"""
        ipcmk -M 8192 >/dev/null; ipcmk -S 3 >/dev/null; ipcmk -Q >/dev/null; ipcmk -Q >/dev/null
        ipcs -m | awk '/^0x/ {print $3, $4, $5}'; ipcs -s | awk '/^0x/ {print $3, $4, $5}'; ipcs -q | awk '/^0x/ {print $3, $4, $5}'
        ipcs -u | grep -E 'segments|used|allocated|pages a' | tr -s ' \t' '  '; ipcs -l | grep -c max; ipcrm -a; ipcs | grep -c ^0x
        """, check=False).stdout.splitlines()
    assert out == [
        "root 644 8192", "root 644 3", "root 644 0", "root 644 0", "allocated queues = 2",
        "used headers = 0", "used space = 0 bytes", "segments allocated 1", "pages allocated 2", "used arrays = 1", "allocated semaphores = 3", out[-2], "0",
    ], out
    assert int(out[-2]) > 5
