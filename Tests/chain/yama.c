// Yama with ptrace_scope 1, for hosts that have none: a program in ukernel's place, which executes the real one
// ($YAMA_PROGRAM) under a tracer that refuses what Yama would refuse, PTRACE_MODE_ATTACH to processes that are not its
// descendants (security/yama/yama_lsm.c), and writes down in the file $YAMA_LOG that it looked, and what it refused.
// Files of /proc, such as mem, are not looked at. With $YAMA_WITHOUT_LANDLOCK the host has no Landlock either.
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int kernel, looked;

static int contents(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0) close(fd);
    text[n < 0 ? 0 : n] = 0;
    return n < 0 ? -1 : 0;
}

static void note(const char *what, int pid) {
    char path[64], program[32], line[128];
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    if (contents(path, program, sizeof program) < 0) strcpy(program, "?\n");
    int fd = open(getenv("YAMA_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int length = snprintf(line, sizeof line, "%s %d %s", what, pid, program);
    if (fd < 0 || write(fd, line, (size_t)length) < 0) abort();
    close(fd);
}

/// The number after `name` in a file of `pid`'s in /proc; -1 when the file is not there.
static int field(int pid, const char *file, const char *name) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    char *at = contents(path, text, sizeof text) < 0 ? NULL : strstr(text, name);
    return at ? atoi(at + strlen(name)) : -1;
}

/// Whether `pid` is the kernel or a descendant. Who is gone is the host's to answer.
static int is_descendant(int pid) {
    for (int turn = 0, last = 0; turn < 100 && last != 1; turn++) {
        int at = field(pid, "status", "\nTgid:");
        while (at > 0 && at != kernel) at = field(last = at, "status", "\nPPid:");
        if (at != 0) return 1;
        // One that is waited for at this moment has parent 0: then who was its child has another parent by now.
    }
    return 0;
}

static void look(int thread) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, 0, &registers) < 0) return;
    if (!looked++) note("looking at", kernel);
    const char *what;
    int target, number = (int)registers.orig_rax;
    char descriptor[32];
    switch (number) {
    case SYS_ptrace:
        what = "ptrace", target = (int)registers.rsi;
        if (registers.rdi != PTRACE_SEIZE && registers.rdi != PTRACE_ATTACH) return;
        break;
    case SYS_pidfd_getfd:
        snprintf(descriptor, sizeof descriptor, "fdinfo/%d", (int)registers.rdi);
        what = "pidfd_getfd", target = field(thread, descriptor, "\nPid:");
        break;
    default: what = number == SYS_process_vm_readv ? "readv" : "writev", target = (int)registers.rdi;
    }
    if (is_descendant(target)) return;
    registers.orig_rax = ~0ULL;
    registers.rax = (unsigned long long)-EPERM;
    // A kernel that is being killed has no descendants any more, and does not call any more.
    if (ptrace(PTRACE_SETREGS, thread, 0, &registers) == 0) note(what, target);
}

__attribute__((noreturn)) static void watch(int gate) {
    setsid();
    signal(SIGPIPE, SIG_IGN);
    if (ptrace(PTRACE_SEIZE, kernel, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE) < 0) abort();
    dup2(gate, 0);
    syscall(SYS_close_range, 1, ~0U, 0);
    if (write(0, "", 1) != 1) abort();
    close(0);
    for (int status, thread; (thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
        if (thread < 0 || !WIFSTOPPED(status)) continue;
        int event = status >> 16, number = WSTOPSIG(status);
        if (event == PTRACE_EVENT_SECCOMP) look(thread);
        int is_group_stop = event == PTRACE_EVENT_STOP && number != SIGTRAP;
        ptrace(is_group_stop ? PTRACE_LISTEN : PTRACE_CONT, thread, 0, event ? 0 : number);
    }
    _exit(0);
}

static void filter(void) {
    const unsigned calls[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd};
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[0], 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[1], 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[2], 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[3], 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, getenv("YAMA_WITHOUT_LANDLOCK") ? 444 : ~0U, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog whole = {sizeof program / sizeof *program, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) < 0) abort();
}

int main(int count, char **arguments) {
    if (count < 2 || !getenv("YAMA_LOG") || !getenv("YAMA_PROGRAM")) return 64;
    kernel = getpid();
    int gate[2];
    char byte;
    if (pipe2(gate, O_CLOEXEC) < 0) return 1;
    // Not a child of the kernel's: those are its business.
    int child = fork();
    if (child == 0) {
        // Nor one of the chain's for those that look for these by their names.
        if (strlen(arguments[0]) >= 6) strcpy(arguments[0], "tracer");
        if (fork() == 0) watch(gate[1]);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 1) return 1;
    close(gate[0]);
    filter();
    execv(getenv("YAMA_PROGRAM"), arguments);
    return 127;
}
