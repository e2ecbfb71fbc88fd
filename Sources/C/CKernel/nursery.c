// The nursery: a process that every process of the container is born from. It holds the container's filter and
// Landlock domain, which its children inherit, and lives between fork and exec: C only, no malloc, no locks.
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CKernel.h"
#include "machine.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

struct ruleset_attributes {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
struct path_attributes {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

enum { SYS_RULESET = 444, SYS_RULE = 445, SYS_RESTRICT = 446, EXECUTE = 1, READ_FILE = 4 };

static int sock;
static int landlock_abi;
/// The numbers of its children (proc_pid_task_tid_children(5)); -1 where those are not its own.
static int children = -1;
static uint64_t secret[2];

/// _exit by the way that stays open when the kernel is dead: the filter knows the secret.
__attribute__((noreturn)) static void leave(int code) {
    machine_call(
        SYS_exit_group, code, 0, (uint32_t)secret[0], (long)(secret[0] >> 32), (uint32_t)secret[1],
        (long)(secret[1] >> 32));
    // The container's profile does not let it: die.
    for (;;) __builtin_trap();
}

static void bare_kill(pid_t pid) {
    machine_call(
        SYS_kill, pid, SIGKILL, (uint32_t)secret[0], (long)(secret[0] >> 32), (uint32_t)secret[1],
        (long)(secret[1] >> 32));
}

static void reap(void);

/// Where no domain keeps signals inside: kills its children, and what these leave behind, which are its children then, for
/// two seconds at the most. Nobody can be born meanwhile where the kernel is dead.
static void kill_children(void) {
    for (int turn = 0; turn < 2000; turn++) {
        char text[4096];
        ssize_t n = pread(children, text, sizeof text, 0);
        if (n <= 0) return;
        pid_t pid = 0;
        // A number that was cut off names somebody else.
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] != ' ') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            if (pid > 1) bare_kill(pid);
            pid = 0;
        }
        usleep(1000);
        reap();
    }
}

static void kill_everything(void) {
    // Only the domain keeps this signal inside the container: without it, it would end all that the user runs.
    if (landlock_abi < UKK_LANDLOCK_SIGNALS) return kill_children();
    for (int i = 0; i < 2; i++) bare_kill(-1);
}

/// Where the user is root, the container's processes must not have his rights over the host: what they may do inside is
/// the kernel's to say. With an empty bounding set no exec brings them back.
static void give_up_capabilities(void) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    struct {
        uint32_t version;
        int pid;
    } header = {0x20080522, 0};
    uint32_t none[6] = {0};
    syscall(SYS_capset, &header, none);
}

int ukk_landlock_abi(void) {
    int abi = (int)syscall(SYS_RULESET, NULL, 0, 1);
    return abi < 0 ? 0 : abi;
}

static int enter_domain(int loader) {
    int abi = ukk_landlock_abi();
    if (abi == 0) return 0; // the filter stands alone
    struct ruleset_attributes attributes = {.handled_access_fs = 0x1fff};
    if (abi >= 2) attributes.handled_access_fs |= 1 << 13;
    if (abi >= 3) attributes.handled_access_fs |= 1 << 14;
    if (abi >= 4) attributes.handled_access_net = 3;
    if (abi >= 5) attributes.handled_access_fs |= 1 << 15;
    if (abi >= UKK_LANDLOCK_SIGNALS) attributes.scoped = 3;
    size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    int ruleset = (int)syscall(SYS_RULESET, &attributes, size, 0);
    if (ruleset < 0) return -errno;
    struct path_attributes path = {.allowed_access = EXECUTE | READ_FILE, .parent_fd = loader};
    if (syscall(SYS_RULE, ruleset, 1, &path, 0) < 0) return -errno;
    if (syscall(SYS_RESTRICT, ruleset, 0) < 0) return -errno;
    close(ruleset);
    return abi;
}

static int install_filter(const struct ukk_nursery_options *o, int *killable) {
    struct sock_fprog program = {.len = (unsigned short)o->filter_length, .filter = (struct sock_filter *)o->filter};
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    *killable = 1;
    int fd = (int)syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    if (fd < 0 && errno == EINVAL) {
        *killable = 0;
        fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    }
    return fd < 0 ? -errno : fd;
}

static int send_packet(const void *data, size_t size, int fd) {
    struct iovec iov = {(void *)data, size};
    union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t n;
    while ((n = sendmsg(sock, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {}
    return n < 0 ? -errno : 0;
}

static pid_t bare_fork(void) {
    return (pid_t)machine_call(
        SYS_clone, SIGCHLD, 0, (uint32_t)secret[0], (long)(secret[0] >> 32), (uint32_t)secret[1],
        (long)(secret[1] >> 32));
}

/// The new process, up to its exec.
__attribute__((noreturn)) static void child_main(const struct ukk_nursery_command *c, const int *fds, int count) {
    // The kernel reads the arguments from the memfd once more by itself; these are what the program will see.
    char *strings = c->size ? mmap(NULL, c->size, PROT_READ, MAP_PRIVATE, fds[0], 0) : NULL;
    size_t room = (size_t)(c->argc + c->envc + 2) * sizeof(char *);
    char **vector = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (strings == MAP_FAILED || vector == MAP_FAILED) leave(127);
    char *cursor = strings, *end = strings + c->size;
    for (uint32_t i = 0, at = 0; i < c->argc + c->envc; i++) {
        if (cursor >= end) leave(127);
        if (i == c->argc) vector[at++] = NULL;
        vector[at++] = cursor;
        cursor += strlen(cursor) + 1;
    }
    char **argv = vector, **envp = vector + c->argc + 1;

    setsid();
    if (c->first) prctl(PR_SET_CHILD_SUBREAPER, 1);
    int source[3];
    for (int i = 0; i < 3; i++) {
        int from = c->terminal ? 1 : i + 1;
        source[i] = from < count ? fcntl(fds[from], F_DUPFD, 64) : -1;
    }
    for (int i = 0; i < 3; i++)
        if (source[i] >= 0) dup2(source[i], i);
        else close(i);
    if (c->terminal) ioctl(0, TIOCSCTTY, 0);
    // What comes after the standard ones keeps its order, from 3 on. All are moved up first: none may overwrite another.
    int base = c->terminal ? 2 : 4, extra = count > base ? count - base : 0, high[UKK_MOST_DESCRIPTORS];
    for (int i = 0; i < extra; i++) high[i] = fcntl(fds[base + i], F_DUPFD, 3 + extra);
    for (int i = 0; i < extra; i++) dup2(high[i], 3 + i);
    syscall(SYS_close_range, 3 + extra, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (c->personality != ~0U) machine_call(SYS_personality, c->personality, 0, 0, 0, 0, 0);
    if (c->profile) {
        // The loader's calls pass it; what else is done until then must not depend on it.
        struct sock_fprog program = {
            .len = (unsigned short)c->profile,
            .filter = (struct sock_filter *)(strings + c->size - c->profile * sizeof(struct sock_filter))};
        if (machine_call(
                SYS_seccomp, SECCOMP_SET_MODE_FILTER, c->profile_flags, (long)&program, (uint32_t)(secret[0] >> 32),
                (uint32_t)secret[1], (long)(secret[1] >> 32)) < 0)
            leave(126);
    }
    machine_call(SYS_execve, (long)argv[0], (long)argv, (long)envp, (long)c->token, 0, 0);
    leave(127);
}

static void bear(const struct ukk_nursery_command *c, const int *fds, int count) {
    struct ukk_nursery_event event = {.kind = UKK_BORN, .token = c->token};
    // Whoever is to wait for an orphan must be its parent by the time the kernel tells of it: it goes on when the one
    // that bore it has been reaped, which is when the last writing end of this pipe is closed.
    int gate[2] = {-1, -1};
    pid_t pid = c->adopt && pipe2(gate, O_CLOEXEC) < 0 ? -errno : bare_fork();
    if (pid == 0) {
        if (!c->adopt) child_main(c, fds, count);
        // Born by a process that ends at once, it is handed to the nearest subreaper above: whoever runs the container.
        pid = bare_fork();
        if (pid == 0) {
            char byte;
            close(gate[1]);
            while (read(gate[0], &byte, 1) < 0 && errno == EINTR) {}
            close(gate[0]);
            child_main(c, fds, count);
        }
        event.pid = pid < 0 ? 0 : pid;
        event.status = pid < 0 ? -pid : 0;
        send_packet(&event, sizeof event, -1);
        leave(0);
    }
    if (pid > 0 && c->adopt)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    close(gate[0]);
    close(gate[1]);
    if (pid < 0 || !c->adopt) {
        event.pid = pid < 0 ? 0 : pid;
        event.status = pid < 0 ? -pid : 0;
        send_packet(&event, sizeof event, -1);
    }
}

static void reap(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct ukk_nursery_event event = {.kind = UKK_REAPED, .pid = pid, .status = status};
        send_packet(&event, sizeof event, -1);
    }
}

__attribute__((noreturn)) static void nursery_main(const struct ukk_nursery_options *o) {
    int loader = fcntl(o->loader, F_DUPFD, 64);
    int high = fcntl(o->socket, F_DUPFD, 64);
    dup2(high, 0);
    dup2(loader, 1);
    sock = 0;
    syscall(SYS_close_range, 2, ~0U, 0);
    prctl(PR_SET_NAME, "ukernel-nursery");
    // The folder that the container's processes have on the host: none that anybody might want to remove, and one in
    // which the loader has the shortest of names (UKK_LOADER_NAME).
    if (chdir("/proc/self/fd") < 0 && chdir("/") < 0) _exit(1);
    memcpy(secret, o->secret, sizeof secret);
    sigset_t all, child;
    for (int s = 1; s < 65; s++) signal(s, SIG_DFL);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    int signals = signalfd(-1, &child, SFD_NONBLOCK);

    if (geteuid() == 0) give_up_capabilities();
    // It sees its kernel's end by its socket, unless somebody has stopped it: then this wakes it.
    prctl(PR_SET_PDEATHSIG, SIGCONT);
    // No cores: where they go is the host's to say, not the container's. One byte, since a core_pattern that names a
    // program does not look at 0 (core(5)).
    setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});

    if (o->keep) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        children = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    }

    struct ukk_nursery_report report = {0};
    int listener = -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        report.stage = 1;
        report.error = errno;
    } else if ((landlock_abi = enter_domain(1)) < 0) {
        report.stage = 2;
        report.error = -landlock_abi;
    } else if ((listener = install_filter(o, &report.killable)) < 0) {
        report.stage = 3;
        report.error = -listener;
    }
    report.landlock = landlock_abi;
    send_packet(&report, sizeof report, listener);
    if (report.stage) _exit(1);
    close(listener);

    for (;;) {
        struct pollfd polls[2] = {{.fd = sock, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        if (poll(polls, 2, -1) < 0) continue;
        if (polls[1].revents) {
            struct signalfd_siginfo info;
            while (read(signals, &info, sizeof info) > 0) {}
            reap();
        }
        if (!polls[0].revents) continue;
        struct ukk_nursery_command command;
        struct iovec iov = {&command, sizeof command};
        union { char room[CMSG_SPACE(sizeof(int) * UKK_MOST_DESCRIPTORS)]; struct cmsghdr align; } control;
        struct msghdr message = {
            .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
        ssize_t n = recvmsg(sock, &message, 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n != (ssize_t)sizeof command || command.kind == UKK_KILL_ALL) {
            kill_everything();
            reap();
            leave(0);
        }
        int fds[UKK_MOST_DESCRIPTORS], count = 0;
        for (struct cmsghdr *h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
            if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
            count = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            if (count > UKK_MOST_DESCRIPTORS) count = UKK_MOST_DESCRIPTORS;
            memcpy(fds, CMSG_DATA(h), sizeof(int) * (size_t)count);
        }
        if (command.kind == UKK_BEAR) bear(&command, fds, count);
        for (int i = 0; i < count; i++) close(fds[i]);
    }
}

pid_t ukk_nursery_start(const struct ukk_nursery_options *o) {
    pid_t pid = fork();
    if (pid == 0) nursery_main(o);
    return pid < 0 ? -errno : pid;
}
