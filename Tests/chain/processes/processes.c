// Calls about processes and what they answer, one line each: nothing in it that differs between two runs. Run natively and
// in a container, as an ordinary user, the transcripts are the same.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static char self[4096];
#define show(...) (printf(__VA_ARGS__), putchar('\n'), fflush(stdout))
static const char *error(long result) { return result < 0 ? strerrorname_np(errno) : "ok"; }
#define call(what) do { errno = 0; long r_ = (long)(what); show("%s: %s", #what, error(r_)); } while (0)
#define value(what) do { errno = 0; long r_ = (long)(what); show("%s: %ld %s", #what, r_, error(r_)); } while (0)
static void pause_for(int ms) { usleep(ms * 1000); }
static pid_t child(void (*body)(void)) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) { body(); fflush(stdout); _exit(0); }
    return pid;
}
static char state(pid_t pid) {
    char name[64], text[512] = "";
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    FILE *f = fopen(name, "r");
    if (!f) return '-';
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *end = strrchr(text, ')');
    return end ? end[2] : '?';
}
static void until_state(pid_t pid, char wanted) { for (int i = 0; i < 30000 && state(pid) != wanted; i++) pause_for(2); }
static void status(const char *what, int s) {
    if (WIFEXITED(s)) show("%s: exited %d", what, WEXITSTATUS(s));
    else if (WIFSIGNALED(s)) show("%s: killed %d", what, WTERMSIG(s));
    else if (WIFSTOPPED(s)) show("%s: stopped %d", what, WSTOPSIG(s));
    else if (WIFCONTINUED(s)) show("%s: continued", what);
}

static void exit_7(void) { _exit(7); }
static void forever(void) { for (;;) pause(); }
static void abort_self(void) { abort(); }
static void waits(void) {
    int s;
    siginfo_t i;
    pid_t pid = child(exit_7);
    until_state(pid, 'Z');
    show("zombie %c", state(pid));
    call(kill(pid, 0));
    memset(&i, 0, sizeof i);
    call(waitid(P_PID, pid, &i, WEXITED | WNOWAIT));
    show("siginfo %d %d %d %d", i.si_signo, i.si_code, i.si_status, i.si_pid == pid);
    call(waitid(P_ALL, 0, &i, WEXITED));
    call(waitid(P_ALL, 0, &i, WEXITED));
    call(kill(pid, 0));
    pid = child(forever);
    value(waitpid(pid, &s, WNOHANG));
    kill(pid, SIGSTOP);
    call(waitid(P_PID, pid, &i, WSTOPPED));
    show("stopped %d %d %c", i.si_code, i.si_status, state(pid));
    kill(pid, SIGCONT);
    waitpid(pid, &s, WCONTINUED);
    status("cont", s);
    kill(pid, SIGTERM);
    waitpid(-1, &s, 0);
    status("term", s);
    pid = child(abort_self);
    waitpid(pid, &s, 0);
    status("abort", s);
    pid = child(forever);
    call(setpgid(pid, pid));
    show("group %d", getpgid(pid) == pid);
    kill(-pid, SIGKILL);
    call(waitpid(-pid, &s, 0));
    status("group", s);
    call(waitpid(-1, &s, 0));
    call(waitpid(12345678, &s, 0));
    call(waitid(P_PID, -5, &i, WEXITED));
    call(waitid(P_ALL, 0, &i, 0));
    struct rusage usage;
    pid = child(exit_7);
    call(wait4(pid, &s, 0, &usage));
    int fd;
    pid = child(exit_7);
    call(fd = syscall(SYS_pidfd_open, pid, 0));
    struct pollfd p = {fd, POLLIN, 0};
    value(poll(&p, 1, 5000));
    call(waitid(P_PIDFD, fd, &i, WEXITED));
    show("by descriptor %d %d", i.si_code, i.si_status);
    call(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
    close(fd);
    call(syscall(SYS_pidfd_open, 12345678, 0));
    call(syscall(SYS_pidfd_open, getpid(), 1));
    signal(SIGCHLD, SIG_IGN);
    pid = child(exit_7);
    call(waitpid(pid, &s, 0));
    signal(SIGCHLD, SIG_DFL);
}

static int link_[2], begun[2];
static void grandchild(void) {
    pid_t parent = getppid();
    write(begun[1], "x", 1);
    for (int i = 0; i < 30000 && getppid() == parent; i++) pause_for(2);
    pid_t now = getppid();
    write(link_[1], &now, sizeof now);
}
static void middle(void) { char c; pipe(begun); child(grandchild); read(begun[0], &c, 1); }
static void reaping(void) {
    int flag = 0;
    pid_t now = 0;
    pipe(link_);
    call(prctl(PR_SET_CHILD_SUBREAPER, 1));
    prctl(PR_GET_CHILD_SUBREAPER, &flag);
    pid_t pid = child(middle);
    waitpid(pid, NULL, 0);
    read(link_[0], &now, sizeof now);
    show("subreaper %d: orphan is mine: %d", flag, now == getpid());
    call(waitpid(-1, NULL, 0));
    call(waitpid(-1, NULL, 0));
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}
static void says_its_end(void) {
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    write(link_[1], "r", 1);
    struct timespec five = {5, 0};
    int got = sigtimedwait(&set, NULL, &five);
    write(link_[1], &got, sizeof got);
}
static void dies(void) { child(says_its_end); char c; read(link_[0], &c, 1); }
static void deathsig(void) {
    int got = 0;
    pipe(link_);
    waitpid(child(dies), NULL, 0);
    read(link_[0], &got, sizeof got);
    show("parent's death: %d", got);
}

static void *park(void *p) { (void)p; for (;;) pause(); }
static void *run_self(void *what) {
    char *argv[] = {"prog", what, "from a thread", NULL};
    execve(self, argv, environ);
    show("exec: %s", strerrorname_np(errno));
    return NULL;
}
static void thread_exec(void) {
    pthread_t t;
    for (int i = 0; i < 5; i++) pthread_create(&t, NULL, park, NULL);
    char pid[20];
    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("MYPID", pid, 1);
    pthread_create(&t, NULL, run_self, "--args");
    for (;;) pause();
}
static void run(char *const argv[], char *const envp[]) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) { execve(self, argv, envp); show("exec: %s", strerrorname_np(errno)); fflush(stdout); _exit(111); }
    int s;
    waitpid(pid, &s, 0);
    if (s) status("program", s);
}
static void write_file(const char *name, const char *text) {
    int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    write(fd, text, strlen(text));
    close(fd);
}
static void execs(void) {
    int s;
    waitpid(child(thread_exec), &s, 0);
    status("thread", s);
    run((char *[]){"a", "--args", "x y", "", NULL}, (char *[]){"A=1", NULL});
    run((char *[]){"a", "--args", NULL}, (char *[]){NULL});
    run(NULL, NULL);
    // Everything is ignored, blocked and pending across an exec.
    fflush(stdout);
    if (fork() == 0) {
        sigset_t all;
        sigfillset(&all);
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, park ? (void (*)(int))park : NULL);
        sigprocmask(SIG_SETMASK, &all, NULL);
        raise(SIGTERM);
        alarm(100);
        umask(027);
        nice(3);
        chdir("/");
        for (int i = 3; i < 10; i++) close(i);
        open("/dev/null", O_RDONLY | O_CLOEXEC);
        open("/dev/null", O_RDONLY);
        execl(self, "a", "--state", NULL);
        _exit(1);
    }
    wait(&s);
    fflush(stdout);
    if (fork() == 0) {
        close(0); close(2);
        execl(self, "a", "--descriptors", NULL);
        _exit(1);
    }
    wait(&s);
    // vfork with all signals blocked.
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    fflush(stdout);
    pid_t pid = vfork();
    if (pid == 0) { execl(self, "a", "--exit", NULL); _exit(1); }
    sigprocmask(SIG_SETMASK, &old, NULL);
    waitpid(pid, &s, 0);
    status("vfork", s);
    char *argv[] = {"a", "--exit", NULL};
    call(posix_spawn(&pid, self, NULL, NULL, argv, environ));
    waitpid(pid, &s, 0);
    status("spawn", s);
    show("spawn: %s", strerrorname_np(posix_spawn(&pid, "/nosuch", NULL, NULL, argv, environ)));
    // execveat and fexecve.
    int fd = open(self, O_RDONLY | O_CLOEXEC), folder = open("/tmp", O_RDONLY | O_DIRECTORY);
    char path[4096];
    snprintf(path, sizeof path, "link-%d", getpid());
    char link[4200];
    snprintf(link, sizeof link, "/tmp/%s", path);
    symlink(self, link);
    struct { int fd; const char *path; int flags; } forms[] = {
        {fd, "", AT_EMPTY_PATH}, {folder, path, 0}, {folder, path, AT_SYMLINK_NOFOLLOW}, {folder, self, 0}, {fd, "", 0},
        {folder, "", AT_EMPTY_PATH}, {-1, "x", 0}, {AT_FDCWD, self, 0}, {AT_FDCWD, self, 0x40000}, {fd, "x", 0},
    };
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        fflush(stdout);
        if ((pid = fork()) == 0) {
            syscall(SYS_execveat, forms[i].fd, forms[i].path, argv, environ, forms[i].flags);
            show("execveat %u: %s", i, strerrorname_np(errno));
            fflush(stdout);
            _exit(1);
        }
        waitpid(pid, &s, 0);
        status("execveat", s);
    }
    unlink(link);
    int memory = memfd_create("m", 0), source = open(self, O_RDONLY);
    char block[65536];
    for (ssize_t n; (n = read(source, block, sizeof block)) > 0;) write(memory, block, n);
    fflush(stdout);
    if (fork() == 0) { fexecve(memory, argv, environ); show("memfd: %s", strerrorname_np(errno)); fflush(stdout); _exit(1); }
    wait(&s);
    status("memfd", s);
    // Scripts, and what is none.
    char script[64], other[64], text[4400];
    snprintf(script, sizeof script, "/tmp/s-%d", getpid());
    snprintf(other, sizeof other, "/tmp/o-%d", getpid());
    snprintf(text, sizeof text, "#! %s  --args  with space \nrest", self);
    write_file(script, text);
    strcpy(text, self);
    strcpy(self, script);
    run((char *[]){"zero", "one", NULL}, (char *[]){NULL});
    char inner[4200];
    snprintf(inner, sizeof inner, "#!%s", script);
    write_file(other, inner);
    strcpy(self, other);
    run((char *[]){"zero", "one", NULL}, (char *[]){NULL});
    for (const char **t = (const char *[]){"", "#!\n", "#!/nosuch\n", "\177ELF", "echo\n", "#!/tmp\n", NULL}; *t; t++) {
        write_file(other, *t);
        run((char *[]){"zero", NULL}, (char *[]){NULL});
    }
    snprintf(inner, sizeof inner, "#!%s\n", other);
    write_file(other, inner);
    run((char *[]){"zero", NULL}, (char *[]){NULL});
    write_file(other, "x");
    chmod(other, 0644);
    run((char *[]){"zero", NULL}, (char *[]){NULL});
    unlink(other);
    unlink(script);
    strcpy(self, "/tmp");
    run((char *[]){"zero", NULL}, (char *[]){NULL});
    strcpy(self, text);
    // Long arguments.
    char *big = malloc(200 << 10);
    memset(big, 'x', 200 << 10);
    big[(128 << 10) - 1] = 0;
    run((char *[]){"a", "--sizes", big, NULL}, (char *[]){NULL});
    big[(128 << 10) - 1] = 'x';
    big[(200 << 10) - 1] = 0;
    run((char *[]){"a", "--sizes", big, NULL}, (char *[]){NULL});
    char **many = calloc(100002, sizeof *many);
    many[0] = "a";
    many[1] = "--sizes";
    for (int i = 2; i < 100000; i++) many[i] = "argument";
    run(many, (char *[]){NULL});
    big[(100 << 10)] = 0;
    for (int i = 2; i < 1000; i++) many[i] = big;
    run(many, (char *[]){NULL});
    run((char *const *)8, (char *[]){NULL});
}

static void groups(void) {
    pid_t pid = child(forever);
    call(setpgid(0, 0));
    call(setpgid(pid, pid));
    call(setpgid(pid, 12345678));
    call(setpgid(12345678, 0));
    call(setpgid(0, -1));
    show("groups %d %d %d", getpgid(pid) == pid, getpgid(0) == getpgrp(), getsid(pid) == getsid(0));
    call(getpgid(12345678));
    call(getsid(-1));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fflush(stdout);
    if ((pid = fork()) == 0) {
        value(setsid() == getpid());
        call(setsid());
        call(setpgid(0, 0));
        show("leads %d %d", getpgrp() == getpid(), getsid(0) == getpid());
        int fd = open("/dev/tty", O_RDWR);
        show("no terminal: %s", strerrorname_np(errno));
        (void)fd;
        fflush(stdout);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    int gate[2];
    pipe(gate);
    fflush(stdout);
    if ((pid = fork()) == 0) { close(gate[0]); fcntl(gate[1], F_SETFD, FD_CLOEXEC); execl(self, "a", "--sleep", NULL); _exit(1); }
    close(gate[1]);
    char c;
    read(gate[0], &c, 1);
    call(setpgid(pid, pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static volatile sig_atomic_t handled, order[64], count;
static siginfo_t last;
static void on_signal(int s, siginfo_t *i, void *c) { (void)c; __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST); last = *i; if (count < 64) order[count++] = i->si_value.sival_int ? i->si_value.sival_int : s; }
static void handle(int signal, int flags) {
    struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&a.sa_mask);
    sigaction(signal, &a, NULL);
}
static void sends(void) { union sigval v = {.sival_int = 42}; sigqueue(getppid(), SIGUSR1, v); }
// Again and again: the first one may come before the wait that it is to end has begun.
static void kills(void) { for (;;) { pause_for(50); kill(getppid(), SIGUSR1); } }
static void stop(pid_t pid) { kill(pid, SIGKILL); while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {} }
static void kills_once(void) { pause_for(50); kill(getppid(), SIGUSR1); }
static void *kill_thread(void *tid) { pause_for(50); syscall(SYS_tgkill, getpid(), *(pid_t *)tid, SIGUSR2); return NULL; }
static void signals(void) {
    handle(SIGUSR1, 0);
    handle(SIGUSR2, SA_RESTART);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t pid = child(sends);
    call(sigsuspend(&old));
    show("handled %d %d", last.si_signo, last.si_value.sival_int);
    waitpid(pid, NULL, 0);
    pid = child(sends);
    siginfo_t i;
    value(sigwaitinfo(&set, &i));
    show("info %d %d %d %d %d", i.si_signo, i.si_code == SI_QUEUE, i.si_value.sival_int, i.si_pid == pid, i.si_uid == getuid());
    waitpid(pid, NULL, 0);
    struct timespec none = {0, 1000000};
    call(sigtimedwait(&set, NULL, &none));
    sigprocmask(SIG_SETMASK, &old, NULL);
    // Waits that a handler ends, and ones that go on.
    int fd[2];
    char c;
    pipe(fd);
    pid = child(kills);
    call(read(fd[0], &c, 1));
    stop(pid);
    pid = child(kills);
    call(nanosleep(&(struct timespec){100, 0}, NULL));
    stop(pid);
    pid = child(kills);
    call(poll(NULL, 0, 100000));
    stop(pid);
    pid_t helper = child(forever);
    pid = child(kills);
    call(waitpid(helper, NULL, 0));
    stop(pid);
    stop(helper);
    handled = 0;
    pid_t tid = (pid_t)syscall(SYS_gettid);
    pthread_t t;
    pthread_create(&t, NULL, kill_thread, &tid);
    pid = child(kills_once);
    pthread_join(t, NULL);
    waitpid(pid, NULL, 0);
    for (int n = 0; n < 30000 && handled < 2; n++) pause_for(2);
    show("handled twice: %d", handled >= 2);
    // Real-time signals come in their order.
    count = 0;
    sigemptyset(&set);
    for (int s = SIGRTMIN; s <= SIGRTMIN + 2; s++) { handle(s, 0); sigaddset(&set, s); }
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int n = 1; n <= 3; n++)
        for (int s = SIGRTMIN + 2; s >= SIGRTMIN; s--) sigqueue(getpid(), s, (union sigval){.sival_int = (s - SIGRTMIN) * 10 + n});
    sigset_t pending;
    sigpending(&pending);
    show("pending %d%d", sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGRTMIN + 3));
    sigprocmask(SIG_SETMASK, &old, NULL);
    show("order %d %d %d %d %d %d %d %d %d", order[0], order[1], order[2], order[3], order[4], order[5], order[6], order[7], order[8]);
    // Descriptors of signals.
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int sfd = signalfd(-1, &set, SFD_NONBLOCK);
    struct signalfd_siginfo si;
    call(read(sfd, &si, sizeof si));
    pid = child(sends);
    waitpid(pid, NULL, 0);
    call(read(sfd, &si, sizeof si));
    show("signalfd %d %d %d %d", si.ssi_signo, si.ssi_int, si.ssi_pid == (unsigned)pid, si.ssi_uid == getuid());
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    call(kill(getpid(), 65));
    call(kill(getpid(), -1));
    call(kill(12345678, 0));
    call(kill(-12345678, 0));
    call(syscall(SYS_tkill, getpid(), 0));
    call(syscall(SYS_tkill, 0, 0));
    call(syscall(SYS_tgkill, getpid(), 12345678, 0));
    call(syscall(SYS_tgkill, 12345678, getpid(), 0));
    call(sigqueue(12345678, 0, (union sigval){0}));
    siginfo_t forged = {.si_signo = SIGUSR1, .si_code = 0};
    pid = child(forever);
    call(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &forged));
    forged.si_code = SI_QUEUE;
    call(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &forged));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 77};
    call(timer_create(CLOCK_MONOTONIC, &event, &timer));
    count = 0;
    timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 1000000}, NULL);
    while (!count) pause_for(1);
    show("timer %d %d", order[0], last.si_code == SI_TIMER);
    timer_delete(timer);
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536}, previous;
    call(sigaltstack(&stack, NULL));
    call(sigaltstack(NULL, &previous));
    show("stack %d", previous.ss_sp == stack.ss_sp);
}

static void limits(void) {
    struct rlimit l = {100, 200}, back;
    call(setrlimit(RLIMIT_NOFILE, &l));
    call(setrlimit(RLIMIT_NOFILE, &(struct rlimit){300, 300}));
    getrlimit(RLIMIT_NOFILE, &back);
    show("files %ld %ld", (long)back.rlim_cur, (long)back.rlim_max);
    show("dup: %s", error(fcntl(1, F_DUPFD, 100)));
    pid_t pid = child(forever);
    call(prlimit(pid, RLIMIT_STACK, &(struct rlimit){1 << 20, 2 << 20}, NULL));
    prlimit(pid, RLIMIT_STACK, NULL, &back);
    show("child's %ld %ld", (long)back.rlim_cur, (long)back.rlim_max);
    call(prlimit(12345678, RLIMIT_STACK, NULL, &back));
    call(getpriority(PRIO_PROCESS, 12345678));
    call(setpriority(PRIO_PROCESS, pid, 5));
    value(getpriority(PRIO_PROCESS, pid));
    call(setpriority(PRIO_PROCESS, pid, 2));
    call(sched_setscheduler(pid, SCHED_BATCH, &(struct sched_param){0}));
    value(sched_getscheduler(pid));
    call(sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1}));
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    call(sched_setaffinity(pid, sizeof cpus, &cpus));
    CPU_ZERO(&cpus);
    call(sched_getaffinity(pid, sizeof cpus, &cpus));
    value(CPU_COUNT(&cpus));
    call(sched_getaffinity(12345678, sizeof cpus, &cpus));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    signal(SIGXFSZ, SIG_IGN);
    char name[64];
    snprintf(name, sizeof name, "/tmp/f-%d", getpid());
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){10, 1000});
    value(write(fd, "0123456789abcdef", 16));
    value(write(fd, "x", 1));
    unlink(name);
    call(setrlimit(99, &l));
}

static void options(void) {
    call(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    call(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    value(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    value(prctl(PR_GET_DUMPABLE));
    call(prctl(PR_SET_DUMPABLE, 5));
    call(prctl(PR_SET_DUMPABLE, 0));
    value(prctl(PR_GET_DUMPABLE));
    prctl(PR_SET_DUMPABLE, 1);
    char name[16];
    call(prctl(PR_SET_NAME, "a name that is too long"));
    prctl(PR_GET_NAME, name);
    show("name %s", name);
    call(prctl(PR_CAPBSET_READ, 99));
    call(prctl(PR_CAPBSET_DROP, 0));
    call(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0));
    value(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
    call(prctl(PR_CAP_AMBIENT, 9, 0, 0, 0));
    value(prctl(PR_GET_KEEPCAPS));
    call(prctl(PR_SET_KEEPCAPS, 1));
    value(prctl(PR_GET_SECUREBITS));
    call(prctl(PR_SET_SECUREBITS, 1));
    call(prctl(9999));
    value(getuid() == geteuid());
    call(setuid(0));
    call(setgid(0));
    call(setresuid(-1, 0, -1));
    call(setreuid(getuid(), -1));
    call(setgroups(0, NULL));
    value(getgroups(0, NULL));
    call(getgroups(-1, NULL));
}

static void ipc(void) {
    char name[64];
    snprintf(name, sizeof name, "/ukp-%d", getpid());
    sem_t *sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
    show("sem_open: %s", sem == SEM_FAILED ? strerrorname_np(errno) : "ok");
    show("again: %s", sem_open(name, O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED ? strerrorname_np(errno) : "ok");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) { sem_t *mine = sem_open(name, 0); pause_for(20); sem_post(mine); _exit(0); }
    call(sem_wait(sem));
    waitpid(pid, NULL, 0);
    call(sem_unlink(name));
    call(sem_unlink(name));
    int shm = shm_open(name, O_CREAT | O_RDWR, 0600);
    ftruncate(shm, 4096);
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, shm, 0);
    if ((pid = fork()) == 0) { int other = shm_open(name, O_RDWR, 0); int *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0); *m = 99; _exit(0); }
    waitpid(pid, NULL, 0);
    show("shared %d", *shared);
    call(shm_unlink(name));

    key_t key = 0x554b0000 | (getpid() & 0xffff);
    int id = semget(key, 2, IPC_CREAT | IPC_EXCL | 0600);
    show("semget: %s", error(id));
    call(semget(key, 2, IPC_CREAT | IPC_EXCL | 0600));
    call(semget(key, 3, 0));
    value(semget(key, 2, 0) == id);
    call(semget(key + 1, 1, 0));
    fflush(stdout);
    if ((pid = fork()) == 0) { pause_for(20); struct sembuf up = {1, 3, 0}; semop(semget(key, 2, 0), &up, 1); _exit(0); }
    call(semop(id, &(struct sembuf){1, -2, 0}, 1));
    waitpid(pid, NULL, 0);
    value(semctl(id, 1, GETVAL));
    call(semop(id, &(struct sembuf){1, -2, IPC_NOWAIT}, 1));
    call(semop(id, &(struct sembuf){7, 1, 0}, 1));
    call(semtimedop(id, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){0, 1000000}));
    if ((pid = fork()) == 0) { semop(id, &(struct sembuf){0, 1, SEM_UNDO}, 1); _exit(0); }
    waitpid(pid, NULL, 0);
    value(semctl(id, 0, GETVAL));
    struct semid_ds ds;
    call(semctl(id, 0, IPC_STAT, &ds));
    show("sem %o %d %d %d %ld", ds.sem_perm.mode & 0777, ds.sem_perm.uid == getuid(), ds.sem_perm.cgid == getgid(), ds.sem_perm.__key == key, (long)ds.sem_nsems);
    unsigned short all[2];
    call(semctl(id, 0, GETALL, all));
    show("all %d %d by %d", all[0], all[1], semctl(id, 1, GETPID) == getpid());
    ds.sem_perm.mode = 0400;
    call(semctl(id, 0, IPC_SET, &ds));
    call(semctl(id, 0, SETVAL, 5));
    call(semctl(id, 0, GETVAL));
    call(semctl(id, 0, IPC_RMID));
    call(semctl(id, 0, IPC_RMID));

    int queue = msgget(key, IPC_CREAT | 0640);
    show("msgget: %s", error(queue));
    struct { long type; char text[8]; } m = {3, "three"}, got;
    call(msgsnd(queue, &m, 6, 0));
    m.type = 1;
    memcpy(m.text, "one", 4);
    call(msgsnd(queue, &m, 4, 0));
    value(msgrcv(queue, &got, 8, 1, 0));
    show("got %s", got.text);
    call(msgrcv(queue, &got, 2, 0, 0));
    value(msgrcv(queue, &got, 8, -5, 0));
    call(msgrcv(queue, &got, 8, 0, IPC_NOWAIT));
    struct msqid_ds mds;
    call(msgctl(queue, IPC_STAT, &mds));
    show("queue %o %d %d %d", mds.msg_perm.mode, mds.msg_perm.uid == getuid(), (int)mds.msg_qnum, mds.msg_lspid == getpid());
    fflush(stdout);
    if ((pid = fork()) == 0) { msgrcv(queue, &got, 8, 0, 0); _exit(errno == EIDRM); }
    until_state(pid, 'S');
    mds.msg_qbytes = 1000;
    call(msgctl(queue, IPC_SET, &mds));
    msgctl(queue, IPC_STAT, &mds);
    show("room %d", (int)mds.msg_qbytes);
    call(msgctl(queue, IPC_RMID, NULL));
    int s;
    waitpid(pid, &s, 0);
    status("removed", s);

    int segment = shmget(key, 8192, IPC_CREAT | IPC_EXCL | 0600);
    show("shmget: %s", error(segment));
    call(shmget(key, 100000, 0));
    int *at = shmat(segment, NULL, 0);
    if ((pid = fork()) == 0) { int *mine = shmat(shmget(key, 0, 0), NULL, 0); mine[10] = 1234; shmdt(mine); _exit(0); }
    waitpid(pid, NULL, 0);
    show("segment %d", at[10]);
    struct shmid_ds sds;
    call(shmctl(segment, IPC_STAT, &sds));
    show("segment %o %d %ld %d %d", sds.shm_perm.mode, sds.shm_perm.uid == getuid(), (long)sds.shm_segsz, (int)sds.shm_nattch, sds.shm_cpid == getpid());
    call(shmctl(segment, IPC_RMID, NULL));
    at[11] = 1;
    call(shmdt(at));
    call(shmdt(at));
    call(shmat(segment, NULL, 0) == (void *)-1 ? -1 : 0);
}

static int state_main(void) {
    sigset_t mask, pending;
    struct sigaction a, b;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    sigaction(SIGUSR1, NULL, &a);
    sigaction(SIGUSR2, NULL, &b);
    mode_t u = umask(0);
    char cwd[4096];
    show("blocked %d pending %d ignored %d default %d alarm %d umask %o nice %d cwd %s", sigismember(&mask, SIGUSR1),
        sigismember(&pending, SIGTERM), a.sa_handler == SIG_IGN, b.sa_handler == SIG_DFL, alarm(0) > 0, u,
        getpriority(PRIO_PROCESS, 0), getcwd(cwd, sizeof cwd));
    show("descriptors %d %d %d", fcntl(3, F_GETFD), fcntl(4, F_GETFD), fcntl(5, F_GETFD));
    return 0;
}
static int args_main(int c, char **v) {
    for (int i = 0; i < c; i++) {
        // Names of files differ; where the names stand does not.
        const char *base = strrchr(v[i], '/');
        printf("[%s]", base ? (base[1] == 's' ? "script" : base[1] == 'o' ? "other" : "program") : v[i]);
    }
    int n = 0;
    while (environ[n]) n++;
    show(" %s", n < 2 ? "env" : "more");
    if (getenv("MYPID")) show("same process %d", atoi(getenv("MYPID")) == getpid());
    char name[32] = "", line[4096];
    int fd = open("/proc/self/comm", O_RDONLY);
    read(fd, name, sizeof name);
    close(fd);
    fd = open("/proc/self/cmdline", O_RDONLY);
    ssize_t size = read(fd, line, sizeof line), wanted = 0;
    for (int i = 0; i < c; i++) wanted += (ssize_t)strlen(v[i]) + 1;
    show("comm %s cmdline %d", name[0] == 's' ? "script" : name[0] == 'o' ? "other" : name[0] == 'p' ? "program" : name, size == wanted);
    return 0;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOFBF, 65536);
    for (int i = 1; i < argc && i < 3; i++) {
        if (!strncmp(argv[i], "--args", 6)) return args_main(argc, argv);
        if (!strcmp(argv[i], "--exit")) return 9;
        if (!strcmp(argv[i], "--sleep")) { sleep(60); return 0; }
        if (!strcmp(argv[i], "--state")) return state_main();
        if (!strcmp(argv[i], "--descriptors")) { show("open %d %d %d", fcntl(0, F_GETFD), fcntl(1, F_GETFD), fcntl(2, F_GETFD)); return 0; }
        if (!strcmp(argv[i], "--sizes")) { show("sizes %d %zu", argc, strlen(argv[argc - 1])); return 0; }
    }
    if (argc < 2) { show("argc %d", argc); return argc ? 1 : 0; }
    realpath(argv[1], self);
    struct { const char *name; void (*body)(void); } parts[] = {
        {"waits", waits}, {"reaping", reaping}, {"deathsig", deathsig}, {"execs", execs}, {"groups", groups},
        {"signals", signals}, {"limits", limits}, {"options", options}, {"ipc", ipc},
    };
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        show("== %s", parts[i].name);
        int s;
        waitpid(child(parts[i].body), &s, 0);
        status(parts[i].name, s);
    }
    return 0;
}
