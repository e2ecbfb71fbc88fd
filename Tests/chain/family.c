// Processes born and ended in every way, for three seconds: forks and double forks into sessions of their own, vforks, execs
// from threads, orphans of orphans, and parents that die before their children have made a call. Prints "done".
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleeper(const char *seconds) {
    execl("/bin/busybox", "sleep", seconds, NULL);
    _exit(127);
}

static void daemonise(int depth) {
    if (fork() != 0) {
        wait(NULL);
        return;
    }
    setsid();
    if (fork() == 0) {
        usleep(5000);
        if (depth > 0) daemonise(depth - 1);
        sleeper("0.1");
    }
    _exit(0);
}

static void *run(void *unused) {
    pid_t pid = vfork();
    if (pid == 0) sleeper("0.02");
    waitpid(pid, NULL, 0);
    return unused;
}

static void *execute(void *unused) {
    sleeper("0.02");
    return unused;
}

int main(int count, char **arguments) {
    time_t end = time(NULL) + 3;
    while (time(NULL) < end) {
        pthread_t threads[3];
        daemonise(2);
        for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, run, NULL);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
        pid_t pid = fork();
        if (pid == 0) {
            pthread_create(&threads[0], NULL, execute, NULL);
            pause();
        }
        waitpid(pid, NULL, 0);
        pid = fork();
        if (pid == 0)
            for (int i = 0; i < 20; i++) {
                if (fork() > 0) _exit(0);
                if (i % 5 == 0) close(open("/nowhere", 0));
            }
        waitpid(pid, NULL, 0);
        if (pid == 0) _exit(0);
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
    }
    printf("done\n");
    fflush(stdout);
    if (count > 1 && !strcmp(arguments[1], "stay")) pause();
    return 0;
}
