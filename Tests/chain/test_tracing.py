"""ptrace(2) inside: strace and gdb see of an unmodified program what they see natively."""
import re

PROGRAM = """
cd /tmp; cat > p.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int depth(int n)
{
    if (n == 0) {
        if (getenv("CRASH")) *(volatile int *)0 = 1;
        return 42;
    }
    return depth(n - 1) + 1;
}
int main(int c, char **v)
{
    if (getenv("WAIT")) fclose(fopen("/tmp/waits", "w")), sleep(atoi(getenv("WAIT")));
    printf("%s %s %d\\n", v[0], c > 1 ? v[1] : "-", depth(3));
    return 5;
}
EOF
gcc -g -o p p.c
"""


def test_strace_shows_a_programs_own_calls(debian):
    out = debian("""
        strace -a 1 -o /tmp/log cat /etc/debian_version; head -1 /tmp/log | sed 's/0x[0-9a-f]*/X/'
        sed -n 2p /tmp/log | cut -d'(' -f1; grep -Ec '554b|PR_SET_MM' /tmp/log || true
        grep -E 'debian_version|^write|exited' /tmp/log | tail -3; cat /etc/debian_version
        strace -e trace=none -e quiet=none sh -c 'exit 3' 2>&1 || echo $?
        strace -e execve /nosuch 2>&1 || true
        """).stdout.splitlines()
    version = out[0]
    assert re.fullmatch(r'execve\("/usr/bin/cat", \["cat", "/etc/debian_version"\], X /\* \d+ vars \*/\) = 0', out[1])
    assert out[2:7] == [
        "brk", "0", 'openat(AT_FDCWD, "/etc/debian_version", O_RDONLY) = 3', f'write(1, "{version}\\n", {len(version) + 1}) = {len(version) + 1}',
        "+++ exited with 0 +++"]
    assert out[7:] == [version, "+++ exited with 3 +++", "3", "strace: Can't stat '/nosuch': No such file or directory"]


def test_strace_follows_every_kind_of_exec(debian):
    out = debian("""
        cd /tmp; printf '#!/bin/sh\\nexec true $0 $@\\n' > s; chmod +x s; cp /bin/echo ./e
        cat > all.py <<'EOF'
        import os, subprocess, threading
        subprocess.run(["/tmp/s", "script"])
        os.waitpid(os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ), 0)
        program = os.open("/bin/echo", os.O_RDONLY)
        for inherits in (False, True):
            os.set_inheritable(program, inherits)
            if os.fork() == 0: os.execve(program, ["echo", "by descriptor"], {})
            os.wait()
        if os.fork() == 0:
            path = os.environ["WHERE"] = "/bin/sh"
            os.execv(path, ["sh", "-c", "echo $0 $WHERE"])
        os.wait()
        threading.Thread(target=lambda: os.execv("./e", ["./e", "from a thread"])).start()
        threading.Event().wait()
        EOF
        python3 all.py > native; strace -f -o log -e trace=execve,execveat python3 all.py > traced; cmp native traced
        cat traced; grep -Ev 'resumed|ENOENT|superseded|execve."1"' log | grep -o 'execve.*' | sed 's/, 0x.*//'
        """).stdout.splitlines()
    assert out == [
        "spawned", "by descriptor", "by descriptor", "sh /bin/sh", "from a thread",
        'execve("/usr/bin/python3", ["python3", "all.py"]', 'execve("/tmp/s", ["/tmp/s", "script"]',
        'execve("/usr/bin/true", ["true", "/tmp/s", "script"]', 'execve("/bin/echo", ["echo", "spawned"]',
        'execveat(3, "", ["echo", "by descriptor"]', 'execveat(3, "", ["echo", "by descriptor"]',
        'execve("/bin/sh", ["sh", "-c", "echo $0 $WHERE"]', 'execve("./e", ["./e", "from a thread"]']


def test_strace_attaches_counts_and_lets_go(debian):
    out = debian("""
        sleep 1000 & p=$!; strace -o /tmp/log -p $p 2>/dev/null & s=$!
        until grep -q TracerPid:.$s /proc/$p/status; do sleep 0.05; done
        kill $s; wait $s 2>/dev/null || true; grep TracerPid /proc/$p/status; kill -0 $p && echo alive; kill $p
        strace -f -c -o /tmp/counts sh -c 'cat /etc/hostname; true' >/dev/null; awk '$NF == "execve" { print $4 }' /tmp/counts
        strace -o /tmp/log -p 1 2>/dev/null & s=$!
        until grep -q TracerPid:.$s /proc/1/status; do sleep 0.05; done
        until grep -q '/tmp/marker' /tmp/log; do : > /tmp/marker; sleep 0.05; done
        kill $s; wait $s 2>/dev/null || true; grep -q '/tmp/marker' /tmp/log && echo 1
        """).stdout.split("\n")
    assert out[:5] == ["TracerPid:\t0", "alive", "2", "1", ""]


def test_gdb_runs_a_program_and_shows_where_it_fell(debian):
    out = debian(PROGRAM + """
        CRASH=1 gdb -q -batch -ex run -ex bt -ex 'info proc' --args ./p hello 2>&1 | grep -v ^process; echo ====
        gdb -q -batch -ex 'break depth if n==1' -ex run -ex bt -ex 'set var n=0' -ex finish -ex c ./p 2>&1; echo ====
        gdb -q -batch -ex starti -ex 'info symbol $pc' -ex 'print $_siginfo.si_signo' ./p 2>&1
        """).stdout
    first, second, third = out.split("====\n")
    assert "Program received signal SIGSEGV" in first
    assert re.search(r"#0 .* in depth \(n=0\) at p.c:7\n#1 .* depth \(n=1\) at p.c:10\n", first)
    assert re.search(r"#4 .* main \(c=2, v=0x[0-9a-f]*\) at p.c:15", first)
    assert "cmdline = '/tmp/p hello'\ncwd = '/tmp'\nexe = '/tmp/p'" in first
    assert "Breakpoint 1, depth (n=1) at p.c:6" in second and "Value returned is $1 = 42" in second
    assert "/tmp/p - 44" in second and "exited with code 05" in second
    # The first instruction is the dynamic linker's, as natively.
    assert "Program stopped." in third and "from /lib64/ld-linux-x86-64.so.2" in third and third.endswith("= 5\n")


def test_gdb_attaches_to_a_running_program(debian):
    out = debian(PROGRAM + """
        WAIT=1000 ./p & until [ -e /tmp/waits ]; do sleep 0.1; done
        for look in 1 2 3 4 5; do until grep -q '^State:.S' /proc/$!/status; do sleep 0.1; done; sleep 0.1; done
        gdb -q -batch -p $! -ex 'up 3' -ex 'info sharedlibrary' -ex 'call (int)getpid()' -ex detach 2>&1; kill $!; echo $!
        """).stdout
    assert re.search(r"#3 .* in main \(c=1, v=0x[0-9a-f]*\) at p.c:14", out)
    assert "/lib/x86_64-linux-gnu/libc.so.6" in out and "/lib64/ld-linux-x86-64.so.2" in out
    pid = out.split()[-1]
    assert f"$1 = {pid}\n" in out


def test_a_tracer_has_no_more_rights_than_linux_gives_it(debian):
    out = debian("""
        cat > /tmp/t.py <<'EOF'
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long] * 4
        libc.process_vm_readv.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_long, ctypes.c_void_p, ctypes.c_long, ctypes.c_long]
        def answer(result): return "done" if result >= 0 else os.strerror(ctypes.get_errno())
        def seize(pid): return answer(libc.ptrace(0x4206, pid, 0, 0))
        class Part(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
        def peek(pid):
            data = ctypes.create_string_buffer(b"secret", 16); here = ctypes.create_string_buffer(16)
            to, of = Part(ctypes.addressof(here), 6), Part(ctypes.addressof(data), 6)
            result = libc.process_vm_readv(pid, ctypes.byref(to), 1, ctypes.byref(of), 1, 0)
            return here.value.decode() if result == 6 else answer(result)
        def child(uid=0):
            reader, writer = os.pipe(); pid = os.fork()
            if pid == 0:
                if uid: os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
                os.write(writer, b"x"); os.read(reader, 0); import time; time.sleep(1000)
            os.read(reader, 1); return pid
        root, other = child(), child(33)
        print("own child:", seize(root), peek(root) != "", "itself:", seize(os.getpid()))
        print("nobody:", seize(999999), peek(999999), "the host's first:", seize(2))
        os.kill(root, 9); os.waitpid(root, 0); root = child()
        os.setresgid(33, 33, 33); os.setresuid(33, 33, 33)
        print("as www-data:", seize(root), peek(root), seize(1), peek(1), "its own:", seize(other))
        EOF
        python3 /tmp/t.py
        cp /usr/bin/id /usr/local/bin/sid; chmod 4755 /usr/local/bin/sid
        setpriv --reuid 33 --clear-groups sid -u; setpriv --reuid 33 --clear-groups strace -o /dev/null sid -u
        strace -o /dev/null setpriv --reuid 33 --clear-groups sid -u; :
        """, check=False)
    assert out.stdout.splitlines() == [
        "own child: done True itself: Operation not permitted",
        "nobody: No such process No such process the host's first: No such process",
        "as www-data: Operation not permitted Operation not permitted Operation not permitted Operation not permitted its own: Operation not permitted",
        "0", "33", "33"], out
