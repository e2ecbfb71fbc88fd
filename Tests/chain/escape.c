// Attempts to get out of a container: `escape NAME ARGUMENT...` tries one and prints what came of it, a line each.
// Built statically, so that it needs nothing of the container's root.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name_of(int error) {
    return error ? strerrorname_np(error) : "0";
}

/// Prints an attempt's name and its error's, or "0" when it succeeded.
static void tell(const char *what, long result) { printf("%s %s\n", what, result < 0 ? name_of(errno) : "0"); }

static socklen_t unix_name(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (path[0] == '@') {
        strcpy(address->sun_path + 1, path + 1);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    strcpy(address->sun_path, path);
    return sizeof *address;
}

static ssize_t send_message(int fd, const char *path, const char *text, int many) {
    struct sockaddr_un address;
    struct iovec iov = {(void *)text, strlen(text)};
    struct mmsghdr message = {.msg_hdr = {
        .msg_name = &address, .msg_namelen = unix_name(&address, path), .msg_iov = &iov, .msg_iovlen = 1}};
    return many ? sendmmsg(fd, &message, 1, 0) : sendmsg(fd, &message.msg_hdr, 0);
}

/// Datagrams to a path of the host's, by every kind of socket and call. ARGUMENT: the path.
static void datagrams(char **arguments) {
    struct sockaddr_un address;
    socklen_t length = unix_name(&address, arguments[0]);
    for (int type = SOCK_DGRAM; type <= SOCK_RAW; type++) {
        int fd = socket(AF_UNIX, type, 0), pair[2];
        tell("sendmsg", send_message(fd, arguments[0], "sendmsg", 0));
        tell("sendmmsg", send_message(fd, arguments[0], "sendmmsg", 1));
        tell("sendto", sendto(fd, "sendto", 6, 0, (void *)&address, length));
        tell("connect", connect(fd, (void *)&address, length));
        tell("write", write(fd, "write", 5));
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0) tell("socketpair", -1);
        send_message(pair[0], arguments[0], "pair", 0);
        send_message(pair[1], arguments[0], "pair", 1);
        tell("pair sendto", sendto(pair[0], "sendto", 6, 0, (void *)&address, length));
        struct sockaddr_un own;
        char path[32];
        sprintf(path, "/tmp/own%d", type);
        socklen_t own_length = unix_name(&own, path);
        fd = socket(AF_UNIX, type, 0);
        tell("bind", bind(fd, (void *)&own, own_length));
        send_message(fd, arguments[0], "bound", 0);
        tell("connect own", connect(fd, (void *)&own, own_length));
        send_message(fd, arguments[0], "connected", 0);
        send_message(fd, arguments[0], "connected", 1);
    }
}

/// Calls that have no place in a container, with arguments that would do something where they were let through.
static void calls(char **arguments) {
    (void)arguments;
    static char page[4096] __attribute__((aligned(4096)));
#define TRY(name, ...) tell(#name, syscall(name, __VA_ARGS__))
    TRY(SYS_io_uring_setup, 8, page);
    TRY(SYS_io_uring_enter, 0, 1, 0, 0, 0, 0);
    TRY(SYS_bpf, 5, page, 128);
    TRY(SYS_perf_event_open, page, 0, -1, -1, 0);
    TRY(SYS_keyctl, 0, -3, 1);
    TRY(SYS_add_key, "user", "x", "y", 1, -3);
    TRY(SYS_request_key, "user", "x", 0, -3);
    TRY(SYS_userfaultfd, O_CLOEXEC);
    TRY(SYS_kcmp, getpid(), getpid(), 0, 0, 1);
    TRY(SYS_fanotify_init, 0, 0);
    TRY(SYS_open_by_handle_at, AT_FDCWD, page, O_RDONLY);
    TRY(SYS_quotactl, 0, "/dev/sda", 0, page);
    TRY(SYS_open_tree, AT_FDCWD, "/", 1);
    TRY(SYS_move_mount, 0, "", 0, "", 4);
    TRY(SYS_fsopen, "tmpfs", 0);
    TRY(SYS_fsmount, 0, 0, 0);
    TRY(SYS_fspick, AT_FDCWD, "/", 0);
    TRY(SYS_mount_setattr, AT_FDCWD, "/", 0, page, 32);
    TRY(SYS_pivot_root, "/", "/");
    TRY(SYS_setns, 0, 0);
    TRY(SYS_unshare, CLONE_NEWUSER);
    TRY(SYS_unshare, CLONE_NEWNET | CLONE_FS);
    TRY(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    TRY(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    static const unsigned long in_namespaces[11] = {CLONE_NEWUSER | CLONE_NEWPID, 0, 0, 0, SIGCHLD};
    TRY(SYS_clone3, in_namespaces, sizeof in_namespaces);
    TRY(SYS_mq_open, "/queue", O_CREAT | O_RDWR, 0600, 0);
    TRY(SYS_iopl, 3);
    TRY(SYS_ioperm, 0x60, 1, 1);
    TRY(SYS_init_module, page, 4096, "");
    TRY(SYS_finit_module, 0, "", 0);
    TRY(SYS_kexec_load, 0, 0, 0, 0);
    TRY(SYS_swapon, "/tmp/swap", 0);
    TRY(SYS_reboot, 0xfee1dead, 672274793, 0, 0);
    TRY(SYS_settimeofday, page, 0);
    TRY(SYS_acct, "/tmp/acct");
    TRY(SYS_landlock_create_ruleset, 0, 0, 1);
    TRY(SYS_landlock_restrict_self, 0, 0);
    TRY(SYS_memfd_secret, 0);
    TRY(SYS_process_madvise, 0, page, 1, 21, 0);
    TRY(SYS_uselib, "/bin/sh");
    TRY(SYS_prctl, 35, 8, page, 0, 0); // PR_SET_MM
    TRY(SYS_socket, AF_PACKET, SOCK_RAW, 0);
    TRY(SYS_socket, AF_NETLINK, SOCK_RAW, 15);
    TRY(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0);
    TRY(SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
    TRY(SYS_socketpair, AF_TIPC, SOCK_STREAM, 0, page);
    TRY(380, 0);
    TRY(400, 0);
    TRY(999, 0);
    TRY(-1, 0);
    TRY(0x40000000 + SYS_getpid, 0);
    TRY(0x40000000 + 520, "/bin/sh", 0, 0); // x32's execve
    // A host without 32-bit calls answers with SIGSEGV.
    pid_t pid = fork();
    if (pid == 0) {
        long value;
        __asm__ volatile("int $0x80" : "=a"(value) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
        _exit(value == -ENOSYS ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    errno = status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) ? ENOSYS : 0;
    tell("int80", errno ? -1 : 0);
}

/// Reaching for processes outside. ARGUMENTS: their pids.
static void outsiders(char **arguments) {
    static char page[4096];
    char path[64];
    for (; *arguments; arguments++) {
        pid_t pid = atoi(*arguments);
        siginfo_t info = {.si_signo = SIGKILL, .si_code = SI_QUEUE};
        struct iovec iov = {page, 64}, remote = {(void *)0x400000, 64};
        struct rlimit limit = {1, 1};
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(0, &set);
        tell("kill", kill(pid, SIGKILL));
        tell("kill group", kill(-pid, SIGKILL));
        TRY(SYS_tkill, pid, SIGKILL);
        TRY(SYS_tgkill, pid, pid, SIGKILL);
        TRY(SYS_rt_sigqueueinfo, pid, SIGKILL, &info);
        TRY(SYS_rt_tgsigqueueinfo, pid, pid, SIGKILL, &info);
        TRY(SYS_pidfd_open, pid, 0);
        TRY(SYS_getpgid, pid);
        TRY(SYS_getsid, pid);
        TRY(SYS_setpgid, 0, pid);
        TRY(SYS_sched_setaffinity, pid, sizeof set, &set);
        TRY(SYS_sched_getscheduler, pid);
        TRY(SYS_setpriority, PRIO_PROCESS, pid, 19);
        TRY(SYS_setpriority, PRIO_PGRP, pid, 19);
        TRY(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, 0);
        TRY(SYS_ioprio_set, 1, pid, 0x6000);
        TRY(SYS_ptrace, PTRACE_ATTACH, pid, 0, 0);
        TRY(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0);
        TRY(SYS_process_vm_readv, pid, &iov, 1, &remote, 1, 0);
        TRY(SYS_process_vm_writev, pid, &iov, 1, &remote, 1, 0);
        TRY(SYS_kcmp, getpid(), pid, 0, 0, 0);
        TRY(SYS_move_pages, pid, 0, 0, 0, 0, 0);
        TRY(SYS_migrate_pages, pid, 0, page, page);
        TRY(SYS_get_robust_list, pid, page, page + 8);
        int ends[2];
        if (pipe(ends)) return;
        struct { int type, pid; } owner = {1, pid};
        tell("F_SETOWN", fcntl(ends[0], F_SETOWN, pid));
        tell("F_SETOWN group", fcntl(ends[0], F_SETOWN, -pid));
        tell("F_SETOWN_EX", fcntl(ends[0], 15, &owner));
        tell("SIOCSPGRP", ioctl(ends[0], 0x8902, &pid));
        static const char *const names[] = {"", "/root", "/cwd", "/exe", "/fd/0", "/mem", "/environ", "/maps", "/ns/mnt"};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            snprintf(path, sizeof path, "/proc/%d%s", pid, names[i]);
            tell(names[i][0] ? names[i] : "/proc", open(path, O_RDONLY));
        }
    }
    tell("kill all", kill(-1, SIGKILL));
    tell("setpriority user", setpriority(PRIO_USER, 0, 1));
}

/// Prints what a path opens, or its error.
static void look(const char *path) {
    char text[64] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0) return tell(path, -1);
    ssize_t n = read(fd, text, sizeof text - 1);
    printf("%s %s\n", path, n < 0 ? name_of(errno) : strtok(text, "\n"));
    close(fd);
}

/// Ways around the root. ARGUMENT: a file of the host.
static void paths(char **arguments) {
    const char *secret = arguments[0];
    char path[4096];
    static const char *const starts[] = {
        "", "/..", "/../../../../../../..", "/proc/self/root", "/proc/self/root/../../..", "/proc/1/root/..",
        "/proc/self/cwd/../../../../..", "/proc/self/task/../root/..", "/proc/thread-self/root", "/dev/fd/../../..",
        "/tmp/../..", "/proc/self/fd/7", "/proc/self/fd/7/../../../..", "/tmp/link", "/tmp/link/.."};
    int root = open("/", O_RDONLY | O_DIRECTORY);
    dup2(root, 7);
    if (symlink("/", "/tmp/link")) return;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        snprintf(path, sizeof path, "%s%s", starts[i], secret);
        look(path);
    }
    if (symlink(secret, "/tmp/secret")) return;
    look("/tmp/secret");
    tell("link", link(secret, "/tmp/hard"));
    tell("rename", rename(secret, "/tmp/taken"));
    tell("unlink", unlink(secret));
    tell("truncate", truncate(secret, 0));
    tell("chmod", chmod(secret, 0777));
    tell("chown", chown(secret, 0, 0));
    tell("execve", execv(secret, (char *[]){"x", NULL}));
    tell("mknod", mknod("/tmp/disk", S_IFBLK | 0600, 0x0800));
    tell("open disk", open("/tmp/disk", O_RDONLY));
    tell("mem", mknod("/tmp/mem", S_IFCHR | 0600, 0x0101));
    tell("open mem", open("/tmp/mem", O_RDWR));
    // Out of a chroot, and out of a folder that was moved away while one is in it.
    tell("chroot", chroot("/tmp"));
    for (int i = 0; i < 64; i++) tell("chdir", chdir(".."));
    snprintf(path, sizeof path, ".%s", secret);
    look(path);
    tell("fchdir", fchdir(root));
    for (int i = 0; i < 64; i++) tell("chdir", chdir(".."));
    look(path);
}

/// What is changed: a path, or the one in an address.
static struct {
    struct sockaddr_un address;
    char room[256];
} moving;
#define flipping (moving.address.sun_path)
static volatile int is_over;

static void *flip(void *targets) {
    char **both = targets;
    size_t first = strlen(both[0]) + 1, second = strlen(both[1]) + 1;
    while (!is_over) {
        memcpy(flipping, both[0], first);
        for (volatile int i = 0; i < 50; i++) {}
        memcpy(flipping, both[1], second);
        for (volatile int i = 0; i < 50; i++) {}
    }
    return NULL;
}

/// Memory that another thread changes while a call looks at it. ARGUMENTS: a file, a socket and a program of the host.
static void races(char **arguments) {
    char *files[2] = {"/tmp/mine", arguments[0]}, *sockets[2] = {"/tmp/own", arguments[1]};
    char *programs[2] = {"/bin/true", arguments[2]};
    struct sockaddr_un address;
    pthread_t thread;
    int fd = open(files[0], O_CREAT | O_RDWR, 0600);
    if (write(fd, "mine", 4) != 4) return;
    close(fd);
    pthread_create(&thread, NULL, flip, files);
    char text[16];
    for (int i = 0; i < 3000; i++) {
        if ((fd = open(flipping, O_RDWR)) < 0) continue;
        ssize_t n = read(fd, text, 4);
        if (n != 4 || memcmp(text, "mine", 4)) printf("open reached\n");
        close(fd);
    }
    is_over = 1;
    pthread_join(thread, NULL);
    is_over = 0;
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = unix_name(&address, sockets[0]);
    if (bind(server, (void *)&address, length) || listen(server, 64)) return tell("bind", -1);
    moving.address.sun_family = AF_UNIX;
    pthread_create(&thread, NULL, flip, sockets);
    for (int i = 0; i < 2000; i++) {
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (void *)&moving.address, sizeof moving.address) == 0) close(accept(server, NULL, NULL));
        close(fd);
    }
    is_over = 1;
    pthread_join(thread, NULL);
    is_over = 0;
    pthread_create(&thread, NULL, flip, programs);
    for (int i = 0; i < 200; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execv(flipping, (char *[]){"true", NULL});
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
    is_over = 1;
    pthread_join(thread, NULL);
    printf("done 0\n");
}

/// Filters of one's own: they may take calls away, and never give any.
static void filters(char **arguments) {
    static const uint32_t verdicts[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_USER_NOTIF};
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {4, code};
    code[2].k = SECCOMP_RET_USER_NOTIF;
    tell("without no_new_privs", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    tell("listener", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        code[2].k = verdicts[i];
        tell("filter", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
        tell("open", open(arguments[0], O_RDONLY));
        tell("io_uring", syscall(SYS_io_uring_setup, 8, code));
    }
}

/// What a process gets from whoever started it.
static void inherited(char **arguments) {
    (void)arguments;
    for (int fd = 3; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) printf("descriptor %d\n", fd);
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    tell("setrlimit", setrlimit(RLIMIT_CORE, &limit));
    if (fork() == 0) {
        if (chdir("/tmp")) _exit(1);
        abort();
    }
    int status;
    wait(&status);
    printf("dumped %d\n", WCOREDUMP(status) ? 1 : 0);
}

/// Requests to terminals and files that reach further than their descriptor. ARGUMENT: a file of a layer.
static void requests(char **arguments) {
    char letter = 'x';
    int flags = 0x40, line = 5; // FS_NODUMP_FL, N_GSM's neighbourhood
    int fd = open(arguments[0], O_RDONLY);
    tell("TIOCSTI", ioctl(0, TIOCSTI, &letter));
    tell("TIOCSTI high", syscall(SYS_ioctl, 0, 0xFFFFFFFF00005412, &letter));
    tell("TIOCLINUX", ioctl(0, TIOCLINUX, &letter));
    tell("TIOCCONS", ioctl(0, TIOCCONS, 0));
    tell("TIOCSETD", ioctl(0, TIOCSETD, &line));
    tell("SETFLAGS", ioctl(fd, 0x40086602, &flags));
    tell("FSSETXATTR", ioctl(fd, 0x401C5820, (char[28]){0}));
    tell("VERITY", ioctl(fd, 0x40806685, (char[128]){1}));
    tell("SUBVOL", ioctl(fd, 0x5000940E, (char[4096]){0}));
    tell("lease", fcntl(fd, F_SETLEASE, F_WRLCK));
    tell("notify", fcntl(fd, F_NOTIFY, DN_MODIFY));
    tell("ftruncate", ftruncate(fd, 0));
    tell("map", (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    tell("fallocate", fallocate(fd, 0, 0, 4096));
}

/// Objects of the host that have numbers or names of their own. ARGUMENTS: shm id, shm key, abstract name.
static void objects(char **arguments) {
    tell("shmat", (long)shmat(atoi(arguments[0]), NULL, 0));
    tell("shmctl", shmctl(atoi(arguments[0]), IPC_RMID, NULL));
    tell("shmget", shmget(atoi(arguments[1]), 4096, 0));
    struct sockaddr_un address;
    socklen_t length = unix_name(&address, arguments[2]);
    tell("connect", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, length));
    tell("sendto", sendto(socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, 0, (void *)&address, length));
    tell("bind", bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, length));
}

static void *ask_for_plan(void *plan) {
    for (;;)
        if (syscall(SYS_execve, 0xFFFFFFFFFFFF554BULL, plan, 1 << 20) >= 0) {
            printf("plan 0\n");
            _exit(1);
        }
}

/// The loader's request from somebody who is not the loader, beside an exec of a set-id program.
static void plans(char **arguments) {
    static char plan[1 << 20];
    tell("request", syscall(SYS_execve, 0xFFFFFFFFFFFF554BULL, plan, sizeof plan));
    // An exec that the host refuses after the kernel was told.
    char *long_argument = malloc(1 << 20);
    memset(long_argument, 'x', (1 << 20) - 1);
    long_argument[(1 << 20) - 1] = 0;
    tell("too long", execv(arguments[0], (char *[]){"true", long_argument, NULL}));
    tell("request", syscall(SYS_execve, 0xFFFFFFFFFFFF554BULL, plan, sizeof plan));
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (setuid(1000)) _exit(1);
            pthread_t thread;
            for (int j = 0; j < 2; j++) pthread_create(&thread, NULL, ask_for_plan, plan);
            usleep(1000);
            execv(arguments[0], (char *[]){"true", NULL});
            _exit(2);
        }
        int status;
        waitpid(pid, &status, 0);
        if (status) printf("status %d\n", status);
    }
    tell("parent", syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
}

static int call_with(int fd, const char *what, int send) {
    struct iovec iov = {(void *)what, 16};
    union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {{0}};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    if (send >= 0) {
        memcpy(CMSG_DATA(header), &send, sizeof send);
        return (int)sendmsg(fd, &message, 0);
    }
    if (recvmsg(fd, &message, 0) <= 0) return -1;
    memcpy(&send, CMSG_DATA(header), sizeof send);
    return send;
}

/// Passes descriptors of this container's to another one. ARGUMENT: the socket on a volume that both have.
static void passing(char **arguments) {
    struct sockaddr_un address;
    socklen_t length = unix_name(&address, arguments[0]);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(server, (void *)&address, length) || listen(server, 4)) return tell("bind", -1);
    printf("ready\n");
    int peer = accept(server, NULL, NULL);
    tell("folder", call_with(peer, "folder          ", open("/", O_RDONLY | O_DIRECTORY)));
    tell("path", call_with(peer, "path            ", open("/etc", O_PATH | O_DIRECTORY)));
    tell("file", call_with(peer, "file            ", open("/bin/busybox", O_RDONLY)));
    tell("process", call_with(peer, "process         ", (int)syscall(SYS_pidfd_open, getpid(), 0)));
    char byte;
    if (read(peer, &byte, 1) < 0) return;
}

/// Takes what `passing` passes and makes the most of it.
static void taking(char **arguments) {
    struct sockaddr_un address;
    char text[32] = "";
    socklen_t length = unix_name(&address, arguments[0]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    tell("connect", connect(fd, (void *)&address, length));
    int folder = call_with(fd, text, -1), path = call_with(fd, text, -1), file = call_with(fd, text, -1);
    int process = call_with(fd, text, -1);
    for (int i = 0; i < 2; i++) {
        int at = i ? path : folder;
        tell("openat", openat(at, "etc", O_RDONLY));
        tell("openat up", openat(at, "..", O_RDONLY));
        tell("mkdirat", mkdirat(at, "made", 0755));
        tell("fchdir", fchdir(at));
        tell("reopen", open(i ? "/proc/self/fd/5" : "/proc/self/fd/4", O_RDONLY | O_DIRECTORY));
    }
    char name[32];
    sprintf(name, "/proc/self/fd/%d", file);
    tell("reopen file", open(name, O_RDWR));
    tell("fchmod", fchmod(file, 0777));
    tell("getfd", syscall(SYS_pidfd_getfd, process, 0, 0));
    tell("signal", syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0));
}

/// Turns a folder on a volume into a link out of it and back. ARGUMENTS: the folder, where the link leads.
static void turning(char **arguments) {
    char link[256], aside[256];
    snprintf(link, sizeof link, "%s.link", arguments[0]);
    snprintf(aside, sizeof aside, "%s.aside", arguments[0]);
    mkdir(arguments[0], 0755);
    if (symlink(arguments[1], link)) return tell("symlink", -1);
    for (int i = 0; i < 100000; i++) {
        rename(arguments[0], aside);
        rename(link, arguments[0]);
        rename(arguments[0], link);
        rename(aside, arguments[0]);
    }
}

/// Uses such a folder. ARGUMENTS: a file in it, and one of another name.
static void using(char **arguments) {
    for (int i = 0; i < 4000; i++) {
        int fd = open(arguments[0], O_RDONLY);
        if (fd >= 0) printf("reached 0\n");
        fd = open(arguments[1], O_CREAT | O_WRONLY | O_EXCL, 0644);
        if (fd >= 0 && unlink(arguments[1]) && errno != ENOENT) tell("unlink", -1);
        if (fd >= 0) close(fd);
    }
    printf("done 0\n");
}

/// Executes a program, and tells of its end. ARGUMENT: the program.
static void executing(char **arguments) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execv(arguments[0], (char *[]){"x", NULL});
        _exit(errno);
    }
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) printf("signal %d\n", WTERMSIG(status));
    else printf("%s\n", name_of(WEXITSTATUS(status)));
    pid = fork();
    if (pid == 0) {
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    printf(status ? "dead\n" : "alive\n");
}

/// Processes in every state in which one may be when the kernel dies. ARGUMENT: a name for them all.
static void dying(char **arguments) {
    char letter;
    (void)arguments;
    // The orphans of those that fork without end are not to fill the host.
    signal(SIGCHLD, SIG_IGN);
    for (int kind = 0; kind < 7; kind++) {
        pid_t pid = fork();
        if (pid) continue;
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        if (kind == 1) setsid();
        if (kind == 2) kill(getpid(), SIGSTOP);
        if (kind == 3 && vfork() == 0) sleep(1000);
        if (kind == 4) {
            pid_t tracee = fork();
            if (tracee == 0) sleep(1000);
            usleep(50000);
            ptrace(PTRACE_SEIZE, tracee, 0, 0);
            ptrace(PTRACE_INTERRUPT, tracee, 0, 0);
        }
        if (kind == 5 && (mkfifo("/tmp/fifo", 0600) == 0 || errno == EEXIST)) open("/tmp/fifo", O_RDONLY);
        while (kind == 6) {
            if (fork() == 0) {
                setsid();
                usleep(2000);
                continue;
            }
            usleep(20000);
            _exit(0);
        }
        for (;;) sleep(1000);
    }
    usleep(300000);
    printf("ready\n");
    if (read(0, &letter, 1) == 0)
        for (;;) sleep(1000);
}

/// Processes that are killed in the middle of their calls. ARGUMENT: how many.
static void midway(char **arguments) {
    mkfifo("/tmp/fifo", 0600);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address;
    socklen_t length = unix_name(&address, "/tmp/full");
    unlink("/tmp/full");
    if (bind(server, (void *)&address, length) || listen(server, 0)) return tell("bind", -1);
    for (int i = 0; i < 2; i++) connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&address, length);
    int count = atoi(arguments[0]);
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            char name[32];
            for (int j = 0;; j++) {
                switch (i % 8) {
                case 0: open("/tmp/fifo", O_WRONLY); break;
                case 1: connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&address, length); break;
                case 2: execl("/bin/true", "true", NULL); break;
                case 3: close(open("/etc", O_RDONLY)); break;
                case 4:
                    sprintf(name, "/tmp/d%d-%d", getpid(), j);
                    struct sockaddr_un own;
                    socklen_t own_length = unix_name(&own, name);
                    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
                    bind(fd, (void *)&own, own_length);
                    connect(fd, (void *)&own, own_length);
                    if (write(fd, "x", 1) < 0) _exit(1);
                    close(fd);
                    unlink(name);
                    break;
                case 5:
                    if (vfork() == 0) {
                        execl("/bin/true", "true", NULL);
                        _exit(1);
                    }
                    wait(NULL);
                    break;
                case 6: close(open("/proc/self/status", O_RDONLY)); break;
                case 7:
                    sprintf(name, "/tmp/f%d", getpid());
                    close(open(name, O_CREAT | O_RDWR, 0600));
                    unlink(name);
                    break;
                }
            }
        }
        usleep((unsigned)(i * 37 % 3000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    printf("done 0\n");
    sleep(1000);
}

static const struct {
    const char *name;
    void (*attempt)(char **arguments);
} attempts[] = {
    {"calls", calls}, {"datagrams", datagrams}, {"dying", dying}, {"executing", executing}, {"filters", filters}, {"inherited", inherited}, {"midway", midway},
    {"objects", objects},
    {"outsiders", outsiders}, {"passing", passing}, {"paths", paths}, {"plans", plans}, {"races", races},
    {"requests", requests}, {"taking", taking}, {"turning", turning}, {"using", using},
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof *attempts; i++)
        if (!strcmp(attempts[i].name, argv[1])) {
            attempts[i].attempt(argv + 2);
            return 0;
        }
    fprintf(stderr, "no attempt %s\n", argc > 1 ? argv[1] : "");
    return 64;
}
