// Makes system calls with numbers that nobody would give: `hostile_calls FIRST-SEED COUNT`, in a folder of its own. Each
// child makes a few hundred, whatever comes of it; that the parent lives on shows that the container's kernel does.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 300, LAST = 462, SIZE = 1 << 16, PATHS = 20 };

static uint64_t state;
static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

// They end the process or its parent, make another one, or wait for good.
static const int left_out[] = {
    SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_clone, SYS_fork, SYS_vfork, SYS_clone3, SYS_pause, SYS_rt_sigsuspend,
    SYS_ptrace, SYS_reboot, SYS_rt_sigprocmask, SYS_setitimer, SYS_alarm, SYS_rt_sigaction,
};
// A signal that does no harm.
static const int signals[][2] = {
    {SYS_kill, 1}, {SYS_tkill, 1}, {SYS_tgkill, 2}, {SYS_rt_sigqueueinfo, 1}, {SYS_rt_tgsigqueueinfo, 2}, {424, 1},
};

static char *buffer, *edge;
static char *paths[PATHS];

static const int64_t numbers[] = {
    0, 1, 2, 3, 4, 7, 8, 16, 255, 256, 4095, 4096, 65535, 65536, -1, -2, -100, INT_MIN, INT_MIN + 1, INT_MAX, UINT_MAX,
    (int64_t)UINT_MAX + 1, LONG_MIN, LONG_MIN + 1, LONG_MAX, LONG_MAX - 1, (int64_t)1 << 47, -4096, 0x7fffffffefff,
};

static int64_t value(void) {
    switch (next() % 12) {
    case 0: case 1: case 2: return numbers[next() % (sizeof numbers / sizeof *numbers)];
    case 3: return next() % 24;
    case 4: return (int64_t)next();
    case 5: return (int64_t)(next() & next() & next());
    case 6: return 1L << next() % 64;
    case 7: return (int64_t)(edge - next() % 24);
    case 8: return next() % 8 ? getpid() : (int64_t)(buffer - 1);
    case 9: return (int64_t)paths[next() % PATHS];
    default: return (int64_t)(buffer + next() % 64 * 8);
    }
}

static void on_alarm(int signal) { (void)signal; }

static void prepare(void) {
    struct rlimit space = {1 << 30, 1 << 30}, files = {256, 256}, seconds = {3, 3}, sizes = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_AS, &space), setrlimit(RLIMIT_NOFILE, &files), setrlimit(RLIMIT_CPU, &seconds);
    setrlimit(RLIMIT_FSIZE, &sizes);
    buffer = mmap(0, SIZE + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    edge = buffer + SIZE + 4096;
    munmap(edge, 4096);
    char *longest = malloc(5000);
    memset(longest, 'x', 4999), longest[4999] = 0;
    const char *names[PATHS] = {
        "", ".", "..", "/", "a", "b", "folder", "folder/..", "folder/a", "link", "a/", "loop", "/proc/self/fd/3",
        "/proc/self/mem", "/proc/self/task", "/dev/null", "user.x", "fifo", "\xff\n", longest,
    };
    for (int i = 0; i < PATHS; i++) paths[i] = (char *)names[i];
    mkdir("folder", 0700), close(open("a", O_CREAT | O_RDWR, 0600)), close(open("folder/a", O_CREAT, 0));
    if (symlink("a", "link") || symlink("loop", "loop") || mkfifo("fifo", 0600)) errno = 0;
    int fds[2];
    open("a", O_RDWR), open("folder", O_RDONLY), open("folder", O_PATH), open("/proc/self/status", O_RDONLY);
    open("/proc/self", O_RDONLY), socketpair(AF_UNIX, SOCK_STREAM, 0, fds), socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
    socket(AF_UNIX, SOCK_DGRAM, 0), socket(AF_UNIX, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0), epoll_create1(0);
    eventfd(0, 0), syscall(SYS_pidfd_open, getpid(), 0), open("/dev/ptmx", O_RDWR | O_NOCTTY), memfd_create("m", 0);
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, 0);
    struct itimerval often = {{0, 20000}, {0, 20000}};
    setitimer(ITIMER_REAL, &often, 0);
}

static void child(void) {
    prepare();
    for (int i = 0; i < CALLS; i++) {
        for (int k = 0; k < 96; k++) {
            int64_t v = value();
            memcpy(buffer + k * 8, &v, 8);
        }
        int64_t a[6];
        for (int k = 0; k < 6; k++) a[k] = value();
        int call = next() % 16 ? (int)(next() % LAST) : (int)value();
        // There is nothing between, but for calls that are the host's own tracing's and end in SIGILL.
        if (call > SYS_rseq && call < 424) call += 424 - SYS_rseq;
        for (unsigned k = 0; k < sizeof left_out / sizeof *left_out; k++)
            if (call == left_out[k]) goto skip;
        for (unsigned k = 0; k < sizeof signals / sizeof *signals; k++)
            if (call == signals[k][0] && a[signals[k][1]] > 0 && a[signals[k][1]] <= 64) a[signals[k][1]] = SIGCONT;
        // Not the parent's limits and descriptors.
        if (call == SYS_prlimit64 || call == SYS_setpriority) a[call == SYS_setpriority] = 0;
        syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
    skip:;
    }
    _exit(0);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    uint64_t seed = strtoull(arguments[1], 0, 10);
    int children = atoi(arguments[2]), through = 0;
    signal(SIGTERM, SIG_IGN), signal(SIGHUP, SIG_IGN);
    for (int i = 0; i < children; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            setsid();
            state = (seed + (uint64_t)i) * 0x9E3779B97F4A7C15ULL | 1;
            child();
        }
        int status;
        for (int waited = 0; waitpid(pid, &status, WNOHANG) == 0; waited++) {
            usleep(10000);
            if (waited == 500) kill(pid, SIGKILL);
        }
        if (WIFEXITED(status)) through++;
        printf("%llu %x\n", (unsigned long long)seed + (unsigned)i, status);
        fflush(stdout);
    }
    printf("alive: %d of %d\n", through > 0, 1);
}
