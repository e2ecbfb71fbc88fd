// One line on standard input names a case and a count; the answer is one line: nanoseconds of wall clock and of this
// process's processor time (and of its children's) for all of them. See calls.py.
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char path[4096], other[4096];
static int descriptor;

static long wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long processor(void) {
    struct timespec t;
    struct rusage children;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    getrusage(RUSAGE_CHILDREN, &children);
    return t.tv_sec * 1000000000L + t.tv_nsec + (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000000L +
           (children.ru_utime.tv_usec + children.ru_stime.tv_usec) * 1000L;
}

static void must(int ok, const char *what) {
    if (ok) return;
    perror(what);
    exit(1);
}

/// A file of the layer that nobody named before: /files/GENERATION/FOLDER/FILE.
static void fresh(int i) {
    static int generation = -1;
    if (i == 0) generation++;
    snprintf(path, sizeof path, "/files/%d/%d/%d", generation, i / 50, i % 50);
}

static void getppid_(int i) { (void)i; syscall(SYS_getppid); }
static void stat_warm(int i) { struct stat s; (void)i; must(stat("/files/warm", &s) == 0, "stat"); }
static void stat_cold(int i) { struct stat s; fresh(i); must(stat(path, &s) == 0, path); }
static void stat_missing(int i) { struct stat s; (void)i; must(stat("/files/missing", &s) < 0, "missing"); }
static void stat_deep(int i) { struct stat s; (void)i; must(stat("/files/a/b/c/d/e/f", &s) == 0, "stat"); }
static void fstat_(int i) { struct stat s; (void)i; must(fstat(descriptor, &s) == 0, "fstat"); }
static void access_(int i) { (void)i; must(access("/files/warm", R_OK) == 0, "access"); }
static void readlink_(int i) { (void)i; must(readlink("/files/link", other, 100) > 0, "readlink"); }
static void getcwd_(int i) { (void)i; must(syscall(SYS_getcwd, other, sizeof other) > 0, "getcwd"); }
static void open_warm(int i) {
    (void)i;
    int fd = open("/files/warm", O_RDONLY);
    must(fd >= 0, "open");
    close(fd);
}
static void open_cold(int i) {
    fresh(i);
    int fd = open(path, O_RDONLY);
    must(fd >= 0, path);
    close(fd);
}
static void open_folder(int i) {
    (void)i;
    int fd = open("/files", O_RDONLY | O_DIRECTORY);
    must(fd >= 0, "open folder");
    close(fd);
}
static void create(int i) {
    snprintf(path, sizeof path, "/tmp/c%d", i);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);
    must(fd >= 0, path);
    close(fd);
    must(unlink(path) == 0, "unlink");
}
static void create_rename(int i) {
    snprintf(path, sizeof path, "/tmp/r%d", i);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    must(fd >= 0, path);
    close(fd);
    must(rename(path, "/tmp/renamed") == 0, "rename");
}
static void folder(int i) {
    snprintf(path, sizeof path, "/tmp/d%d", i);
    must(mkdir(path, 0755) == 0, path);
    must(rmdir(path) == 0, "rmdir");
}
static void fork_(int i) {
    (void)i;
    pid_t child = fork();
    must(child >= 0, "fork");
    if (!child) _exit(0);
    waitpid(child, NULL, 0);
}
static void fork_exec(int i) {
    (void)i;
    pid_t child = vfork();
    must(child >= 0, "fork");
    if (!child) {
        execl("/calls", "calls", "exit", NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
}

// Bandwidth: blocks of 64 KiB of a file of 64 MiB that the page cache holds.
enum { block = 64 << 10, blocks = 1024 };
static char buffer[block];

/// The file, written whole when it is first asked for.
static int data(void) {
    static int fd = -1;
    if (fd >= 0) return fd;
    fd = open("/tmp/data", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0, "/tmp/data");
    for (int i = 0; i < blocks; i++) must(write(fd, buffer, block) == block, "write");
    return fd;
}
static void read_block(int i) {
    must(pread(data(), buffer, block, (off_t)(i % blocks) * block) == block, "read");
}
static void write_block(int i) {
    must(pwrite(data(), buffer, block, (off_t)(i % blocks) * block) == block, "write");
}
/// Mapped, each page touched, and unmapped.
static void map_block(int i) {
    char *pages = mmap(NULL, block, PROT_READ, MAP_SHARED, data(), (off_t)(i % blocks) * block);
    must(pages != MAP_FAILED, "mmap");
    for (int at = 0; at < block; at += 4096) (void)*(volatile char *)(pages + at);
    must(munmap(pages, block) == 0, "munmap");
}

static const struct {
    const char *name;
    void (*body)(int);
} cases[] = {
    {"getppid", getppid_}, {"stat warm", stat_warm}, {"stat cold", stat_cold}, {"stat missing", stat_missing},
    {"stat deep", stat_deep}, {"fstat", fstat_}, {"access", access_}, {"readlink", readlink_}, {"getcwd", getcwd_},
    {"open+close", open_warm}, {"open+close cold", open_cold}, {"open+close folder", open_folder},
    {"create+unlink", create}, {"create+rename", create_rename}, {"mkdir+rmdir", folder}, {"fork", fork_},
    {"fork+exec", fork_exec}, {"read 64k", read_block}, {"write 64k", write_block}, {"mmap 64k", map_block},
};

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "exit")) return 0;
    descriptor = open("/files/warm", O_RDONLY);
    must(descriptor >= 0, "/files/warm");
    char line[100];
    while (fgets(line, sizeof line, stdin)) {
        char *end;
        int count = (int)strtol(line, &end, 10);
        end += strspn(end, " ");
        end[strcspn(end, "\n")] = 0;
        for (unsigned c = 0; c < sizeof cases / sizeof *cases; c++) {
            if (strcmp(cases[c].name, end)) continue;
            long start = wall(), used = processor();
            for (int i = 0; i < count; i++) cases[c].body(i);
            printf("%ld %ld\n", wall() - start, processor() - used);
            fflush(stdout);
        }
    }
}
