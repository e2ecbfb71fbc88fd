// Yama with ptrace_scope 1, for hosts that have none: loaded into ukernel (LD_PRELOAD), it refuses what Yama would refuse,
// which is PTRACE_MODE_ATTACH to processes that are not descendants of the caller (security/yama/yama_lsm.c), and writes
// down in the file $YAMA_LOG that it was there, and what it has refused.
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *what, int pid) {
    const char *path = getenv("YAMA_LOG");
    int fd = path ? NEXT(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    char line[128], program[17] = "?";
    snprintf(line, sizeof line, "/proc/%d/comm", pid);
    int comm = NEXT(open)(line, O_RDONLY | O_CLOEXEC);
    ssize_t n = comm < 0 ? 0 : read(comm, program, 16);
    if (n > 0) program[n - (program[n - 1] == '\n')] = 0;
    if (comm >= 0) close(comm);
    int length = snprintf(line, sizeof line, "%s %d %s\n", what, pid, program);
    if (write(fd, line, (size_t)length) < 0) abort();
    close(fd);
}

/// A line of /proc/PID/status (or of another such file), or -1.
static int field(const char *path, const char *name) {
    char text[4096];
    int fd = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n < 0 ? 0 : n] = 0;
    char *at = strstr(text, name);
    return at ? atoi(at + strlen(name)) : -1;
}

/// Whether the caller may attach to `pid`: it is the same process or a descendant. Who is gone is the host's to answer.
static int may_attach(const char *what, int pid) {
    static int seen;
    if (!__atomic_exchange_n(&seen, 1, __ATOMIC_RELAXED)) note("watching", getpid());
    for (int at = 0, last = 0, turn = 0; last != 1; turn++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/status", pid);
        at = field(path, "\nTgid:");
        while (at > 0 && at != getpid()) {
            last = at;
            snprintf(path, sizeof path, "/proc/%d/status", at);
            at = field(path, "\nPPid:");
        }
        if (at != 0) return 1;
        // One that is waited for at this moment has parent 0: then who was its child has another parent by now.
        if (turn == 100) break;
    }
    note(what, pid);
    errno = EPERM;
    return 0;
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *l, unsigned long ln, const struct iovec *r, unsigned long rn, unsigned long f) {
    return may_attach("readv", pid) ? NEXT(process_vm_readv)(pid, l, ln, r, rn, f) : -1;
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *l, unsigned long ln, const struct iovec *r, unsigned long rn, unsigned long f) {
    return may_attach("writev", pid) ? NEXT(process_vm_writev)(pid, l, ln, r, rn, f) : -1;
}

long ptrace(enum __ptrace_request request, ...) {
    va_list list;
    va_start(list, request);
    int pid = va_arg(list, int);
    long address = va_arg(list, long), data = va_arg(list, long);
    va_end(list);
    if ((request == PTRACE_SEIZE || request == PTRACE_ATTACH) && !may_attach("ptrace", pid)) return -1;
    return NEXT(ptrace)(request, pid, address, data);
}

long syscall(long number, ...) {
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_pidfd_getfd) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fdinfo/%ld", a[0]);
        if (!may_attach("getfd", field(path, "\nPid:"))) return -1;
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/// Files of /proc/PID whose opening is an access of the same kind.
static int may_open(const char *path) {
    static const char *const guarded[] = {"mem", "syscall", "stack", "personality"};
    int pid = 0, length = 0;
    if (sscanf(path, "/proc/%d/%n", &pid, &length) < 1 || !length) return 1;
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        if (!strcmp(path + length, guarded[i])) return may_attach(guarded[i], pid);
    return 1;
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    return may_open(path) ? NEXT(open)(path, flags, mode) : -1;
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    return may_open(path) ? NEXT(open64)(path, flags, mode) : -1;
}

int openat(int folder, const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    int mode = va_arg(list, int);
    va_end(list);
    return may_open(path) ? NEXT(openat)(folder, path, flags, mode) : -1;
}
