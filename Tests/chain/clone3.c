// clone3(2) in all its forms. Prints what came of each, the same natively and inside.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
enum { STACK = 65536 };
static char stack[STACK] __attribute__((aligned(16)));

static void fail(const char *what) {
    printf("FAILED %s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

static int ended(pid_t pid) {
    int status;
    if (waitpid(pid, &status, __WALL) != pid) fail("waitpid");
    return status;
}

// MARK: Without the C library's help

/// All registers that a call keeps, before and after it. The child writes its own and ends.
struct registers {
    uint64_t rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15, rsp, xmm0, xmm15;
};

long call_with(struct arguments *arguments, size_t size, struct registers *before, struct registers *parent, struct registers *child);
// rdi and rsi are the call's own arguments. The child ends with 7 where it ran to the end of this.
__asm__(
    ".text\n.globl call_with\ncall_with:\n"
    "  push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "  push %r8\n push %rcx\n" // child at 8(%rsp), parent at (%rsp)
    "  mov %r8, child_place(%rip)\n mov %rcx, parent_place(%rip)\n"
    "  mov %rdi, (%rdx)\n mov %rsi, 8(%rdx)\n mov %rsp, 96(%rdx)\n"
    "  mov %rdx, %rax\n"
    "  mov 16(%rax), %rdx\n mov 24(%rax), %r10\n mov 32(%rax), %r8\n mov 40(%rax), %r9\n"
    "  mov 48(%rax), %rbx\n mov 56(%rax), %rbp\n mov 64(%rax), %r12\n mov 72(%rax), %r13\n mov 80(%rax), %r14\n"
    "  mov 88(%rax), %r15\n movq 104(%rax), %xmm0\n movq 112(%rax), %xmm15\n"
    "  movq $0x1234, -8(%rsp)\n" // below the stack pointer, where functions keep what is theirs
    "  mov $435, %eax\n"
    "  syscall\n"
    "  mov child_place(%rip), %rcx\n"
    "  test %rax, %rax\n"
    "  jz 1f\n"
    "  cmpq $0x1234, -8(%rsp)\n"
    "  jne 3f\n"
    "  mov parent_place(%rip), %rcx\n"
    "1:\n"
    "  mov %rdi, (%rcx)\n mov %rsi, 8(%rcx)\n mov %rdx, 16(%rcx)\n mov %r10, 24(%rcx)\n mov %r8, 32(%rcx)\n"
    "  mov %r9, 40(%rcx)\n mov %rbx, 48(%rcx)\n mov %rbp, 56(%rcx)\n mov %r12, 64(%rcx)\n mov %r13, 72(%rcx)\n"
    "  mov %r14, 80(%rcx)\n mov %r15, 88(%rcx)\n mov %rsp, 96(%rcx)\n movq %xmm0, 104(%rcx)\n movq %xmm15, 112(%rcx)\n"
    "  test %rax, %rax\n"
    "  jnz 2f\n"
    "  mov $7, %edi\n mov $60, %eax\n syscall\n" // exit: of a thread, or of a process of one
    "3:\n  ud2\n"
    "2:\n"
    "  pop %rcx\n pop %r8\n"
    "  pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "  ret\n"
    ".data\nchild_place: .quad 0\nparent_place: .quad 0\n.text\n");

static struct registers *shared;

static void registers(const char *what, struct arguments *arguments) {
    struct registers *before = &shared[0], *parent = &shared[1], *child = &shared[2];
    memset(shared, 0, 3 * sizeof *shared);
    uint64_t *fill = (uint64_t *)before;
    for (unsigned i = 0; i < sizeof *before / 8; i++) fill[i] = 0x0101010101010101ULL * (i + 1);
    volatile int tid = 1;
    if (arguments->flags & CLONE_THREAD) {
        arguments->flags |= CLONE_CHILD_CLEARTID;
        arguments->child_tid = (uint64_t)&tid;
    }
    long pid = call_with(arguments, sizeof *arguments, before, parent, child);
    if (pid <= 0) {
        errno = (int)-pid;
        fail(what);
    }
    if (arguments->flags & CLONE_THREAD) {
        while (tid) syscall(SYS_futex, &tid, FUTEX_WAIT, 1, 0, 0, 0);
    } else if (ended((pid_t)pid) != 7 << 8) {
        fail("a child's end");
    }
    if (memcmp(before, parent, sizeof *before)) fail("the parent's registers");
    if (arguments->stack) {
        if (child->rsp != arguments->stack + arguments->stack_size) fail("the child's stack");
        child->rsp = before->rsp;
    }
    for (unsigned i = 0; i < sizeof *before / 8; i++)
        if (((uint64_t *)before)[i] != ((uint64_t *)child)[i]) fail("the child's registers");
    printf("%s: registers kept\n", what);
}

static void all_registers(void) {
    struct { const char *name; uint64_t flags; int has_stack; } kinds[] = {
        {"fork", 0, 0},
        {"fork with a stack", 0, 1},
        {"vfork", CLONE_VM | CLONE_VFORK, 0},
        {"vfork with a stack", CLONE_VM | CLONE_VFORK, 1},
        {"vfork without shared memory", CLONE_VFORK, 0},
        {"a process in the same memory", CLONE_VM, 1},
        {"a thread", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, 1},
    };
    // More often than once, since the call's place may be another's by then.
    for (int round = 0; round < 3; round++)
        for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            struct arguments arguments = {.flags = kinds[i].flags};
            if (!(arguments.flags & CLONE_THREAD)) arguments.exit_signal = SIGCHLD;
            if (kinds[i].has_stack) {
                arguments.stack = (uint64_t)stack;
                arguments.stack_size = STACK;
            }
            registers(kinds[i].name, &arguments);
        }
}

// MARK: What the flags do

static long clone3(struct arguments *arguments, size_t size) { return syscall(SYS_clone3, arguments, size); }

static void on_signal(int signal) { (void)signal; }

static void flags(void) {
    int *numbers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct arguments arguments = {.exit_signal = SIGUSR1};
    signal(SIGUSR1, SIG_IGN);
    long pid = clone3(&arguments, sizeof arguments);
    if (pid == 0) _exit(3);
    if (waitpid((pid_t)pid, NULL, 0) != -1 || errno != ECHILD) printf("wait without __WALL finds it\n");
    printf("exit signal: %x\n", ended((pid_t)pid));

    for (int i = 0; i < 2; i++) {
        int pidfd = -1, parent_tid = -1;
        arguments = (struct arguments){
            .flags = CLONE_PIDFD | (i ? CLONE_PARENT_SETTID : 0), .pidfd = (uint64_t)&pidfd,
            .parent_tid = (uint64_t)&parent_tid, .exit_signal = SIGCHLD};
        pid = clone3(&arguments, sizeof arguments);
        if (pid == 0) pause();
        if (pid < 0) fail("pidfd");
        printf("pidfd: %d, number told: %d\n", pidfd >= 0, parent_tid == pid);
        if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0)) fail("pidfd_send_signal");
        printf("%x\n", ended((pid_t)pid));
        close(pidfd);
    }

    numbers[0] = numbers[1] = 0;
    arguments = (struct arguments){
        .flags = CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, .child_tid = (uint64_t)&numbers[0],
        .parent_tid = (uint64_t)&numbers[1], .exit_signal = SIGCHLD};
    pid = clone3(&arguments, sizeof arguments);
    if (pid == 0) _exit(numbers[0] != (int)syscall(SYS_gettid));
    printf("%x", ended((pid_t)pid));
    printf(" told to both: %d %d\n", numbers[0] == pid, numbers[1] == pid);

    for (int i = 0; i < 2; i++) {
        signal(SIGUSR1, on_signal);
        signal(SIGUSR2, SIG_IGN);
        arguments = (struct arguments){.flags = i ? 1ULL << 32 : 0, .exit_signal = SIGCHLD};
        pid = clone3(&arguments, sizeof arguments);
        if (pid == 0) {
            struct sigaction one, two;
            sigaction(SIGUSR1, NULL, &one);
            sigaction(SIGUSR2, NULL, &two);
            _exit((one.sa_handler == SIG_DFL) * 2 + (two.sa_handler == SIG_IGN));
        }
        printf("handlers: %x\n", ended((pid_t)pid));
        struct sigaction own;
        sigaction(SIGUSR1, NULL, &own);
        if (own.sa_handler != on_signal) printf("the parent has lost its handler\n");
    }

    // The oldest structure, and one from a future that asks for nothing new.
    pid = clone3(&(struct arguments){.exit_signal = SIGCHLD}, 64);
    if (pid == 0) _exit(5);
    printf("%x\n", ended((pid_t)pid));
    uint64_t future[32] = {[4] = SIGCHLD};
    pid = syscall(SYS_clone3, future, sizeof future);
    if (pid == 0) _exit(6);
    printf("%x\n", ended((pid_t)pid));
}

// MARK: What is refused

static void refused(const char *what, void *arguments, size_t size) {
    long pid = syscall(SYS_clone3, arguments, size);
    if (pid == 0) _exit(0);
    printf("%s: %s\n", what, pid < 0 ? strerror(errno) : "done");
    if (pid > 0) ended((pid_t)pid);
}

static void refusals(void) {
    struct arguments none = {0};
    char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(edge + 4096, 4096);
    refused("no memory", (void *)8, sizeof none);
    refused("null", NULL, sizeof none);
    refused("memory that ends", edge + 4096 - 64, sizeof none);
    refused("at the end of memory", edge + 4096 - 64, 64);
    refused("the kernel's memory", (void *)0xffffffff81000000, sizeof none);
    refused("too small", &none, 56);
    refused("too large", &none, 8192);
    uint64_t future[32] = {[20] = 1};
    refused("an unknown field", future, sizeof future);
#define WITH(...) refused(#__VA_ARGS__, &(struct arguments){__VA_ARGS__}, sizeof(struct arguments))
    WITH(.flags = 1ULL << 40, .exit_signal = SIGCHLD);
    WITH(.flags = SIGCHLD);
    WITH(.flags = 0x400000, .exit_signal = SIGCHLD);
    WITH(.exit_signal = 65);
    WITH(.exit_signal = 1ULL << 33);
    WITH(.flags = CLONE_VM | CLONE_SIGHAND | 1ULL << 32, .exit_signal = SIGCHLD);
    WITH(.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
    WITH(.flags = CLONE_THREAD | CLONE_VM);
    WITH(.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD);
    WITH(.flags = CLONE_PARENT, .exit_signal = SIGCHLD);
    WITH(.stack = 65536, .exit_signal = SIGCHLD);
    WITH(.stack_size = 65536, .exit_signal = SIGCHLD);
    WITH(.stack = 0xffffffff81000000, .stack_size = 65536, .exit_signal = SIGCHLD);
    WITH(.set_tid = (uint64_t)&none, .exit_signal = SIGCHLD);
    WITH(.set_tid_size = 1, .exit_signal = SIGCHLD);
    WITH(.set_tid = (uint64_t)&none, .set_tid_size = 33, .exit_signal = SIGCHLD);
    WITH(.flags = 1ULL << 33, .cgroup = 1ULL << 32, .exit_signal = SIGCHLD);
    WITH(.flags = 1ULL << 33, .cgroup = 999, .exit_signal = SIGCHLD);
    int number;
    WITH(.flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .pidfd = (uint64_t)&number, .parent_tid = (uint64_t)&number);
}

/// What a container has not got, whoever asks.
static void namespaces(void) {
    static const uint64_t kinds[] = {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
        CLONE_NEWNET, 0x80, CLONE_NEWUSER | CLONE_NEWPID};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) WITH(.flags = kinds[i], .exit_signal = SIGCHLD);
    int one = 4711;
    WITH(.set_tid = (uint64_t)&one, .set_tid_size = 1, .exit_signal = SIGCHLD);
}

/// Another thread changes the flags all the time: none of the children is in a namespace of its own.
static volatile int is_over;
static volatile struct arguments moving;
static void *mover(void *unused) {
    (void)unused;
    while (!is_over) {
        moving.flags = CLONE_NEWUSER;
        moving.flags = 0;
    }
    return NULL;
}

static void races(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, mover, NULL)) fail("pthread_create");
    char own[64] = "", its[64] = "";
    if (readlink("/proc/self/ns/user", own, 63) < 0) fail("readlink");
    int done = 0, refused = 0, pipes[2];
    if (pipe(pipes)) fail("pipe");
    while (done < 50 || refused < 50) {
        moving.exit_signal = SIGCHLD;
        long pid = clone3((struct arguments *)&moving, sizeof moving);
        if (pid == 0) {
            memset(its, 0, sizeof its);
            if (readlink("/proc/self/ns/user", its, 63) < 0) _exit(2);
            _exit(strcmp(own, its) != 0);
        }
        if (pid > 0) {
            done++;
            if (ended((pid_t)pid)) fail("a namespace");
        } else {
            refused++;
            if (errno != EPERM) fail("a refusal");
        }
    }
    is_over = 1;
    pthread_join(thread, NULL);
    printf("no namespace\n");
}

// MARK: The C library's

static void *thread_main(void *argument) {
    return (void *)((uintptr_t)argument * 2);
}
static int alarms;
/// Soon, and now and then only after a while: where a call takes longer than that, it is begun anew each time.
static void set_alarm(void) {
    struct itimerval once = {.it_value = {0, alarms % 10 == 9 ? 50000 : 500}};
    setitimer(ITIMER_REAL, &once, NULL);
}
static void on_alarm(int signal) {
    (void)signal;
    alarms++;
    set_alarm();
}

static void threads(void) {
    // Under a handler without SA_RESTART, too.
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    for (int often = 0; often < 2; often++) {
        if (often) set_alarm();
        for (int round = 0; round < 40; round++) {
            pthread_t threads[8];
            for (uintptr_t i = 0; i < 8; i++)
                if ((errno = pthread_create(&threads[i], NULL, thread_main, (void *)i))) fail("pthread_create");
            for (uintptr_t i = 0; i < 8; i++) {
                void *value;
                pthread_join(threads[i], &value);
                if ((uintptr_t)value != i * 2) fail("a thread's value");
            }
        }
    }
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    printf("320 threads twice, %s\n", alarms ? "alarms" : "no alarms");
}

static void *sleeper(void *unused) {
    (void)unused;
    pause();
    return NULL;
}

static void limit(void) {
    pthread_t thread;
    int count = 0, error;
    while (!(error = pthread_create(&thread, NULL, sleeper, NULL))) count++;
    printf("%d threads, then: %s\n", count, strerror(error));
}

int main(int argc, char **argv) {
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "registers")) all_registers();
    else if (!strcmp(what, "flags")) flags();
    else if (!strcmp(what, "refusals")) refusals();
    else if (!strcmp(what, "namespaces")) namespaces();
    else if (!strcmp(what, "races")) races();
    else if (!strcmp(what, "threads")) threads();
    else if (!strcmp(what, "limit")) limit();
    else return 2;
    return 0;
}
