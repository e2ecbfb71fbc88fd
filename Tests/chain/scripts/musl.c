// What a program of musl's C library does at its start and with its threads, processes, names and files.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static __thread int own = 7;
static sem_t *shared;
static volatile sig_atomic_t seen;

static void *work(void *number) {
    own += (long)number;
    for (int i = 0; i < 100; i++) free(malloc(1000 + i));
    sem_post(shared);
    return (void *)(long)own;
}

static void handle(int number) { seen += number; }

int main(int count, char **arguments) {
    if (count > 1) return printf("again %s %s\n", arguments[1], getenv("V") ?: "unset"), 5;
    shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(shared, 1, 0);
    pthread_t threads[20];
    long sum = 0;
    for (long i = 0; i < 20; i++) pthread_create(&threads[i], 0, work, (void *)i);
    for (int i = 0; i < 20; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    int posted;
    sem_getvalue(shared, &posted);
    printf("threads %ld %d %d\n", sum, posted, own);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) sem_post(shared), _exit(3);
    int status;
    waitpid(child, &status, 0);
    sem_getvalue(shared, &posted);
    printf("fork %d %d\n", WEXITSTATUS(status), posted);
    fflush(stdout);
    char *environment[] = {"V=value", 0}, *command[] = {arguments[0], "one", 0};
    posix_spawn(&child, "/proc/self/exe", 0, 0, command, environment);
    waitpid(child, &status, 0);
    printf("spawn %d\n", WEXITSTATUS(status));
    FILE *pipe = popen("echo from a shell; exit 2", "r");
    char line[100];
    printf("popen %s", fgets(line, sizeof line, pipe));
    printf("pclose %d\n", WEXITSTATUS(pclose(pipe)));
    printf("system %d\n", WEXITSTATUS(system("exit 9")));
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
    sigaltstack(&(stack_t){.ss_sp = malloc(65536), .ss_size = 65536}, 0);
    sigaction(SIGUSR1, &action, 0);
    raise(SIGUSR1), pthread_kill(pthread_self(), SIGUSR1), kill(getpid(), SIGUSR1);
    printf("signals %d\n", seen / SIGUSR1);
    char *name = strdup("/tmp/musl-XXXXXX");
    int file = mkstemp(name);
    dprintf(file, "%s %lc", "text", L'\u00e9');
    struct stat s;
    fstat(file, &s);
    printf("file %lld %o\n", (long long)s.st_size, s.st_mode);
    unlink(name);
    DIR *folder = opendir("/proc/self/fd");
    int entries = 0;
    while (readdir(folder)) entries++;
    printf("descriptors %d\n", entries > 4);
    struct passwd *user = getpwuid(0);
    printf("user %s\n", user ? user->pw_name : "none");
    struct addrinfo *address = 0;
    printf("address %d\n", getaddrinfo("127.0.0.1", "80", 0, &address));
    printf("library %s\n", dlopen(0, RTLD_NOW) ? "open" : dlerror());
    printf("vector %d %ld\n", getauxval(AT_PAGESZ) == 4096, getauxval(AT_SECURE));
    errno = 0;
    execl("/none", "none", (char *)0);
    printf("exec %s\n", strerror(errno));
    printf("sleep %d\n", nanosleep(&(struct timespec){0, 1000000}, 0));
    printf("realpath %s\n", realpath("/proc/self/../..", line));
    return 0;
}
