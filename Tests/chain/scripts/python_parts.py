"""What python's library does with processes, threads, sockets and files. Ends with "done" when all of it was right."""
import asyncio
import concurrent.futures
import fcntl
import mmap
import multiprocessing
import os
import pathlib
import pty
import pwd
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import shared_memory


def square(number):
    return number * number


def answer(questions, answers):
    answers.put(questions.get() + 1)


def write_memory(name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[0] = 42
    memory.close()


def count(value, lock):
    for _ in range(200):
        with lock:
            value.value += 1


def test_multiprocessing():
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            assert sum(pool.map(square, range(100))) == 328350
        questions, answers = context.Queue(), context.Queue()
        process = context.Process(target=answer, args=(questions, answers))
        process.start()
        questions.put(1)
        assert answers.get(timeout=100) == 2
        process.join()
        assert process.exitcode == 0
        value, lock = context.RawValue("i", 0), context.Lock()
        counters = [context.Process(target=count, args=(value, lock)) for _ in range(3)]
        [counter.start() for counter in counters]
        [counter.join() for counter in counters]
        assert value.value == 600, value.value
    memory = shared_memory.SharedMemory(create=True, size=100)
    process = multiprocessing.Process(target=write_memory, args=(memory.name,))
    process.start()
    process.join()
    assert memory.buf[0] == 42
    memory.close()
    memory.unlink()
    with multiprocessing.Manager() as manager:
        shared = manager.dict()
        shared[1] = 2
        assert dict(shared) == {1: 2}
    with concurrent.futures.ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(square, range(1000))) == 332833500
    with concurrent.futures.ProcessPoolExecutor(2) as processes:
        assert sum(processes.map(square, range(100), chunksize=10)) == 328350


async def asynchronously():
    process = await asyncio.create_subprocess_exec("sh", "-c", "echo out; echo err >&2; exit 3", stdout=-1, stderr=-1)
    assert await process.communicate() == (b"out\n", b"err\n") and process.returncode == 3

    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"inet\n")
    assert await reader.read() == b"INET\n"
    writer.close()
    server.close()
    server = await asyncio.start_unix_server(serve, "/tmp/asyncio.sock")
    reader, writer = await asyncio.open_unix_connection("/tmp/asyncio.sock")
    writer.write(b"unix\n")
    assert await reader.read() == b"UNIX\n"
    writer.close()
    server.close()
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, event.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(event.wait(), 10)
    assert await asyncio.gather(*[asyncio.to_thread(square, i) for i in range(5)]) == [0, 1, 4, 9, 16]
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.1)
        raise AssertionError("no timeout")
    except asyncio.TimeoutError:
        pass


def test_asyncio():
    asyncio.run(asynchronously())


def test_subprocess():
    result = subprocess.run("cat; exit 5", shell=True, input=b"in", capture_output=True)
    assert (result.returncode, result.stdout) == (5, b"in")
    for command, error in ((["/nonexistent"], FileNotFoundError), (["/etc/passwd"], PermissionError)):
        try:
            subprocess.run(command)
            raise AssertionError(command)
        except error:
            pass
    try:
        subprocess.run(["sleep", "1000"], timeout=0.2)
        raise AssertionError("no timeout")
    except subprocess.TimeoutExpired:
        pass
    options = {"cwd": "/usr", "start_new_session": True, "umask": 0o77, "user": 33, "group": 33, "extra_groups": [44]}
    output = subprocess.run(["sh", "-c", "pwd; umask; id"], capture_output=True, text=True, **options).stdout
    assert output == "/usr\n0077\nuid=33(www-data) gid=33(www-data) groups=33(www-data),44(video)\n", output
    assert subprocess.run(["sh", "-c", "kill -9 $$"]).returncode == -9
    reader, writer = os.pipe()
    subprocess.run(["sh", "-c", f"echo passed >&{writer}"], pass_fds=[writer], check=True)
    assert os.read(reader, 100) == b"passed\n"
    child = os.fork()
    if child == 0:
        os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 4"], os.environ)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
    handle = os.pidfd_open(child := os.posix_spawn("/bin/sleep", ["sleep", "1000"], {}))
    signal.pidfd_send_signal(handle, signal.SIGTERM)
    assert select.select([handle], [], [], 100)[0] == [handle]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -15


def test_system():
    memory = mmap.mmap(-1, 4096)
    memory[:2] = b"ab"
    assert memory[:2] == b"ab"
    master, slave = pty.openpty()
    os.write(master, b"x\n")
    assert os.read(slave, 9) == b"x\n" and os.ttyname(slave).startswith("/dev/pts/")
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 1024
    assert pwd.getpwuid(33).pw_name == "www-data"
    assert os.cpu_count() >= len(os.sched_getaffinity(0)) > 0
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "a").write_text("x")
    (folder / "l").symlink_to("a")
    shutil.copytree(folder, f"{folder}2", symlinks=True)
    shutil.move(f"{folder}2", f"{folder}3")
    assert sorted(os.listdir(f"{folder}3")) == ["a", "l"] and os.readlink(f"{folder}3/l") == "a"
    with open(folder / "a", "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with open(folder / "b", "wb") as copy:
            assert os.sendfile(copy.fileno(), file.fileno(), 0, 1) == 1
    shutil.rmtree(folder)
    assert not folder.exists()
    left, right = socket.socketpair()
    socket.send_fds(left, [b"fd"], [master])
    assert len(socket.recv_fds(right, 10, 1)[1]) == 1
    seen, barrier = [], threading.Barrier(50)

    def meet():
        barrier.wait()
        seen.append(threading.get_native_id())

    threads = [threading.Thread(target=meet) for _ in range(50)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(set(seen)) == 50
    fired = []
    signal.signal(signal.SIGALRM, lambda *_: fired.append(time.monotonic()))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    while len(fired) < 5:
        signal.pause()
    signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    globals()["test_" + sys.argv[1]]()
    print("done")
