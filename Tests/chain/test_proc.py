"""/proc, /sys and /dev are the container's own, and the tools that read them work."""
import re
import socket


def test_proc_self_tells_of_the_process_inside(debian):
    out = debian(r"""
        readlink /proc/self/exe /proc/self/cwd /proc/self/root /proc/self/fd/0
        readlink /proc/self/fd/1 | sed 's/[0-9]\+/N/'; grep -E '^(Name|Pid|PPid|Uid|NoNewPrivs)' /proc/self/status | head -4 | sed 's/Pid:\t[0-9]*/Pid:/'
        cat /proc/self/cgroup; cut -d' ' -f2,5,6 /proc/1/stat; cat /proc/self/cmdline | tr '\0' ' '; echo; cat /proc/self/comm
        ls -a /proc/self/fd | head -2 | tr '\n' ' '; echo; ls /proc/self/task | wc -l; grep -c ukloader /proc/self/maps >/dev/null && echo loader
        grep -E '/usr/bin/grep|libc.so' /proc/self/maps | awk '{print $6}' | sort -u; readlink /proc/self/ns/net | sed 's/[0-9]\+/N/'; stat -Lc %F /proc/self/ns/uts
        echo 5 > /proc/self/oom_score_adj; cat /proc/self/oom_score_adj; printf new > /proc/$$/comm; cat /proc/$$/comm
        wc -c < /proc/self/auxv; cat /proc/self/fdinfo/0 | head -1; ls /proc > /tmp/listed; grep -c '^[0-9]' /tmp/listed
        """, "-w", "/usr").stdout.splitlines()
    assert out == [
        "/usr/bin/readlink", "/usr", "/", "/dev/null", "pipe:[N]", "Name:\tgrep", "Pid:", "PPid:", "Uid:\t0\t0\t0\t0",
        "0::/", "(bash) 1 1", "cat /proc/self/cmdline ", "cat", ". .. ", "1", "loader", "/usr/bin/grep",
        "/usr/lib/x86_64-linux-gnu/libc.so.6", "net:[N]", "regular empty file", "5", "new", out[-3], "pos:\t0", "2",
    ], out
    assert int(out[-3]) > 200


def test_mounts_show_nothing_of_the_hosts_folders(chain, debian, tmp_path):
    (tmp_path / "volume").mkdir()
    (tmp_path / "file").write_text("x")
    out = debian(
        "cat /proc/mounts /proc/self/mountinfo; mount; df -h; findmnt; grep -H . /proc/self/maps", "-v",
        f"{tmp_path}/volume:/volume", "-v", f"{tmp_path}/file:/single:ro").stdout
    assert " /volume " in out and " /single " in out
    assert str(chain.folder) not in out and str(tmp_path) not in out
    assert re.search(r"^/dev/root on /single type \w+ \(ro,relatime\)$", out, re.MULTILINE)


def test_memory_and_processors_keep_to_the_limits(debian):
    out = debian(
        """
        free -m | awk '/Mem/ {print $2, ($4 > 300), ($4 < 512)}'; grep -c ^processor /proc/cpuinfo; nproc
        cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.current
        top -bn1 | sed -n 4p; python3 -c 'import os; print(os.sysconf("SC_NPROCESSORS_ONLN") > 0)'
        """, "-m", "512m", "--cpuset-cpus", "0", "--cpus", "0.5", "--pids-limit", "60").stdout.splitlines()
    assert out[:7] == ["512 1 1", "1", "1", "536870912", "50000 100000", "60", out[6]]
    assert 1 < int(out[6]) < 10 and out[7].startswith("MiB Mem :    512.0 total") and out[8] == "True"


def test_tools_that_read_proc_work(debian):
    out = debian(r"""
        sleep 1000 & until [ "$(cat /proc/$!/comm)" = sleep ]; do sleep 0.1; done
        ps -eo ppid,user,comm | head -3 | tail -2 | sed 's/  */ /g'; pgrep -c sleep; pidof sleep | wc -w
        top -bn1 | grep -c ' sleep *$'; uptime | grep -c load; pmap 1 | tail -1 | grep -c total; lscpu | grep -c '^CPU(s)'
        vmstat | wc -l; sysctl -n kernel.hostname; cat /proc/sys/net/core/somaxconn | grep -c .; prlimit -p 1 | grep -c NOFILE
        sysctl -w vm.swappiness=1 2>&1 | grep -c 'Read-only\|denied\|Invalid'; df / | tail -1 | awk '{print $1, $6}'
        ls -l /dev/null /dev/ptmx /dev/fd | awk '{print $1, $NF}'; script -qc tty /dev/null | tr -d '\r0-9'; echo x > /dev/full
        """, "--hostname", "box", check=False).stdout.splitlines()
    assert out == [
        " 0 root bash", " 1 root sleep", "1", "1", "1", "1", "1", "1", "3", "box",
        "1", "1", "1", "overlay /", "lrwxrwxrwx /proc/self/fd", "crw-rw-rw- /dev/null", "lrwxrwxrwx pts/ptmx", "/dev/pts/",
    ], out


def test_standard_input_can_be_opened_anew_after_its_end(chain, debian):
    result = chain.uk(
        "run", "--rm", "-i", "debian:bookworm", "sh", "-c",
        "sleep 0.3; cat /dev/stdin; cat /dev/stdin; cat /proc/self/fd/0; echo end > /dev/stdout; echo e > /dev/stderr",
        input="given\n")
    assert (result.stdout, result.stderr) == ("given\nend\n", "e\n")


def test_descriptors_that_are_kept_ready_are_not_the_programs(debian):
    out = debian(r"""
        python3 - <<'END'
        import os
        folder = "/usr/include/linux/"
        names = sorted(os.listdir(folder))
        for _ in range(3):
            for name in names:
                if os.path.isfile(folder + name):
                    with open(folder + name) as file: file.read(1)
        with os.scandir("/proc/self/fd") as entries: print(sorted(int(e.name) for e in entries)[:-1])
        found = []
        for number in range(1000):
            try: os.fstat(number)
            except OSError: continue
            found.append(number)
        print(found, os.path.exists("/proc/self/fd/400"), os.path.exists("/proc/self/fdinfo/400"))
        # One of its own under such a number is shown.
        os.dup2(0, 410)
        print(sorted(map(int, os.listdir("/proc/self/fd")))[-1], os.path.exists("/proc/self/fd/410"), os.fstat(410) == os.fstat(0))
        END
        """).stdout.splitlines()
    assert out == ["[0, 1, 2]", "[0, 1, 2] False False", "410 True True"]


def test_the_network_shows_the_containers_sockets_and_no_others(debian):
    with socket.socket() as outside:
        outside.bind(("127.0.0.1", 0))
        outside.listen()
        out = debian("""
            python3 - <<'END'
import os, socket
def table(name):
    return [line.split() for line in open("/proc/net/" + name)][1:]
def inode(s):
    return str(os.fstat(s.fileno()).st_ino)
os.setegid(33); os.seteuid(33)
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
datagram = socket.socket(type=socket.SOCK_DGRAM); datagram.bind(("127.0.0.1", 0))
path = socket.socket(socket.AF_UNIX); path.bind("/tmp/named"); path.listen()
abstract = socket.socket(socket.AF_UNIX); abstract.bind(b"\\0hidden"); abstract.listen()
tcp, = table("tcp")
assert int(tcp[1].split(":")[1], 16) == server.getsockname()[1] and tcp[3] == "0A", tcp
assert tcp[7] == "33" and tcp[9] == inode(server), tcp
udp, = table("udp")
assert udp[9] == inode(datagram), udp
names = {line[6]: line[7] for line in table("unix") if len(line) > 7}
assert names == {inode(path): "/tmp/named", inode(abstract): "@hidden"}, names
assert [line[0] for line in table("dev")][1:] and table("tcp6") == []
print("all is well")
END
            """).stdout
    assert out == "all is well\n"


def test_files_of_proc_are_copied(debian):
    out = debian(r"""
        cd /tmp
        for name in /proc/version /proc/cpuinfo /proc/self/limits /proc/self/mountinfo /proc/sys/kernel/hostname; do
            cp $name copy && [ -s copy ] && echo $name
        done
        python3 - <<"END"
        import os
        for name in ("/proc/version", "/proc/self/status", "/proc/self/maps"):
            with open(name) as file:
                one, other = os.fstat(file.fileno()), os.stat(name)
                print(one[:3] == other[:3], one.st_uid, one.st_size)
        END
        """).stdout.splitlines()
    assert out == [
        "/proc/version", "/proc/cpuinfo", "/proc/self/limits", "/proc/self/mountinfo", "/proc/sys/kernel/hostname",
        *["True 0 0"] * 3], out


def test_files_of_proc_that_are_kept_open_say_what_is_so_now(debian):
    out = debian(r"""
        cat > /tmp/program <<'END'
import os, time
kept = os.open("/proc/uptime", os.O_RDONLY)
before = os.pread(kept, 100, 0); time.sleep(0.05); print(os.pread(kept, 100, 0) != before, os.readlink(f"/proc/self/fd/{kept}"))
for name in "uptime", "stat", "meminfo", "self/comm", "1/comm":
    descriptor = os.open("/proc/" + name, os.O_RDONLY); print(os.path.samestat(os.fstat(descriptor), os.stat("/proc/" + name)))
END
        python3 /tmp/program; cp /proc/uptime /tmp/copy && test -s /tmp/copy && echo copied""").stdout.splitlines()
    assert out == ["True /proc/uptime"] + ["True"] * 5 + ["copied"]


def test_a_child_that_has_called_nothing_yet_is_in_proc(debian):
    """Nobody tells of a fork: whoever looks for the child finds it all the same."""
    out = debian(r"""
        cat > /tmp/program <<'END'
import os, signal
for look in lambda child: os.path.exists(f"/proc/{child}/task"), lambda child: str(child) in os.listdir("/proc"):
    child = os.fork()
    while not child: pass
    print(look(child)); os.kill(child, signal.SIGKILL); os.wait()
END
        python3 /tmp/program""").stdout.split()
    assert out == ["True", "True"]
