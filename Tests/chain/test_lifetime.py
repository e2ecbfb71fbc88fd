"""Who outlives whom: daemons may die at any time, containers may not notice; and what ends leaves nothing behind."""
import time

import pytest

from conftest import wait_until

ROUNDS = 20


def test_a_container_that_exits_leaves_nothing_within_a_second(chain, name):
    """The second is the chain's; where other work takes the machine's time, it is given several."""
    took = []
    while not took or min(took) > 1 and len(took) < 8:
        chain.uk("run", "-d", "--name", name, "runu-base", "sh", "-c", "sleep 1000 & sleep 0.3")
        chain.uk("wait", name)
        ended = time.monotonic()
        wait_until(lambda: not chain.mine() and not chain.zombies(), what="no shim, kernel or zombie")
        took.append(time.monotonic() - ended)
        chain.uk("rm", name)
        chain.assert_clean()
    assert min(took) <= 1, took


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
    import os
    import signal
    os.kill(min(kernels), signal.SIGKILL)
    chain.uk("wait", name)
    wait_until(lambda: not chain.mine(), what="no process of the container")
    chain.uk("rm", "-f", name)
    chain.assert_clean()
