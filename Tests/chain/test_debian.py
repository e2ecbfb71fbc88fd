"""An unmodified Debian tree: programs do inside what they do natively."""
import os

from conftest import wait_until


def test_dynamic_programs_and_scripts_run(debian):
    out = debian("""
        . /etc/os-release; echo $VERSION_CODENAME
        printf '#!/usr/bin/perl -w\\nprint "perl $0 @ARGV\\\\n";\\n' > /tmp/s; chmod +x /tmp/s; /tmp/s a b
        printf '#!/tmp/s c\\n' > /tmp/t; chmod +x /tmp/t; /tmp/t d
        (exec -a other bash -c 'echo $0')
        env -i /usr/bin/env | wc -l
        """).stdout.splitlines()
    assert out == ["bookworm", "perl /tmp/s a b", "perl /tmp/s c /tmp/t d", "other", "0"]


def test_the_file_system_behaves(debian):
    out = debian("""
        cd /tmp; mkdir d; echo 1 > d/f; ln d/f d/g; ln -s f d/l; stat -c '%h %F' d/f d/l
        mv d e; cat e/l; rm e/f; cat e/g; rmdir e 2>&1 | sed 's/.*: //'; rm -r e; ls
        rm /etc/issue; ls /etc/issue 2>&1 | sed 's/.*: //'; echo new > /etc/issue; cat /etc/issue
        rm -r /usr/share/common-licenses; mkdir /usr/share/common-licenses; ls -A /usr/share/common-licenses | wc -l
        mv /usr/share/perl5 /usr/share/perl6; test -d /usr/share/perl6/Debconf && echo moved
        chown 33:33 /etc/hostname 2>/dev/null || { echo x > /etc/hostname; chown 33:33 /etc/hostname; }
        stat -c '%u %g' /etc/hostname
        chmod 4755 /bin/true; stat -c %a /bin/true
        mknod /tmp/null c 1 3; stat -c '%F %t,%T' /tmp/null
        cd /nowhere 2>&1 | sed 's/.*: //'
        """).stdout.splitlines()
    assert out == [
        "2 regular file", "1 symbolic link", "1", "1", "Directory not empty", "No such file or directory", "new", "0",
        "moved", "33 33", "4755", "character special file 1,3", "No such file or directory",
    ]


def test_another_user_has_another_users_rights(debian):
    out = debian("""
        id -u; cat /etc/shadow >/dev/null 2>&1 || echo refused; touch /x 2>/dev/null || echo refused; touch /tmp/x && echo made
        stat -c %U /tmp/x
        """, "-u", "nobody").stdout.split()
    assert out == ["65534", "refused", "refused", "made", "nobody"]


def test_su_and_setuid_change_the_virtual_user(debian):
    assert debian("su nobody -s /bin/sh -c 'id -un; whoami'").stdout.split() == ["nobody", "nobody"]
    assert debian("setpriv --reuid 33 --regid 33 --clear-groups id").stdout == "uid=33(www-data) gid=33(www-data) groups=33(www-data)\n"
    assert debian(
        "cp /usr/bin/id /usr/local/bin/rootid; chmod 4755 /usr/local/bin/rootid; setpriv --reuid 33 --clear-groups rootid -u"
    ).stdout == "0\n"


def test_processes_signals_and_pipes(debian):
    out = debian("""
        echo $$; bash -c 'echo $PPID'
        (trap 'echo term; exit 3' TERM; touch /tmp/ready; while :; do sleep 0.05; done) & p=$!
        until [ -e /tmp/ready ]; do sleep 0.05; done; kill $p; wait $p || echo $?
        seq 100000 | sort -rn | head -1
        ps -e -o comm= | sort | tr '\\n' ' ' 2>/dev/null || true
        """).stdout.splitlines()
    assert out[0:5] == ["1", "1", "term", "3", "100000"]


def test_many_short_processes_leave_nothing_open(chain, debian, name):
    chain.uk("run", "-d", "--name", name, "debian:bookworm", "sleep", "1000")
    kernel = next(p for p, e in chain.mine().items() if e[3][0].endswith("ukernel"))

    def descriptors():
        return len(os.listdir(f"/proc/{kernel}/fd"))

    loop = "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done"
    chain.uk("exec", name, "sh", "-c", loop)
    before = descriptors()
    chain.uk("exec", name, "sh", "-c", loop)
    wait_until(lambda: abs(descriptors() - before) <= 8, what="the same number of descriptors")
    chain.uk("rm", "-f", name)


def test_python_with_threads_subprocess_and_multiprocessing(debian):
    out = debian("""
        python3 - <<'EOF'
        import subprocess, threading, multiprocessing, tempfile, os, sqlite3
        print(subprocess.run(["echo", "sub"], capture_output=True, text=True).stdout.strip())
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(os.getpid())) for _ in range(20)]
        [t.start() for t in threads]; [t.join() for t in threads]
        print(len(seen), len(set(seen)))
        with multiprocessing.Pool(4) as pool:
            print(sum(pool.map(abs, range(-100, 0))))
        db = sqlite3.connect("/tmp/x.db"); db.execute("create table t(a)")
        with db: db.executemany("insert into t values(?)", [(i,) for i in range(100)])
        print(db.execute("select sum(a) from t").fetchone()[0])
        EOF
        """).stdout.split()
    assert out == ["sub", "20", "1", "5050", "4950"]


def test_gcc_builds_and_runs_a_program(debian):
    out = debian("""
        cd /tmp; cat > h.c <<'EOF'
        #include <stdio.h>
        #include <math.h>
        int main(int c, char **v) { printf("%s %.3f\\n", v[1], sqrt(2.0)); return 7; }
        EOF
        gcc -O2 -Wall h.c -o h -lm; ./h built || echo $?; gcc -static h.c -o s -lm; ./s static || echo $?
        """).stdout.split()
    assert out == ["built", "1.414", "7", "static", "1.414", "7"]


def test_git_clone_commit_and_gc(debian):
    out = debian("""
        cd /tmp; git init -q -b main a; cd a; git config user.email a@b; git config user.name a
        for i in 1 2 3; do echo $i > f$i; git add .; git commit -qm $i; done
        git gc -q; cd ..; git clone -q a b; cd b; git log --format=%s; git fsck 2>&1 | grep -v '^notice' | wc -l
        """).stdout.split()
    assert out == ["3", "2", "1", "0"]


def test_a_package_is_installed_from_a_local_repository(debian):
    out = debian("""
        mkdir -p /repo/p/DEBIAN /repo/p/usr/bin /repo/q/DEBIAN; cd /repo
        printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b>\\nDepends: q\\nDescription: p\\n' > p/DEBIAN/control
        printf 'Package: q\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b>\\nDescription: q\\n' > q/DEBIAN/control
        printf '#!/bin/sh\\necho installed\\n' > p/usr/bin/p; chmod 755 p/usr/bin/p
        dpkg-deb -b p >/dev/null; dpkg-deb -b q >/dev/null; rm -r p q
        dpkg-scanpackages . /dev/null 2>/dev/null > Packages
        echo 'deb [trusted=yes] file:/repo ./' > /etc/apt/sources.list; rm -rf /etc/apt/sources.list.d/*
        apt-get update -qq 2>&1; apt-get install -y -qq p >/dev/null 2>&1; p; dpkg -s q | grep Status; dpkg -V p q
        """, timeout=280).stdout.splitlines()
    assert out == ["installed", "Status: install ok installed"]


def test_dpkg_verifies_every_file_of_the_tree(debian):
    assert debian("dpkg -V || true", timeout=280).stdout == ""


def test_loopback_sockets_of_all_kinds(debian):
    out = debian("""
        python3 - <<'EOF'
        import socket, threading, os
        for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_UNIX, "/tmp/sock"), (socket.AF_UNIX, "\\0abstract")):
            s = socket.socket(family); s.bind(address); s.listen()
            def serve():
                c, _ = s.accept(); c.sendall(c.recv(100).upper()); c.close()
            t = threading.Thread(target=serve); t.start()
            c = socket.socket(family); c.connect(s.getsockname()); c.sendall(b"ping"); print(c.recv(100).decode()); t.join()
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
        v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); v.sendto(b"udp", u.getsockname()); print(u.recv(10).decode())
        print(os.path.exists("/tmp/sock"))
        EOF
        """).stdout.split()
    assert out == ["PING", "PING", "PING", "udp", "True"]
