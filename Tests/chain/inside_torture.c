// Asks the same questions in two ways: from call sites of the form that ukernel leads into the answering code, and from one
// that it leaves alone, so that every answer given inside the process can be compared with the kernel's own.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_OF_SLOTS 0x050F0000UL
#define TABLE 0x201000000000UL
#define REQUEST 0xFFFFFFFFFFFF554CUL

static void fail(const char *form, ...) {
    va_list arguments;
    va_start(arguments, form);
    char text[1024];
    vsnprintf(text, sizeof text, form, arguments);
    dprintf(1, "FAILED %s\n", text);
    _exit(1);
}

#define SITE(name, number)                                                                                             \
    extern unsigned char place_##name[];                                                                               \
    __attribute__((noinline)) static long name(long a, long b, long c, long d, long e) {                               \
        register long r10 __asm__("r10") = d;                                                                          \
        register long r8 __asm__("r8") = e;                                                                            \
        long value;                                                                                                    \
        __asm__ volatile("place_" #name ": mov %[n], %%eax\n syscall"                                                  \
                         : "=a"(value)                                                                                 \
                         : [n] "i"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)                                  \
                         : "rcx", "r11", "memory");                                                                    \
        return value;                                                                                                  \
    }
SITE(in_stat, SYS_stat)
SITE(in_lstat, SYS_lstat)
SITE(in_fstat, SYS_fstat)
SITE(in_fstatat, SYS_newfstatat)
SITE(in_statx, SYS_statx)
SITE(in_access, SYS_access)
SITE(in_faccessat2, SYS_faccessat2)
SITE(in_readlink, SYS_readlink)
SITE(in_readlinkat, SYS_readlinkat)
SITE(in_open, SYS_open)
SITE(in_openat, SYS_openat)
SITE(in_getpid, SYS_getpid)
SITE(in_getuid, SYS_getuid)
SITE(in_geteuid, SYS_geteuid)
SITE(in_getgid, SYS_getgid)
SITE(in_getegid, SYS_getegid)

/// As C libraries open files: what is loaded last is an argument.
extern unsigned char place_in_open_here[];
__attribute__((noinline)) static long in_open_here(const char *path, long flags) {
    long value;
    __asm__ volatile("mov %[path], %%rsi\n mov %[n], %%eax\n place_in_open_here: mov $-100, %%edi\n syscall"
                     : "=a"(value)
                     : [n] "i"(SYS_openat), [path] "r"(path), "d"(flags)
                     : "rcx", "r11", "rsi", "rdi", "memory");
    return value;
}

/// A site whose number is in no instruction: always the kernel's own answer.
__attribute__((noinline)) static long ask(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long value;
    __asm__ volatile("syscall"
                     : "=a"(value)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return value;
}

static int is_changed(const unsigned char *place) { return *place == 0xFF; }

typedef long (*site)(long, long, long, long, long);
struct question {
    const char *name;
    site inside;
    int number;
    unsigned char *place;
};
#define ROW(name, number) {#name, name, number, place_##name}

/// A layer's times of access are those of some moment: reading goes on beside.
static void compare(const char *name, const char *path, long inside, long outside, void *a, void *b, int size) {
    if (size == 144) memset((char *)a + 72, 0, 16), memset((char *)b + 72, 0, 16);
    if (size == 256 && !strcmp(name, "in_statx")) memset((char *)a + 64, 0, 16), memset((char *)b + 64, 0, 16);
    if (inside != outside) fail("%s %s: %ld inside, %ld outside", name, path, inside, outside);
    if (inside >= 0 && memcmp(a, b, (size_t)size)) {
        const unsigned char *x = a, *y = b;
        int at = 0;
        while (x[at] == y[at]) at++;
        fail("%s %s: byte %d is %d inside, %d outside", name, path, at, x[at], y[at]);
    }
}

/// All questions about one path, relative to `folder`.
static void question(int folder, const char *path) {
    char a[256], b[256];
#define BOTH(name, number, size, c0, c1, c2, c3, c4)                                                                   \
    do {                                                                                                               \
        memset(a, 0x55, sizeof a);                                                                                     \
        memset(b, 0x55, sizeof b);                                                                                     \
        char *buffer = b;                                                                                              \
        long outside = ask(number, c0, c1, c2, c3, c4);                                                                \
        buffer = a;                                                                                                    \
        long inside = name(c0, c1, c2, c3, c4);                                                                        \
        (void)buffer;                                                                                                  \
        compare(#name, path, inside, outside, a, b, size);                                                             \
    } while (0)
    if (folder == AT_FDCWD) {
        BOTH(in_stat, SYS_stat, 144, (long)path, (long)buffer, 0, 0, 0);
        BOTH(in_lstat, SYS_lstat, 144, (long)path, (long)buffer, 0, 0, 0);
        for (int mode = 0; mode < 8; mode++) BOTH(in_access, SYS_access, 0, (long)path, mode, 0, 0, 0);
        BOTH(in_readlink, SYS_readlink, 256, (long)path, (long)buffer, 200, 0, 0);
        BOTH(in_readlink, SYS_readlink, 256, (long)path, (long)buffer, 3, 0, 0);
    }
    BOTH(in_fstatat, SYS_newfstatat, 144, folder, (long)path, (long)buffer, 0, 0);
    BOTH(in_fstatat, SYS_newfstatat, 144, folder, (long)path, (long)buffer, AT_SYMLINK_NOFOLLOW, 0);
    BOTH(in_fstatat, SYS_newfstatat, 144, folder, (long)path, (long)buffer, AT_EMPTY_PATH, 0);
    BOTH(in_statx, SYS_statx, 256, folder, (long)path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, (long)buffer);
    BOTH(in_statx, SYS_statx, 256, folder, (long)path, 0, STATX_BASIC_STATS | STATX_BTIME, (long)buffer);
    for (int mode = 0; mode < 8; mode += 4) BOTH(in_faccessat2, SYS_faccessat2, 0, folder, (long)path, mode, 0x200, 0);
    BOTH(in_faccessat2, SYS_faccessat2, 0, folder, (long)path, 0, AT_SYMLINK_NOFOLLOW, 0);
    BOTH(in_readlinkat, SYS_readlinkat, 256, folder, (long)path, (long)buffer, 200, 0);
    const int ways[] = {O_PATH, 0, O_NOFOLLOW, O_NOFOLLOW | O_DIRECTORY, O_NOFOLLOW | O_PATH};
    for (int i = 0; i < 5; i++) {
        long theirs = ask(SYS_openat, folder, (long)path, ways[i] | O_NONBLOCK, 0, 0);
        long ours = in_openat(folder, (long)path, ways[i] | O_NONBLOCK, 0, 0);
        if ((ours >= 0) != (theirs >= 0) || (ours < 0 && ours != theirs))
            fail("open %s: %ld inside, %ld outside", path, ours, theirs);
        if (ours < 0) continue;
        BOTH(in_fstat, SYS_fstat, 144, ours, (long)buffer, 0, 0, 0);
        BOTH(in_fstatat, SYS_newfstatat, 144, ours, (long)"", (long)buffer, AT_EMPTY_PATH, 0);
        close((int)ours);
        close((int)theirs);
    }
}

/// Calls from every site often enough that it is changed.
static void warm(void) {
    char buffer[256];
    for (int i = 0; i < 6; i++) {
        in_stat((long)"/", (long)buffer, 0, 0, 0);
        in_lstat((long)"/", (long)buffer, 0, 0, 0);
        in_fstat(1, (long)buffer, 0, 0, 0);
        in_getpid(0, 0, 0, 0, 0);
        in_fstatat(AT_FDCWD, (long)"/", (long)buffer, 0, 0);
        in_statx(AT_FDCWD, (long)"/", 0, 0, (long)buffer);
        in_access((long)"/", 0, 0, 0, 0);
        in_faccessat2(AT_FDCWD, (long)"/", 0, 0, 0);
        in_readlink((long)"/", (long)buffer, 10, 0, 0);
        in_readlinkat(AT_FDCWD, (long)"/", (long)buffer, 10, 0);
        close((int)in_open((long)"/", O_RDONLY, 0, 0, 0));
        close((int)in_openat(AT_FDCWD, (long)"/", O_RDONLY, 0, 0));
    }
}

/// Every site in turn, since only the last few are counted.
static void warm_up(void) {
    char buffer[256];
#define OFTEN(call)                                                                                                    \
    for (int i = 0; i < 6; i++) call
    OFTEN(in_stat((long)"/", (long)buffer, 0, 0, 0));
    OFTEN(in_lstat((long)"/", (long)buffer, 0, 0, 0));
    OFTEN(in_fstat(1, (long)buffer, 0, 0, 0));
    OFTEN(in_getpid(0, 0, 0, 0, 0));
    OFTEN(in_getuid(0, 0, 0, 0, 0));
    OFTEN(in_geteuid(0, 0, 0, 0, 0));
    OFTEN(in_getgid(0, 0, 0, 0, 0));
    OFTEN(in_getegid(0, 0, 0, 0, 0));
    OFTEN(in_fstatat(AT_FDCWD, (long)"/", (long)buffer, 0, 0));
    OFTEN(in_statx(AT_FDCWD, (long)"/", 0, 0, (long)buffer));
    OFTEN(in_access((long)"/", 0, 0, 0, 0));
    OFTEN(in_faccessat2(AT_FDCWD, (long)"/", 0, 0, 0));
    OFTEN(in_readlink((long)"/", (long)buffer, 10, 0, 0));
    OFTEN(in_readlinkat(AT_FDCWD, (long)"/", (long)buffer, 10, 0));
    OFTEN(close((int)in_open((long)"/", O_RDONLY, 0, 0, 0)));
    OFTEN(close((int)in_openat(AT_FDCWD, (long)"/", O_RDONLY, 0, 0)));
    warm();
}

/// Calls from all sites until every one is changed. A call that a signal takes away before the kernel has it is not counted,
/// and a machine with other work may have many of those: only what never happens is a failure.
static void change_all(void) {
    unsigned char *all[] = {place_in_stat, place_in_lstat, place_in_fstat, place_in_fstatat, place_in_statx, place_in_access,
        place_in_faccessat2, place_in_readlink, place_in_readlinkat, place_in_open, place_in_openat, place_in_getpid,
        place_in_getuid, place_in_geteuid, place_in_getgid, place_in_getegid};
    unsigned count = sizeof all / sizeof *all, unchanged = 0;
    for (int round = 0; round < 200; round++) {
        warm_up();
        for (unchanged = 0; unchanged < count && is_changed(all[unchanged]); unchanged++) {}
        if (unchanged == count) return;
    }
    fail("call site %u was not changed", unchanged);
}

static const char *PATHS[] = {
    "/", "/etc", "/etc/", "/etc/name", "/etc/name/", "/etc/name/x", "/etc/./name", "/etc/../etc/name", "/../etc/name",
    "//etc///name", "/etc/no", "/no/no", "/etc/link", "/etc/absolute", "/etc/link/", "/etc/folderlink/name", "/etc/loop",
    "/etc/chain1", "/etc/broken", "/etc/secret", "/etc/closed", "/etc/closed/x", "/etc/program", "/etc/upfolder/../name",
    "/etc/folderlink/../name", "etc/name", "./etc/name", "../etc/name", ".", "..", "", "etc", "no", "bin/busybox",
    "/bin/sh", "/proc", "/proc/self", "/proc/self/exe", "/proc/1/stat", "/dev/null", "/dev/pts", "/tmp", "/tmp/made",
    "/tmp/made/file", "/tmp/made/link", "/tmp/no", "/etc/.wh.name",
    "/etc/a-name-that-is-longer-than-what-an-entry-of-the-table-has-room-for-and-so-never-in-it",
    "/etc/this-one-is-there-and-longer-than-what-an-entry-of-the-table-has-room-for-and-so-on",
};
enum { PATH_COUNT = sizeof PATHS / sizeof *PATHS };

static void everything(void) {
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < PATH_COUNT; i++) question(AT_FDCWD, PATHS[i]);
        int folder = open("/etc", O_RDONLY | O_DIRECTORY), root = open("/", O_PATH), file = open("/etc/name", O_RDONLY);
        const char *names[] = {"name", "no", "link", "folder/name", "folderlink/name", ".", "..", "../etc/name", "", "secret"};
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
            question(folder, names[i]);
            question(root, names[i]);
            question(file, names[i]);
            question(999, names[i]);
        }
        question(root, "etc/name");
        close(folder);
        close(root);
        close(file);
    }
}

static void equal(void) {
    mkdir("/tmp/made", 0755);
    close(open("/tmp/made/file", O_CREAT | O_WRONLY, 0640));
    if (symlink("file", "/tmp/made/link")) fail("symlink: %m");
    change_all();
    everything();
    if (setgid(77) || setuid(77)) fail("setuid: %m");
    everything();
}

/// Goes through what changes names and attributes, and looks after every step.
static void changes(void) {
    char *victims[] = {"/etc/name", "/etc/folder/name", "/etc/new", "/etc/moved", "/etc/link", "/etc/folder", "/etc/newfolder",
        "/etc/newfolder/name", "/etc/hard", "/etc/program", "/etc"};
    change_all();
#define STEP(call)                                                                                                     \
    do {                                                                                                               \
        for (int round = 0; round < 2; round++)                                                                        \
            for (unsigned i = 0; i < sizeof victims / sizeof *victims; i++) question(AT_FDCWD, victims[i]);            \
        if ((call) < 0) fail(#call ": %m");                                                                            \
        for (unsigned i = 0; i < sizeof victims / sizeof *victims; i++) question(AT_FDCWD, victims[i]);                \
    } while (0)
    struct timespec times[2] = {{1000, 5}, {2000, 6}};
    int held = open("/etc/folder/name", O_RDONLY), folder = open("/etc/folder", O_RDONLY);
    STEP(chmod("/etc/name", 0600));
    STEP(chown("/etc/name", 5, 6));
    STEP(utimensat(AT_FDCWD, "/etc/name", times, 0));
    STEP(truncate("/etc/name", 100));
    STEP(rename("/etc/name", "/etc/new"));
    STEP(rename("/etc/new", "/etc/name"));
    STEP(unlink("/etc/name"));
    STEP(close(open("/etc/name", O_CREAT | O_WRONLY, 0644)));
    STEP(link("/etc/name", "/etc/hard"));
    STEP(chmod("/etc/hard", 0640));
    STEP(unlink("/etc/name"));
    STEP(symlink("folder", "/etc/name"));
    STEP(unlink("/etc/link"));
    STEP(symlink("program", "/etc/link"));
    STEP(rename("/etc/program", "/etc/moved"));
    STEP(mkdir("/etc/newfolder", 0755));
    STEP(close(open("/etc/newfolder/name", O_CREAT | O_WRONLY, 0644)));
    STEP(chmod("/etc/newfolder", 0700));
    STEP(chmod("/etc/newfolder", 0755));
    STEP(unlink("/etc/newfolder/name"));
    STEP(rmdir("/etc/newfolder"));
    STEP(rename("/etc/folder", "/etc/newfolder"));
    STEP(chmod("/etc/newfolder/name", 0604));
    STEP(syscall(SYS_renameat2, AT_FDCWD, "/etc/newfolder", AT_FDCWD, "/etc/moved", 2));
    char a[144], b[144];
    compare("fstat", "held file", in_fstat(held, (long)a, 0, 0, 0), ask(SYS_fstat, held, (long)b, 0, 0, 0), a, b, 144);
    question(folder, "name");
    STEP(chdir("/etc"));
    question(AT_FDCWD, "name");
    // The host's own rules may refuse it.
    STEP(chroot("/etc") == 0 || errno == EPERM ? 0 : -1);
    question(AT_FDCWD, "/name");
    question(AT_FDCWD, "/etc/name");
    question(AT_FDCWD, "..");
}

/// Another process changes names; whoever looks between two changes must see what the last one made.
static void races(void) {
    volatile unsigned *turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    // How often the other one has looked between two changes.
    volatile unsigned *looks = turn + 64;
    change_all();
    pid_t changer = fork();
    if (changer == 0) {
        // Eight states, each entered between an odd and an even number.
        for (unsigned step = 0; step < 800; step++) {
            __atomic_fetch_add((unsigned *)turn, 1, __ATOMIC_SEQ_CST);
            int result = 0;
            switch (step % 8) {
            case 0: result = unlink("/etc/name"); break;
            case 1: result = mkdir("/etc/name", 0755); break;
            case 2: result = rmdir("/etc/name"); break;
            case 3: result = symlink("program", "/etc/name"); break;
            case 4: result = unlink("/etc/name"); break;
            case 5: result = rename("/etc/program", "/etc/name"); break;
            case 6: result = rename("/etc/name", "/etc/program"); break;
            case 7: result = link("/etc/program", "/etc/name"); break;
            }
            if (result) fail("step %u: %m", step);
            unsigned before = *looks;
            __atomic_fetch_add((unsigned *)turn, 1, __ATOMIC_SEQ_CST);
            while (*looks == before) sched_yield();
        }
        _exit(0);
    }
    const unsigned expected[] = {S_IFREG, 0, S_IFDIR, 0, S_IFLNK, 0, S_IFREG, 0};
    int status;
    while (waitpid(changer, &status, WNOHANG) == 0) {
        struct stat found;
        unsigned before = __atomic_load_n((unsigned *)turn, __ATOMIC_SEQ_CST);
        long result = in_lstat((long)"/etc/name", (long)&found, 0, 0, 0);
        unsigned after = __atomic_load_n((unsigned *)turn, __ATOMIC_SEQ_CST);
        if (before != after || before & 1) continue;
        unsigned type = result == 0 ? found.st_mode & S_IFMT : 0;
        if (type != expected[before / 2 % 8]) fail("after %u: type %o, result %ld", before / 2, type, result);
        ++*looks;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status)) fail("the changer ended with %x", status);
    dprintf(1, "looked %s\n", *looks >= 400 ? "often" : "seldom");
}

static volatile unsigned alarms;
/// Soon, and now and then only after a while: where everything takes long, all that is interrupted gets on in between.
static void set_alarm(void) {
    struct itimerval once = {.it_value = {0, alarms % 10 == 9 ? 50000 : 300}};
    setitimer(ITIMER_REAL, &once, NULL);
}

static void on_alarm(int signal) {
    char a[144], b[144];
    (void)signal;
    int kept = errno;
    compare("in a handler", "/etc/name", in_stat((long)"/etc/name", (long)a, 0, 0, 0),
        ask(SYS_stat, (long)"/etc/name", (long)b, 0, 0, 0), a, b, 144);
    alarms++;
    set_alarm();
    errno = kept;
}

static void signals(void) {
    for (int restarts = 0; restarts < 2; restarts++) {
        struct sigaction action = {.sa_handler = on_alarm, .sa_flags = restarts ? SA_RESTART : 0};
        sigaction(SIGALRM, &action, NULL);
        struct itimerval never = {{0, 0}, {0, 0}};
        set_alarm();
        change_all();
        // Names that are in the table, and such that the call itself has to be made for.
        unsigned start = alarms;
        while (alarms - start < 300) {
            char buffer[144];
            if (in_stat((long)"/etc/name", (long)buffer, 0, 0, 0) != 0) fail("stat under signals");
            long value = in_stat((long)"/proc/self/status", (long)buffer, 0, 0, 0);
            if (value != 0) fail("a call under signals: %ld", value);
            value = in_openat(AT_FDCWD, (long)"/etc/name", O_RDONLY, 0, 0);
            if (value < 0) fail("open under signals: %ld", value);
            close((int)value);
        }
        setitimer(ITIMER_REAL, &never, NULL);
    }
}

static void asks_often(int signal) {
    char buffer[144];
    (void)signal;
    for (int i = 0; i < 12; i++)
        if (in_stat((long)"/etc/name", (long)buffer, 0, 0, 0) != 0) _exit(2);
}

/// A signal comes at any moment of a site's first calls, as of those with which the table is mapped, and its handler calls
/// from the same place, often. Nothing of that may end the answering for good.
static void early(void) {
    for (int i = 0; i < 900; i++) {
        pid_t child = fork();
        if (child == 0) {
            char buffer[144];
            struct sigaction action = {.sa_handler = asks_often, .sa_flags = i & 1 ? SA_RESTART : 0};
            struct itimerval once = {.it_value = {0, 1 + i % 300}};
            sigaction(SIGALRM, &action, NULL);
            for (int k = 0; k < 3; k++) in_stat((long)"/etc/name", (long)buffer, 0, 0, 0);
            setitimer(ITIMER_REAL, &once, NULL);
            for (int k = 0; k < 200; k++) {
                long value = in_stat((long)"/etc/name", (long)buffer, 0, 0, 0);
                if (value) fail("stat %d of child %d: %ld", k, i, value);
            }
            _exit(is_changed(place_in_stat) ? 0 : 3);
        }
        int status;
        if (waitpid(child, &status, 0) != child || status) fail("child %d, %d us: %x", i, 1 + i % 300, status);
    }
}

static void births(void) {
    char a[144], b[144];
    change_all();
    if (in_getpid(0, 0, 0, 0, 0) != 1) fail("the first process is not 1");
    for (int i = 0; i < 200; i++) {
        pid_t child = i & 1 ? fork() : vfork();
        if (child == 0) {
            if (in_getpid(0, 0, 0, 0, 0) != ask(SYS_getpid, 0, 0, 0, 0, 0) || getpid() == 1) _exit(2);
            if (in_stat((long)"etc/name", (long)a, 0, 0, 0) != 0) _exit(3);
            if (ask(SYS_chdir, (long)"/etc", 0, 0, 0, 0) != 0) _exit(4);
            if (in_stat((long)"name", (long)a, 0, 0, 0) != 0) _exit(5);
            if (in_stat((long)"etc/name", (long)a, 0, 0, 0) != -ENOENT) _exit(6);
            _exit(0);
        }
        int status;
        if (waitpid(child, &status, 0) != child || status) fail("child %d ended with %x", i, status);
        compare("after a child", "etc/name", in_stat((long)"etc/name", (long)a, 0, 0, 0),
            ask(SYS_stat, (long)"etc/name", (long)b, 0, 0, 0), a, b, 144);
        if (in_stat((long)"name", (long)a, 0, 0, 0) != -ENOENT) fail("the child's folder is the parent's");
    }
}

static void *thread_main(void *argument) {
    for (int i = 0; i < 300; i++) question(AT_FDCWD, PATHS[(i + (int)(long)argument) % PATH_COUNT]);
    return NULL;
}

static void run_threads(void) {
    pthread_t threads[4];
    for (long i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, thread_main, (void *)(i * 7))) fail("pthread_create");
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

static int waits[2];
static void *waiter(void *argument) {
    char byte;
    (void)argument;
    if (read(waits[0], &byte, 1) != 1) fail("read");
    return NULL;
}

static void threads(void) {
    // While another thread might stand in the middle of an instruction, none is changed.
    pthread_t thread;
    if (pipe(waits) || pthread_create(&thread, NULL, waiter, NULL)) fail("thread");
    warm_up();
    if (is_changed(place_in_stat)) fail("a call site of a process of two threads was changed");
    if (write(waits[1], "x", 1) != 1) fail("write");
    pthread_join(thread, NULL);
    pid_t child = fork();
    if (child == 0) {
        run_threads();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status) fail("threads of unchanged sites: %x", status);
    // A place that called often meanwhile is changed when the other thread has gone.
    if ((child = fork()) == 0) {
        char buffer[144];
        if (pipe(waits) || pthread_create(&thread, NULL, waiter, NULL)) fail("thread");
        for (int i = 0; i < 12; i++) in_stat((long)"/", (long)buffer, 0, 0, 0);
        if (is_changed(place_in_stat)) fail("a call site of a child of two threads was changed");
        if (write(waits[1], "x", 1) != 1) fail("write");
        pthread_join(thread, NULL);
        for (int i = 0; i < 200 && !is_changed(place_in_stat); i++) in_stat((long)"/", (long)buffer, 0, 0, 0);
        _exit(is_changed(place_in_stat) ? 0 : 5);
    }
    waitpid(child, &status, 0);
    if (status) fail("after the other thread: %x", status);
    execl("/proc/self/exe", "torture", "threads2", NULL);
    fail("exec: %m");
}

static void threads2(void) {
    change_all();
    run_threads();
}

static void faults(void) {
    char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + 4096, 4096);
    char *end = pages + 4096;
    char buffer[256];
    change_all();
    strcpy(end - 10, "/etc/name");
    if (in_stat((long)(end - 10), (long)buffer, 0, 0, 0) != 0) fail("a path at the end of its page");
    memcpy(end - 9, "/etc/name", 9);
    const long bad[] = {0, 1, 8, -1, -4096, (long)end, (long)(end - 9), 0x7FFFFFFFFFFF, (long)0x8000000000000000};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        long inside = in_stat(bad[i], (long)buffer, 0, 0, 0), outside = ask(SYS_stat, bad[i], (long)buffer, 0, 0, 0);
        if (inside != outside) fail("a path at %lx: %ld, %ld", bad[i], inside, outside);
        if (in_access(bad[i], 0, 0, 0, 0) != ask(SYS_access, bad[i], 0, 0, 0, 0)) fail("access at %lx", bad[i]);
        if (bad[i] == (long)(end - 9)) continue;
        inside = in_stat((long)"/etc/name", bad[i], 0, 0, 0);
        outside = ask(SYS_stat, (long)"/etc/name", bad[i], 0, 0, 0);
        if (inside != outside || inside != -EFAULT) fail("a buffer at %lx: %ld, %ld", bad[i], inside, outside);
        inside = in_readlink((long)"/etc/link", bad[i], 4, 0, 0);
        if (inside != -EFAULT) fail("a link's buffer at %lx: %ld", bad[i], inside);
    }
    if (in_stat((long)"/etc/name", (long)(end - 100), 0, 0, 0) != -EFAULT) fail("a buffer that ends beyond its page");
    if (in_stat((long)"/etc/name", (long)"constant", 0, 0, 0) != -EFAULT) fail("a buffer that cannot be written to");
}

static void filtered(void) {
    change_all();
    // Kills who changes the signal mask, and refuses access(2).
    struct sock_filter code[] = {
        {0x20, 0, 0, 0},
        {0x15, 0, 1, SYS_rt_sigprocmask}, {0x06, 0, 0, SECCOMP_RET_KILL_PROCESS},
        {0x15, 0, 1, SYS_access}, {0x06, 0, 0, SECCOMP_RET_ERRNO | 99},
        {0x06, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (getpid() & 1 ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
                     : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
        fail("seccomp: %m");
    static char elsewhere[256];
    for (int i = 0; i < 10; i++) {
        if (in_access((long)"/etc/name", 0, 0, 0, 0) != -99) fail("a filter of the program's own was passed by");
        if (in_stat((long)"/etc/name", (long)elsewhere, 0, 0, 0) != 0) fail("stat under a filter");
    }
    if (is_changed(place_in_stat)) fail("a call site is still changed under a filter");
}

/// What a program may do to what lies in it: nothing that reaches beyond it.
static void hostile(const char *host_path) {
    change_all();
    // The table's descriptor, asked for by hand, only reads.
    long table = ask(SYS_getcwd, (long)REQUEST, 0, 0, 0, 0);
    if (table >= 0) fail("the table was handed to who is not the answering code");
    if (mprotect((void *)TABLE, 4096, PROT_READ | PROT_WRITE) == 0) fail("the table can be made writable");
    pid_t child;
    int status;
    for (int kind = 0; kind < 6; kind++) {
        if ((child = fork()) == 0) {
            char buffer[256];
            unsigned char *page = (unsigned char *)PAGE_OF_SLOTS;
            if (kind == 0) munmap((void *)TABLE, 1 << 20);
            if (kind == 1) munmap(page, 4096);
            if (kind >= 2 && mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC)) _exit(9);
            if (kind == 2) memset(page, 0xFF, 4096);
            // A count of slots, and slots, that lead anywhere; then more sites are changed.
            if (kind == 3) *(uint32_t *)(page + 28) = 0x7FFFFFFF;
            if (kind == 4) for (int i = 128; i < 4096; i += 8) *(uint64_t *)(page + i) = 0xFFFFFFFF00000000UL + (uint64_t)i;
            if (kind == 5) {
                // The one trusted instruction, with calls that it is not trusted with.
                long (*trusted)(long, long, long, long) = (void *)(page + 0x80);
                memcpy(page + 0x80, "\x89\xf8\x48\x89\xf7\x48\x89\xd6\x48\x89\xca\xeb\xb3", 13);
                if (trusted(SYS_stat, (long)host_path, (long)buffer, 0) != -ENOENT) _exit(10);
                if (trusted(SYS_open, (long)host_path, O_RDONLY, 0) != -ENOENT) _exit(11);
                if (trusted(SYS_fstat, 999, (long)buffer, 0) != -EBADF) _exit(12);
                _exit(0);
            }
            in_stat((long)"/etc/name", (long)buffer, 0, 0, 0);
            warm_up();
            _exit(0);
        }
        if (waitpid(child, &status, 0) != child) fail("waitpid: %m");
        if (kind == 5 && status) fail("through the trusted instruction: %x", status);
        question(AT_FDCWD, "/etc/name");
    }
}

/// Opens something from a changed site; it must be as good as what the kernel opened, at the same number. Of a folder,
/// `size` bytes at `list` become what the kernel's lists.
static int open_same(int folder, const char *name, int flags, char *list, long *size) {
    char a[256], b[256];
    long theirs = ask(SYS_openat, folder, (long)name, flags, 0, 0);
    int their_flags = fcntl((int)theirs, F_GETFL), their_closing = fcntl((int)theirs, F_GETFD);
    long outside = ask(SYS_fstat, theirs, (long)b, 0, 0, 0);
    if (theirs >= 0) {
        if (list) *size = ask(SYS_getdents64, theirs, (long)list, *size, 0, 0);
        close((int)theirs);
    }
    long ours = in_openat(folder, (long)name, flags, 0, 0);
    if (ours != theirs) fail("open %s: %ld inside, %ld outside", name, ours, theirs);
    if (ours < 0) return (int)ours;
    if (fcntl((int)ours, F_GETFL) != their_flags) fail("%s: flags %o, %o", name, fcntl((int)ours, F_GETFL), their_flags);
    if (fcntl((int)ours, F_GETFD) != their_closing) fail("%s: FD_CLOEXEC", name);
    compare("fstat", name, in_fstat(ours, (long)a, 0, 0, 0), outside, a, b, 144);
    return (int)ours;
}

/// Opens a file as `open_same` does; it holds `content`.
static int open_well(int folder, const char *name, int flags, const char *content) {
    int ours = open_same(folder, name, flags, NULL, NULL);
    if (ours < 0) return ours;
    char text[64] = "";
    if (read(ours, text, 1) != 1 || read(ours, text + 1, 62) < 0 || strcmp(text, content))
        fail("%s holds %s, not %s", name, text, content);
    return ours;
}

static int kept_count(void) {
    int count = 0;
    for (int i = 400; i < 520; i++) count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/// Goes through folders and opens their files, and the same file again and again.
static void files(void) {
    char name[64], content[64];
    int most = 0;
    change_all();
    const int ways[] = {O_RDONLY, O_RDONLY | O_CLOEXEC, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, O_RDWR,
        O_RDONLY | O_NOATIME, O_RDONLY | O_DIRECTORY, O_PATH};
    for (int round = 0; round < 6; round++) {
        int folder = open("/etc/many", O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < 40; i++) {
            snprintf(name, sizeof name, "f%02d", i);
            int file = open_well(folder, name, ways[round % 3], name);
            int count = kept_count();
            if (count > most) most = count;
            // In the third round all stay open.
            if (round != 2) close(file);
            if (round == 3 && i % 7 == 3) close_range(folder + 1, ~0U, 0);
            if (round == 4 && i % 9 == 4) {
                pid_t child = i & 1 ? fork() : vfork();
                if (child == 0) {
                    char text[8] = "";
                    snprintf(name, sizeof name, "f%02d", (i + 1) % 40);
                    int theirs = (int)in_openat(folder, (long)name, O_RDONLY, 0, 0);
                    _exit(read(theirs, text, 7) != 3 || strcmp(text, name));
                }
                int status;
                waitpid(child, &status, 0);
                if (status) fail("a child's file: %x", status);
            }
        }
        if (round == 2) close_range(folder + 1, 399, 0);
        close(folder);
    }
    if (most < 4) fail("no files were kept ready");
    if (most > 111) fail("%d files are kept ready", most);
    for (int i = 0; i < 30; i++) {
        long ours = in_open_here("/etc/name", O_RDONLY);
        if (ours < 0 || read((int)ours, name, 5) != 4) fail("open from the other kind of site: %ld", ours);
        close((int)ours);
        if (in_open_here("/etc/no", O_RDONLY) != -ENOENT) fail("what is not there, from the other kind of site");
    }
    if (!is_changed(place_in_open_here)) fail("the other kind of site was not changed");
    // The same file, with offsets of their own.
    int same[60];
    for (int i = 0; i < 60; i++) same[i] = open_well(AT_FDCWD, "/etc/name", O_RDONLY, "name");
    for (int i = 0; i < 60; i++) {
        char byte = 0;
        if (read(same[i], &byte, 1) != 0 || lseek(same[i], 1, SEEK_SET) != 1 || read(same[i], &byte, 1) != 1 || byte != 'a')
            fail("descriptor %d of one file", i);
        close(same[i]);
    }
    // What changes is not what was kept.
    int folder = open("/etc/many", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "f%02d", i);
        close(open_well(folder, name, O_RDONLY, name));
        snprintf(name, sizeof name, "f%02d", i + 1);
        strcpy(content, name);
        char path[80], other[80];
        snprintf(path, sizeof path, "/etc/many/%s", name);
        snprintf(other, sizeof other, "/etc/many/f%02d", i + 2);
        if (i % 5 == 0) {
            if (unlink(path)) fail("unlink: %m");
            if (open_well(folder, name, O_RDONLY, "") != -ENOENT) fail("what was removed can be opened");
            int file = open(path, O_CREAT | O_WRONLY, 0644);
            if (write(file, content, 3) != 3) fail("write");
            close(file);
        } else if (i % 5 == 1) {
            int file = open(path, O_WRONLY | O_TRUNC);
            if (write(file, "changed", 7) != 7) fail("write");
            close(file);
            close(open_well(folder, name, O_RDONLY, "changed"));
            file = open(path, O_WRONLY | O_TRUNC);
            if (write(file, content, 3) != 3) fail("write");
            close(file);
        } else if (i % 5 == 2 && i < 35) {
            if (syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 2)) fail("renameat2: %m");
            close(open_well(folder, name, O_RDONLY, other + 10));
            if (syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, 2)) fail("renameat2: %m");
        } else if (i % 5 == 3 && i < 38) {
            if (chmod(path, 0600)) fail("chmod: %m");
        }
        if (i == 38) break;
    }
}

/// A file that is written to: whoever may still write to it, what stat says is what is so.
static void writes(void) {
    const char *path = "/tmp/made/file";
    char buffer[144], text[8];
    change_all();
    if (mkdir("/tmp/made", 0755)) fail("mkdir: %m");
    for (int round = 0; round < 3; round++) {
        int file = open(path, O_CREAT | O_RDWR, 0644), reader;
#define LOOK                                                                                                           \
    do {                                                                                                               \
        for (int i = 0; i < 3; i++) question(AT_FDCWD, path);                                                          \
    } while (0)
#define READ                                                                                                           \
    do {                                                                                                               \
        usleep(5000);                                                                                                  \
        reader = open(path, O_RDONLY);                                                                                 \
        if (read(reader, text, 8) < 0) fail("read: %m");                                                               \
        close(reader);                                                                                                 \
    } while (0)
        LOOK;
        if (write(file, "one", 3) != 3) fail("write");
        READ;
        LOOK;
        if (write(file, "two", 3) != 3) fail("write");
        LOOK;
        char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        READ;
        LOOK;
        memcpy(mapped, "three", 5);
        msync(mapped, 4096, MS_SYNC);
        LOOK;
        munmap(mapped, 4096);
        READ;
        LOOK;
        // Now nobody can write to it: it is answered inside, and of what comes next nothing may be missed.
        int left = open(path, O_RDONLY);
        LOOK;
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", left);
        file = open(name, O_WRONLY | O_APPEND);
        if (file < 0) fail("open %s: %m", name);
        LOOK;
        if (write(file, "four", 4) != 4) fail("write");
        LOOK;
        close(file);
        close(left);
        READ;
        LOOK;
        if (truncate(path, 2)) fail("truncate: %m");
        LOOK;
        READ;
        LOOK;
        if (syscall(SYS_setxattr, path, "user.name", "v", 1, 0) && errno != EOPNOTSUPP) fail("setxattr: %m");
        LOOK;
        READ;
        LOOK;
        if (link(path, "/tmp/made/other")) fail("link: %m");
        LOOK;
        file = open("/tmp/made/other", O_WRONLY | O_TRUNC);
        LOOK;
        if (write(file, "fifth", 5) != 5) fail("write");
        LOOK;
        close(file);
        if (unlink("/tmp/made/other")) fail("unlink: %m");
        READ;
        LOOK;
        pid_t child = fork();
        if (child == 0) {
            file = open(path, O_WRONLY | O_APPEND);
            _exit(write(file, "sixth", 5) != 5);
        }
        int status;
        waitpid(child, &status, 0);
        if (status) fail("a child's write: %x", status);
        LOOK;
        READ;
        LOOK;
        if (in_stat((long)path, (long)buffer, 0, 0, 0) || ((struct stat *)buffer)->st_size != 10) fail("size");
    }
}

/// Files that the container makes itself, opened one after the other and again and again.
static void made(void) {
    char name[64], other[64], content[64];
    int most = 0;
    change_all();
    if (mkdir("/tmp/many", 0755)) fail("mkdir: %m");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "/tmp/many/f%02d", i);
        // Nobody has asked for it before, and nobody is told anything but the truth right after.
        question(AT_FDCWD, name);
        if (in_access((long)name, F_OK, 0, 0, 0) != -ENOENT) fail("%s is there", name);
        int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
        question(AT_FDCWD, name);
        char a[144], b[144];
        compare("fstat", name, in_fstat(file, (long)a, 0, 0, 0), ask(SYS_fstat, file, (long)b, 0, 0, 0), a, b, 144);
        if (write(file, name + 10, 3) != 3) fail("write: %m");
        close(file);
        question(AT_FDCWD, name);
        question(AT_FDCWD, "/tmp/many");
    }
    for (int round = 0; round < 4; round++) {
        int folder = open("/tmp/many", O_RDONLY | O_DIRECTORY);
        for (int i = 0; i < 40; i++) {
            snprintf(name, sizeof name, "f%02d", i);
            close(open_well(folder, name, O_RDONLY, name));
            int count = kept_count();
            if (count > most) most = count;
            question(folder, name);
            if (round < 2) continue;
            // What is likely to be kept ready by now becomes something else.
            snprintf(other, sizeof other, "/tmp/many/f%02d", (i + 1) % 40);
            strcpy(content, other + 10);
            if (i % 3 == 0) {
                if (unlink(other) || open_well(folder, content, O_RDONLY, "") != -ENOENT) fail("removed: %m");
                question(AT_FDCWD, other);
                int file = open(other, O_CREAT | O_WRONLY, 0644);
                if (write(file, content, 3) != 3) fail("write: %m");
                close(file);
            } else if (i % 3 == 1) {
                if (rename(other, "/tmp/many/moved")) fail("rename: %m");
                if (open_well(folder, content, O_RDONLY, "") != -ENOENT) fail("what was moved can be opened");
                question(AT_FDCWD, "/tmp/many/moved");
                if (rename("/tmp/many/moved", other)) fail("rename: %m");
            } else {
                int file = open(other, O_WRONLY | O_TRUNC);
                if (write(file, "other", 5) != 5) fail("write: %m");
                close(open_well(folder, content, O_RDONLY, "other"));
                if (ftruncate(file, 0) || pwrite(file, content, 3, 0) != 3) fail("write: %m");
                close(file);
            }
        }
        question(AT_FDCWD, "/tmp/many");
        close(folder);
    }
    if (most < 4) fail("no files were kept ready");
    // A folder's size and times change with what is in it.
    for (int i = 0; i < 4; i++) {
        DIR *folder = opendir("/tmp/many");
        while (readdir(folder)) {}
        closedir(folder);
        usleep(5000);
        question(AT_FDCWD, "/tmp/many");
        question(AT_FDCWD, "/tmp/many");
        snprintf(name, sizeof name, "/tmp/many/d%d", i);
        if (i % 2 ? symlink("x", name) : mkdir(name, 0755)) fail("%s: %m", name);
        question(AT_FDCWD, "/tmp/many");
        snprintf(other, sizeof other, "/tmp/many/d%d/no", i);
        if (i % 2 == 0 && in_openat(AT_FDCWD, (long)other, O_RDONLY, 0, 0) != -ENOENT) fail("%s is there", other);
    }
    if (in_openat(AT_FDCWD, (long)"/tmp/many/no/file", O_RDWR | O_CREAT, 0644, 0) != -ENOENT) fail("made without a folder");
    for (int i = 0; i < 40; i++) {
        int file = (int)in_openat(AT_FDCWD, (long)"/dev/urandom", O_RDONLY, 0, 0);
        if (file < 0 || read(file, content, 8) != 8) fail("/dev/urandom: %d", file);
        close(file);
    }
}

static int kept_folders(void) {
    int count = 0;
    for (int i = 400; i < 520; i++) {
        int flags = fcntl(i, F_GETFL);
        count += flags >= 0 && flags & O_DIRECTORY;
    }
    return count;
}

/// Opens a folder as `open_same` does; it lists what the kernel's lists.
static int open_folder_well(int folder, const char *name, int flags, char *list, long *size) {
    // The host leaves what lies between two records as it is.
    char other[4096] = "";
    memset(list, 0, sizeof other);
    long their_size = sizeof other;
    int ours = open_same(folder, name, flags, other, &their_size);
    if (ours < 0) return ours;
    *size = getdents64(ours, list, sizeof other);
    if (*size != their_size || memcmp(list, other, (size_t)their_size)) fail("%s lists other names", name);
    return ours;
}

/// What a folder that the process is about to open becomes meanwhile.
static void change(int folder, const char *next, int number) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", next, number % 2 ? "file" : "new");
    if (number % 4 == 0) {
        int file = openat(folder, path, O_CREAT | O_WRONLY, 0644);
        if (write(file, "new", 3) != 3) fail("write: %m");
        close(file);
    } else if (number % 4 == 1) {
        if (unlinkat(folder, path, 0)) fail("unlink %s: %m", path);
    } else if (number % 4 == 2) {
        if (fchmodat(folder, next, 0711, 0)) fail("chmod: %m");
    } else {
        long size;
        char list[4096];
        if (renameat(folder, next, folder, "moved")) fail("rename: %m");
        if (open_folder_well(folder, next, O_RDONLY | O_DIRECTORY, list, &size) != -ENOENT) fail("what was moved can be opened");
        if (renameat(folder, "moved", folder, next)) fail("rename: %m");
    }
}

static int most_folders, most_kept, changes_made;

/// Goes through a tree as find(1) and grep(1) -r do, and sees the same as who asks the kernel.
static void go_through(int above, const char *name, int opens, int changing, int births) {
    char list[4096];
    long size = 0;
    const int ways[] = {O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, O_RDONLY};
    int folder = open_folder_well(above, name, ways[opens % 2], list, &size), count = kept_folders();
    if (folder < 0) return;
    if (count > most_folders) most_folders = count;
    count = kept_count();
    if (count > most_kept) most_kept = count;
    for (long at = 0; at < size; at += *(unsigned short *)(list + at + 16)) {
        const char *entry = list + at + 19;
        char type = list[at + 18];
        if (entry[0] == '.') continue;
        question(folder, entry);
        if (type == DT_REG && opens) close(open_well(folder, entry, O_RDONLY, entry));
        if (type != DT_DIR) continue;
        if (births && changes_made++ % 3 == 0) {
            pid_t child = fork();
            int status;
            if (child == 0) {
                go_through(folder, entry, opens, 0, 0);
                _exit(0);
            }
            waitpid(child, &status, 0);
            if (status) fail("a child's walk: %x", status);
        }
        go_through(folder, entry, opens, changing, births);
        long next = at + *(unsigned short *)(list + at + 16);
        if (changing && next < size && list[next + 18] == DT_DIR && strcmp(list + next + 19, "closed") && list[next + 19] != '.')
            change(folder, list + next + 19, changes_made++);
    }
    close(folder);
}

static void walks(void) {
    change_all();
    for (int opens = 0; opens < 2; opens++)
        for (int round = 0; round < 2; round++) go_through(AT_FDCWD, "/etc/tree", opens, 0, 0);
    if (most_folders < 4) fail("no folders were kept ready");
    go_through(AT_FDCWD, "/etc/tree", 1, 0, 1);
    // The last one finds what the others left.
    for (int round = 0; round < 3; round++) go_through(AT_FDCWD, "/etc/tree2", round != 1, round < 2, 0);
    if (changes_made < 8) fail("only %d changes", changes_made);
    if (most_kept > 111) fail("%d descriptors are kept ready", most_kept);
}

/// Opens files here and there, always in the same order. Whoever does that again is given what comes next.
static void here_and_there(int round) {
    char path[64], next[64];
    int most = 0;
    change_all();
    for (int i = 0; i < 12; i++) {
        snprintf(path, sizeof path, "/etc/tree/d%02d/deep/%s", i * 5 % 12, i % 3 ? "file" : "est/file");
        snprintf(next, sizeof next, "/etc/tree/d%02d/deep/%s", (i + 1) * 5 % 12, (i + 1) % 3 ? "file" : "est/file");
        close(open_well(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, "file"));
        int count = kept_count() - 1;
        if (count > most) most = count;
        if (round < 2 || i == 11) continue;
        if (i % 2) {
            if (unlink(next) || open_well(AT_FDCWD, next, O_RDONLY, "") != -ENOENT) fail("removed: %m");
        } else {
            char above[64];
            snprintf(above, sizeof above, "/etc/tree/d%02d", (i + 1) * 5 % 12);
            if (rename(above, "/etc/moved")) fail("rename: %m");
            if (open_well(AT_FDCWD, next, O_RDONLY, "") != -ENOENT) fail("what was moved can be opened");
            if (rename("/etc/moved", above) || unlink(next)) fail("moved back: %m");
        }
        int file = open(next, O_CREAT | O_EXCL | O_WRONLY, 0644);
        if (write(file, "other", 5) != 5) fail("write: %m");
        close(file);
        close(open_well(AT_FDCWD, next, O_RDONLY, "other"));
        file = open(next, O_WRONLY | O_TRUNC);
        if (write(file, "file", 4) != 4) fail("write: %m");
        close(file);
    }
    if (round == 1 && most < 4) fail("who does the same again is given %d files", most);
    _exit(0);
}

static void again(void) {
    for (int round = 0; round < 4; round++) {
        char text[2] = {(char)('0' + round), 0}, *arguments[] = {"/torture", "here", text, NULL};
        pid_t child = fork();
        int status;
        if (child == 0) {
            execv("/torture", arguments);
            _exit(9);
        }
        if (waitpid(child, &status, 0) != child || status) fail("round %d: %x", round, status);
    }
}

static void demand_ids(const char *when, long uid, long effective_uid, long gid, long effective_gid) {
    struct {
        const char *name;
        long inside, outside, wanted;
    } all[] = {
        {"getuid", in_getuid(0, 0, 0, 0, 0), ask(SYS_getuid, 0, 0, 0, 0, 0), uid},
        {"geteuid", in_geteuid(0, 0, 0, 0, 0), ask(SYS_geteuid, 0, 0, 0, 0, 0), effective_uid},
        {"getgid", in_getgid(0, 0, 0, 0, 0), ask(SYS_getgid, 0, 0, 0, 0, 0), gid},
        {"getegid", in_getegid(0, 0, 0, 0, 0), ask(SYS_getegid, 0, 0, 0, 0, 0), effective_gid},
    };
    for (int i = 0; i < 4; i++)
        if (all[i].inside != all[i].wanted || all[i].outside != all[i].wanted)
            fail("%s %s: %ld inside, %ld outside, not %ld", all[i].name, when, all[i].inside, all[i].outside,
                all[i].wanted);
}

static void finish_child(pid_t child) {
    int status;
    if (waitpid(child, &status, 0) != child || status) fail("a child ended with %x", status);
}

/// Who a process is, through every way to become another.
static void ids(void) {
    change_all();
    demand_ids("at first", 0, 0, 0, 0);
    for (int round = 0; round < 3; round++) {
        pid_t child = fork();
        if (child == 0) {
            demand_ids("in a child", 0, 0, 0, 0);
            if (ask(SYS_setresgid, 15, 16, 17, 0, 0)) fail("setresgid");
            demand_ids("after setresgid", 0, 0, 15, 16);
            if (ask(SYS_setregid, -1, 15, 0, 0, 0)) fail("setregid");
            demand_ids("after setregid", 0, 0, 15, 15);
            if (ask(SYS_setreuid, 11, 0, 0, 0, 0)) fail("setreuid");
            demand_ids("after setreuid", 11, 0, 15, 15);
            if (ask(SYS_setresuid, 11, 12, 13, 0, 0)) fail("setresuid");
            demand_ids("after setresuid", 11, 12, 15, 15);
            pid_t grandchild = vfork();
            if (grandchild == 0) {
                demand_ids("in a grandchild", 11, 12, 15, 15);
                if (ask(SYS_setuid, 13, 0, 0, 0, 0)) fail("setuid");
                demand_ids("after setuid", 11, 13, 15, 15);
                if (ask(SYS_setuid, 0, 0, 0, 0, 0) != -EPERM) fail("back to 0");
                demand_ids("after what is not permitted", 11, 13, 15, 15);
                _exit(0);
            }
            finish_child(grandchild);
            demand_ids("after a grandchild", 11, 12, 15, 15);
            _exit(0);
        }
        finish_child(child);
        demand_ids("after a child", 0, 0, 0, 0);
    }
    if (ask(SYS_setgid, 21, 0, 0, 0, 0) || ask(SYS_setuid, 20, 0, 0, 0, 0)) fail("setuid");
    demand_ids("at last", 20, 20, 21, 21);
}

/// A device's descriptor that is kept serves for every opening.
static void devices(void) {
    const char *names[] = {"/dev/null", "/dev/zero", "/dev/urandom"};
    change_all();
    for (int round = 0; round < 60; round++) {
        const char *name = names[round % 3];
        int flags = O_RDONLY | (round & 1 ? O_CLOEXEC : 0) | (round % 7 == 6 ? O_NONBLOCK : 0);
        char a[144], b[144], content[8] = "1234567";
        int theirs = (int)ask(SYS_openat, AT_FDCWD, (long)name, flags, 0, 0);
        int their_flags = fcntl(theirs, F_GETFL), their_closing = fcntl(theirs, F_GETFD);
        long outside = ask(SYS_fstat, theirs, (long)b, 0, 0, 0);
        close(theirs);
        int ours = (int)in_openat(AT_FDCWD, (long)name, flags, 0, 0);
        if (ours != theirs) fail("open %s: %d inside, %d outside", name, ours, theirs);
        if (fcntl(ours, F_GETFL) != their_flags || fcntl(ours, F_GETFD) != their_closing) fail("%s: flags", name);
        compare("fstat", name, in_fstat(ours, (long)a, 0, 0, 0), outside, a, b, 144);
        if (read(ours, content, 8) != (round % 3 ? 8 : 0)) fail("read %s: %m", name);
        if (round % 3 == 1 && memcmp(content, "\0\0\0\0\0\0\0", 8)) fail("zero is not");
        int second = (int)in_openat(AT_FDCWD, (long)name, flags, 0, 0);
        if (second != ours + 1) fail("open %s again: %d", name, second);
        close(second);
        close(ours);
        // One of each, and the socket over which they came; what the program put there is not counted.
        if (round < 40 && kept_count() > 4) fail("%d descriptors are kept of three devices", kept_count());
        // A program may close what it does not know, and have something else under the number.
        if (round == 40) {
            for (int i = 400; i < 520; i++) close(i);
            for (int i = 400; i < 410; i++) dup2(1, i);
        }
    }
}

/// Asks on and on, and says how often.
static void endless(void) {
    char buffer[144], name[64];
    change_all();
    // Whoever enters /dev first makes what is told of folders void.
    close(open("/dev/urandom", O_RDONLY));
    if (mkdir("/tmp/fresh", 0755)) fail("mkdir: %m");
    for (unsigned long i = 0;; i++) {
        if (in_stat((long)"/etc/name", (long)buffer, 0, 0, 0) != 0) fail("stat");
        snprintf(name, sizeof name, "/tmp/fresh/%lu", i);
        if (in_stat((long)name, (long)buffer, 0, 0, 0) != -ENOENT) fail("what never was");
        if (in_access((long)"/etc/no", 0, 0, 0, 0) != -ENOENT) fail("access");
        if (in_geteuid(0, 0, 0, 0, 0) != 0) fail("geteuid");
        int device = (int)in_openat(AT_FDCWD, (long)"/dev/urandom", O_RDONLY, 0, 0);
        if (device < 0 || close(device)) fail("urandom");
        if (i % 20000 == 50) dprintf(1, "%lu\n", i);
    }
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    if (!strcmp(what, "equal")) equal();
    else if (!strcmp(what, "changes")) changes();
    else if (!strcmp(what, "races")) races();
    else if (!strcmp(what, "signals")) signals();
    else if (!strcmp(what, "early")) early();
    else if (!strcmp(what, "births")) births();
    else if (!strcmp(what, "threads")) threads();
    else if (!strcmp(what, "threads2")) threads2();
    else if (!strcmp(what, "faults")) faults();
    else if (!strcmp(what, "filtered")) filtered();
    else if (!strcmp(what, "hostile")) hostile(arguments[2]);
    else if (!strcmp(what, "files")) files();
    else if (!strcmp(what, "writes")) writes();
    else if (!strcmp(what, "made")) made();
    else if (!strcmp(what, "walks")) walks();
    else if (!strcmp(what, "again")) again();
    else if (!strcmp(what, "here")) here_and_there(atoi(arguments[2]));
    else if (!strcmp(what, "ids")) ids();
    else if (!strcmp(what, "devices")) devices();
    else if (!strcmp(what, "endless")) endless();
    else fail("no such test: %s", what);
    dprintf(1, "done\n");
    return 0;
}
