"""Servers, version control and languages of an unmodified Debian tree, with their own benchmarks and checks."""
import pathlib
import textwrap

import pytest

SCRIPTS = pathlib.Path(__file__).parent / "scripts"

# A port that is free: the network is the host's.
PORT = """
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
await() { for i in $(seq 2000); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; echo "never: $*"; return 1; }
"""


def run(debian, script, **files):
    """Runs a script, with files of the folder beside in /tmp; what it printed on both streams, in lines."""
    for name, source in files.items():
        script = f"cat > /tmp/{name} <<'END-OF-FILE'\n{(SCRIPTS / source).read_text()}\nEND-OF-FILE\n" + textwrap.dedent(script)
    result = debian(PORT + textwrap.dedent(script), check=False)
    return result.stdout.splitlines() + result.stderr.splitlines()


def test_redis_serves_its_benchmark_and_keeps_what_it_saved(debian):
    output = run(debian, """
        cd /tmp; P=$(port)
        start() { redis-server --port $P --unixsocket /tmp/r.sock --daemonize yes --dir /tmp --logfile /tmp/log; }
        start; await redis-cli -p $P ping
        benchmark() { redis-benchmark -q -n 2000 "$@" | tr '\\r' '\\n' | grep -o '^[A-Z]*: [0-9.]* requests' | cut -d: -f1; }
        benchmark -p $P -t set,get,incr,lpush; benchmark -s /tmp/r.sock -t get
        redis-cli -p $P set k v; redis-cli -s /tmp/r.sock bgsave
        await sh -c "redis-cli -p $P info persistence | grep -q rdb_bgsave_in_progress:0"
        redis-cli -p $P shutdown save; await test ! -S /tmp/r.sock
        start; await redis-cli -p $P ping; redis-cli -p $P get k; redis-cli -p $P shutdown nosave
        """)
    assert output == ["SET", "GET", "INCR", "LPUSH", "GET", "OK", "Background saving started", "v"]


def test_postgres_initialises_serves_pgbench_and_stops(debian):
    output = run(debian, """
        export PGCTLTIMEOUT=200 PATH=$PATH:$(echo /usr/lib/postgresql/*/bin) PGPORT=$(port) PGHOST=/tmp PGDATA=/tmp/data
        cat > /tmp/script <<'EOF'
        set -e
        initdb -A trust >/dev/null 2>&1
        pg_ctl -o "-p $PGPORT -k /tmp" -l /tmp/log -w start >/dev/null
        createdb bench; pgbench -q -i -s 1 bench >/dev/null 2>&1
        pgbench -c 4 -j 2 -t 50 bench 2>/dev/null | grep -E 'failed|processed'
        psql -At bench -c 'select count(*) from pgbench_accounts; select count(*) from pgbench_history'
        pg_ctl -m fast -w restart -o "-p $PGPORT -k /tmp" -l /tmp/log >/dev/null
        psql -At bench -c 'select count(*) from pgbench_history'
        kill -9 $(head -1 $PGDATA/postmaster.pid); while pgrep -x postgres >/dev/null; do sleep 0.1; done
        pg_ctl -o "-p $PGPORT -k /tmp" -l /tmp/log -w start >/dev/null 2>&1
        psql -At bench -c 'select count(*) from pgbench_history'
        pg_ctl -m fast -w stop
        EOF
        su -p postgres -c 'bash /tmp/script' || cat /tmp/log
        grep -c 'was not properly shut down; automatic recovery' /tmp/log; grep -c 'PANIC' /tmp/log || true
        """)
    assert output == [
        "number of transactions actually processed: 200/200", "number of failed transactions: 0 (0.000%)", "100000", "200",
        "200", "200", "waiting for server to shut down.... done", "server stopped", "1", "0",
    ]


def test_nginx_serves_files_and_reloads_its_workers(debian):
    output = run(debian, """
        P=$(port); mkdir -p /srv/www; echo hello > /srv/www/index.html; head -c 1000000 /dev/urandom > /srv/www/big
        cat > /etc/nginx/nginx.conf <<EOF
        user www-data; worker_processes 2; pid /run/nginx.pid; error_log /var/log/nginx/error.log;
        events { worker_connections 64; }
        http { access_log /var/log/nginx/access.log; sendfile on; server { listen 127.0.0.1:$P; root /srv/www; } }
        EOF
        cat > /tmp/get <<'EOF'
        import sys, urllib.error, urllib.request
        try:
            answer = urllib.request.urlopen(sys.argv[1])
            print(answer.status, sum(answer.read()) == sum(open(sys.argv[2], "rb").read()))
        except urllib.error.HTTPError as error:
            print(error.code)
        EOF
        nginx -t -q; nginx
        python3 /tmp/get http://127.0.0.1:$P/ /srv/www/index.html; python3 /tmp/get http://127.0.0.1:$P/big /srv/www/big
        python3 /tmp/get http://127.0.0.1:$P/none /dev/null
        await sh -c '[ $(pgrep -c -u www-data nginx) = 2 ]'; old=$(pgrep -u www-data nginx)
        ps -C nginx -o user= | sort | uniq -c | tr -s ' '
        sed -i 's/worker_processes 2/worker_processes 3/' /etc/nginx/nginx.conf; nginx -s reload 2>/dev/null
        for p in $old; do await test ! -e /proc/$p; done
        await sh -c '[ $(pgrep -c -u www-data nginx) = 3 ]'; await sh -c '[ $(ps -C nginx -o args= | grep -c worker) = 3 ]'; ps -C nginx -o args= | sort | uniq -c | tr -s ' '
        python3 /tmp/get http://127.0.0.1:$P/ /srv/www/index.html
        nginx -s quit 2>/dev/null; await test ! -e /run/nginx.pid
        cut -d'"' -f2-3 /var/log/nginx/access.log; grep -v notice /var/log/nginx/error.log | grep -o 'open() .* failed.*directory)'
        """)
    assert output == [
        "200 True", "200 True", "404", " 1 root", " 2 www-data", " 1 nginx: master process nginx",
        " 3 nginx: worker process", "200 True", 'GET / HTTP/1.1" 200 6 ', 'GET /big HTTP/1.1" 200 1000000 ',
        'GET /none HTTP/1.1" 404 153 ', 'GET / HTTP/1.1" 200 6 ',
        'open() "/srv/www/none" failed (2: No such file or directory)',
    ]


def test_sqlite_takes_several_writers_with_a_write_ahead_log(debian):
    output = run(debian, """
        cd /tmp; sqlite3 w.db 'pragma journal_mode=wal; create table t(a integer primary key, w int);'
        for w in 1 2 3 4; do
            (for i in $(seq 10); do sqlite3 -cmd '.timeout 200000' w.db "insert into t(w) values($w);"; done) &
        done; wait
        sqlite3 w.db 'select w, count(*) from t group by w; pragma integrity_check; pragma wal_checkpoint(truncate);'
        stat -c %s w.db-wal 2>/dev/null || echo none; cp w.db copy.db; sqlite3 copy.db 'select count(*) from t;'
        """)
    assert output == ["wal", "1|10", "2|10", "3|10", "4|10", "ok", "0|0|0", "none", "40"]


def test_perl_forks_locks_waits_and_walks(debian):
    output = run(debian, r"""
        perl -MFile::Find -MPOSIX -MSocket -MFcntl=:flock -e '
            find(sub { $n++ }, "/usr/share/perl"); print $n > 100 ? "found\n" : "few\n";
            if (!($p = fork)) { exit 7 } waitpid $p, 0; print $? >> 8, "\n";
            open F, ">/tmp/f"; flock(F, LOCK_EX) or die; print F "x" x 10; close F; print -s "/tmp/f", "\n";
            socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die; syswrite A, "hi"; sysread B, $b, 9; print "$b\n";
            $SIG{ALRM} = sub { print "alarm\n"; $rang = 1 }; alarm 1; select(undef, undef, undef, 0.1) until $rang;
            print `echo sub`; printf "%o\n", (stat "/tmp")[2]; opendir D, "/etc"; @e = readdir D; print @e > 50, "\n";'
        """)
    assert output == ["found", "7", "10", "hi", "alarm", "sub", "41777", "1"]


def test_git_clones_merges_pushes_packs_and_bundles(debian):
    output = run(debian, """
        cd /tmp; git config --global user.email a@b; git config --global user.name a
        git init -q -b main a; cd a; for i in $(seq 30); do echo $i > f$i; done; git add .; git commit -qm one
        git branch other; echo x >> f1; git commit -qam two; git checkout -q other; echo y > g; git add g
        git commit -qm three; git merge -q -m merge main; git tag -a v1 -m v1; cd ..
        git clone -q file:///tmp/a b; cd b; git log --format=%s | sort | tr '\\n' ' '; echo
        echo z > z; git add z; git commit -qm local; git push -q origin HEAD:pushed; git gc -q --aggressive --prune=now
        git fsck --full --strict 2>&1 | grep -vc '^notice' || true
        git worktree add -q ../tree; git bundle create -q ../x.bundle --all; git clone -q ../x.bundle ../c
        git -C ../a branch | tr -d '\\n '; echo; git status --short | wc -l; ls ../c | wc -l; ls .git/objects/pack/*.pack | wc -l
        """)
    assert output == ["merge one three two ", "0", "main*otherpushed", "0", "32", "1"]


def test_python_makes_an_environment_and_installs_a_wheel(debian):
    output = run(debian, """
        cd /tmp; python3 wheel; python3 -m venv v
        v/bin/pip install -q --no-index --disable-pip-version-check hello-1.0-py3-none-any.whl; v/bin/hello
        v/bin/python -c 'import hello, sys; print(hello.__file__, sys.prefix)'
        v/bin/pip uninstall -q -y hello; test -e v/bin/hello || echo gone
        """, wheel="wheel.py")
    assert output == [
        "hello from a wheel", "/tmp/v/lib/python3.11/site-packages/hello/__init__.py /tmp/v", "gone",
    ]


@pytest.mark.parametrize("part", ["multiprocessing", "asyncio", "subprocess", "system"])
def test_python_does_what_it_does_natively(debian, part):
    # The script asserts by itself; a traceback is what it prints otherwise.
    output = run(debian, f"cp /tmp/parts /tmp/parts.py; python3 -u /tmp/parts.py {part} 2>&1", parts="python_parts.py")
    assert output == ["done"], "\n".join(output)


def test_apt_installs_a_package_whose_scripts_make_users_links_and_alternatives(debian):
    output = run(debian, ". /tmp/packages", packages="packages.sh")
    assert output == [
        "preinst install", "postinst configure", "svc:x:svc:/var/lib/svc", "svc svc 750", "/usr/bin/svc-a", "conf 1",
        "Status: install ok installed", "diverted", "prerm upgrade 2", "preinst upgrade 1", "postrm upgrade 2",
        "postinst configure 1", "conf 1", "2", "prerm remove", "postrm remove", "postrm purge", "gone",
    ], "\n".join(output)
