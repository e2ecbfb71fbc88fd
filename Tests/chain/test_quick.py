"""The shortest proof that every process of the chain answers; also the smoke test for places where time is short."""


def test_uname_answers_from_the_containers_own_kernel(chain):
    inside = chain.uk("run", "--rm", "runu-base", "uname", "-a").stdout
    outside = chain.run("uname", "-a").stdout
    assert "ukernel" in inside
    assert inside != outside


def test_exit_codes_come_through(chain):
    for code in (0, 1, 42, 255):
        assert chain.uk("run", "--rm", "runu-base", "sh", "-c", f"exit {code}", check=False).returncode == code
    # Pid 1 cannot be killed from inside: its shell goes on, as in any pid namespace.
    assert chain.uk("run", "--rm", "runu-base", "sh", "-c", "kill -9 $$; exit 5", check=False).returncode == 5
    assert chain.uk("run", "--rm", "runu-base", "sh", "-c", "sh -c 'kill -9 $$'; exit $?", check=False).returncode == 137
    assert chain.uk("run", "--rm", "runu-base", "no-such-command", check=False).returncode == 127
    assert chain.uk("run", "--rm", "runu-base", "/etc/passwd", check=False).returncode == 126


def test_the_first_process_is_pid_1_and_sees_no_other(chain):
    out = chain.uk("run", "--rm", "runu-base", "sh", "-c", "echo $$; ls /proc | grep -c '^[0-9]'").stdout.split()
    assert out[0] == "1"
    assert int(out[1]) <= 3


def test_stdin_stdout_and_stderr_are_apart(chain):
    result = chain.uk("run", "--rm", "-i", "runu-base", "sh", "-c", "cat; echo wrong >&2", input="right\n")
    assert (result.stdout, result.stderr) == ("right\n", "wrong\n")


def test_files_of_the_host_are_not_there(chain):
    result = chain.uk("run", "--rm", "runu-base", "ls", str(chain.folder), check=False)
    assert result.returncode != 0
    assert "No such file" in result.stderr


def test_what_one_container_writes_no_other_sees(chain):
    chain.uk("run", "--rm", "runu-base", "sh", "-c", "echo x > /etc/motd.new && cat /etc/motd.new")
    assert chain.uk("run", "--rm", "runu-base", "cat", "/etc/motd.new", check=False).returncode == 1


def test_nothing_is_left(chain):
    chain.assert_clean()
