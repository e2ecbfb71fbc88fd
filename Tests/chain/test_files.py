"""Calls over files answer inside a container what they answer natively."""
import difflib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "files"))
import image  # noqa: E402

EXPECTED = pathlib.Path(__file__).parent / "files/native.expected"


def outside(lines, section):
    """The transcript without a section."""
    kept, skips = [], False
    for line in lines:
        if line.startswith("== "):
            skips = line == f"== {section}"
        if not skips:
            kept.append(line)
    return kept


@pytest.fixture(scope="module")
def program(chain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    image.compile_program(folder / "program")
    image.save(folder / "image.tar", folder / "program", "file-calls:1")
    chain.uk("load", "-i", folder / "image.tar")
    yield
    chain.uk("rmi", "-f", "file-calls:1", check=False)


def test_calls_over_files_answer_as_natively(chain, program):
    output = chain.uk("run", "--rm", "file-calls:1").stdout.splitlines()
    expected = EXPECTED.read_text().splitlines()
    assert len(expected) > 900
    # Where the host refuses chroot(2), as the filter of these tests does, this kernel is not asked.
    refused = chain.uk("run", "--rm", "file-calls:1", "/program", "chroot", check=False).stdout.strip() == "EPERM"
    if refused:
        output, expected = (outside(lines, "working folder and root") for lines in (output, expected))
    difference = list(difflib.unified_diff(expected, output, "natively", "inside", lineterm="", n=1))
    assert not difference, "\n".join(difference[:100])


def test_a_change_that_changes_nothing_changes_the_time_of_change(debian):
    out = debian(r"""
        cd /tmp; touch file; mkdir folder; ln -s file link
        for name in file folder link /etc/fstab; do
            before=$(stat -c %.9Z $name); sleep 0.01; chown -h 0:0 $name; after=$(stat -c %.9Z $name)
            [ $before = $after ] && echo $name chown
            before=$after; sleep 0.01; [ $name = link ] || chmod $(stat -c %a $name) $name; [ $before = $(stat -c %.9Z $name) ] && echo $name chmod
        done; true
        """).stdout.split("\n")
    assert out == ["link chmod", ""]
