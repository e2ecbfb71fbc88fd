"""Who outlives whom: daemons may die at any time, containers may not notice; and what ends leaves nothing behind."""
import os
import signal
import time

import pytest

from conftest import is_gone, wait_until

ROUNDS = 20


def test_a_container_that_exits_leaves_nothing_within_a_second(chain, name):
    """The second is the chain's; where other work takes the machine's time, it is given several, and as long as ten short
    containers take from their begin to their end."""
    took = []
    while not took or took[-1][0] > max(1, 10 * took[-1][1]) and len(took) < 20:
        begin = time.monotonic()
        chain.uk("run", "--rm", "runu-base", "true")
        whole = time.monotonic() - begin
        chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c",
                 "trap 'exit 0' USR1; sleep 1000 & echo ready; while :; do sleep 0.05; done")
        wait_until(lambda: "ready" in chain.uk("logs", name).stdout, what="the trap")
        # To look at everything takes long itself where there is much: these are what has to go.
        pids = list(chain.mine())
        assert len(pids) >= 4
        chain.uk("kill", "-s", "USR1", name)
        chain.uk("wait", name)
        ended = time.monotonic()
        wait_until(lambda: all(map(is_gone, pids)), what="no shim, kernel or zombie")
        took.append((time.monotonic() - ended, whole))
        wait_until(lambda: not chain.mine() and not chain.zombies(), what="nothing that came later")
        chain.uk("rm", name)
        chain.assert_clean()
    assert took[-1][0] <= max(1, 10 * took[-1][1]), took


@pytest.mark.parametrize("round", range(ROUNDS))
def test_containers_survive_kill_9_of_both_daemons(chain, round):
    names = [f"survivor-{round}-{i}" for i in range(3)]
    for index, name in enumerate(names):
        chain.uk(
            "run", "-d", "--name", name, "runu-base", "sh", "-c",
            f"echo begin; while [ ! -e /tmp/end ]; do sleep 0.05; done; echo end; exit {40 + index}")
    try:
        chain.kill("ukd")
        chain.kill("ukmanager")
        chain.start()
        listed = chain.uk("ps", "--format", "json").stdout
        for index, name in enumerate(names):
            assert name in listed
            assert chain.inspect(name)["State"]["Running"] is True
            assert chain.uk("exec", name, "echo", "inside").stdout == "inside\n"
            wait_until(lambda: chain.uk("logs", name).stdout == "begin\n", what="the log's begin")
            # The first process may see the file, and take the container with it, before touch itself has ended.
            chain.uk("exec", name, "touch", "/tmp/end", check=False)
            assert chain.uk("logs", "-f", name).stdout == "begin\nend\n"
            assert chain.uk("wait", name).stdout.strip() == str(40 + index)
    finally:
        for name in names:
            chain.uk("rm", "-f", name, check=False)
    chain.assert_clean()


def test_an_exit_while_both_daemons_are_dead_is_reported_later(chain, name):
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", "sleep 1; exit 43")
    chain.kill("ukd")
    chain.kill("ukmanager")
    time.sleep(1.5)
    chain.start()
    assert chain.uk("wait", name).stdout.strip() == "43"
    chain.uk("rm", "-f", name)
    chain.assert_clean()


def test_rm_force_of_a_busy_container_leaves_nothing(chain, name):
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", "while :; do sleep 0.01; done & exec sleep 1000")
    chain.uk("exec", "-d", name, "sleep", "1000")
    chain.uk("rm", "-f", name)
    chain.assert_clean()


def test_kill_9_of_the_kernel_takes_the_whole_container_with_it(chain, name):
    chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", "(trap '' TERM HUP; sleep 1000) & sleep 1000")
    kernels = [pid for pid, entry in chain.mine().items() if entry[3][0].endswith("ukernel")]
    assert kernels
    os.kill(min(kernels), signal.SIGKILL)
    chain.uk("wait", name)
    wait_until(lambda: not chain.mine(), what="no process of the container")
    chain.uk("rm", "-f", name)
    chain.assert_clean()
