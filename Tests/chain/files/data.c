#include "transcript.h"

static int locked(int f, short type, int cmd) {
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    return fcntl(f, cmd, &l);
}
static int asked(int f, short type) {
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    return fcntl(f, F_GETLK, &l) < 0 ? -1 : l.l_type;
}

/// Reads events when so many bytes of them are there: some come in their own time. Before that nothing is read, since an
/// event is left out only when one like it has not been read yet.
static ssize_t events(int n, char *buffer, size_t size, size_t expected) {
    int there = 0;
    for (int i = 0; i < 6000 && there < (int)expected; i++) {
        usleep(10000);
        if (ioctl(n, FIONREAD, &there) < 0) there = 0;
    }
    return read(n, buffer, size);
}

void data(void) {
    SECTION("locks");
    DO(mkdir("/l", 0755));
    DO(chdir("/l"));
    put("f", "0123456789");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    T(flock(a, LOCK_EX));
    T(flock(b, LOCK_EX | LOCK_NB));
    T(flock(b, LOCK_SH | LOCK_NB));
    T(flock(a, LOCK_SH));
    T(flock(b, LOCK_SH | LOCK_NB));
    T(flock(a, LOCK_UN));
    T(flock(b, LOCK_UN));
    T(flock(a, 99));
    T(locked(a, F_WRLCK, F_SETLK));
    T(asked(b, F_WRLCK));
    AS(0, 0, {
        int c = open("f", O_RDWR);
        T(asked(c, F_WRLCK));
        T(locked(c, F_WRLCK, F_SETLK));
        T(locked(c, F_RDLCK, F_SETLK));
    });
    int c = open("f", O_RDWR);
    close(c);
    AS(0, 0, {
        int c = open("f", O_RDWR);
        T(locked(c, F_WRLCK, F_SETLK));
    });
    T(locked(a, F_WRLCK, F_OFD_SETLK));
    T(locked(b, F_WRLCK, F_OFD_SETLK));
    T(locked(b, F_RDLCK, F_OFD_SETLK));
    T(locked(a, F_UNLCK, F_OFD_SETLK));
    T(locked(b, F_RDLCK, F_OFD_SETLK));
    close(b);
    T(lockf(a, F_LOCK, 0));
    T(lockf(a, F_ULOCK, 0));
    close(a);
    a = open("f", O_RDONLY);
    T(locked(a, F_WRLCK, F_SETLK));
    T(locked(a, F_RDLCK, F_SETLK));
    T(fcntl(a, F_SETLEASE, F_RDLCK));
    T(fcntl(a, F_GETLEASE));
    T(fcntl(a, F_SETLEASE, F_UNLCK));
    T(fcntl(a, F_GETLEASE));
    close(a);
    // Two names, one file: locks meet.
    DO(link("f", "f2"));
    a = open("f", O_RDWR);
    b = open("f2", O_RDWR);
    T(flock(a, LOCK_EX));
    T(flock(b, LOCK_EX | LOCK_NB));
    close(a);
    close(b);
    SECTION("inotify");
    DO(mkdir("watched", 0755));
    int n = inotify_init1(IN_NONBLOCK);
    T(n >= 0);
    T(inotify_add_watch(n, "watched", IN_ALL_EVENTS) > 0);
    T(inotify_add_watch(n, "none", IN_CREATE));
    T(inotify_add_watch(n, "f", IN_ONLYDIR | IN_CREATE));
    put("watched/a", "x");
    DO(rename("watched/a", "watched/b"));
    DO(chmod("watched/b", 0600));
    DO(mkdir("watched/sub", 0700));
    DO(rmdir("watched/sub"));
    DO(unlink("watched/b"));
    char buffer[8192];
    ssize_t got = read(n, buffer, sizeof buffer);
    for (ssize_t i = 0; i < got;) {
        struct inotify_event *e = (void *)(buffer + i);
        printf("%x %s %d\n", e->mask, e->len ? e->name : "", e->cookie ? 1 : 0);
        i += sizeof *e + e->len;
    }
    T(inotify_rm_watch(n, 1));
    T(inotify_rm_watch(n, 77));
    got = read(n, buffer, sizeof buffer);
    T(got > 0);
    T(inotify_add_watch(n, "f", IN_MODIFY | IN_CLOSE_WRITE) > 0);
    put("f", "again");
    got = events(n, buffer, sizeof buffer, 2 * sizeof(struct inotify_event));
    for (ssize_t i = 0; i < got;) {
        struct inotify_event *e = (void *)(buffer + i);
        printf("%x\n", e->mask);
        i += sizeof *e + e->len;
    }
    // A folder that is worked in tells of its own end, too.
    DO(mkdir("watched/busy", 0755));
    T(inotify_add_watch(n, "watched/busy", IN_DELETE | IN_DELETE_SELF) > 0);
    for (int i = 0; i < 5; i++) {
        put("watched/busy/x", "x");
        DO(chmod("watched/busy/x", 0640));
        DO(unlink("watched/busy/x"));
    }
    DO(rmdir("watched/busy"));
    got = events(n, buffer, sizeof buffer, 3 * sizeof(struct inotify_event) + 16);
    for (ssize_t i = 0; i < got;) {
        struct inotify_event *e = (void *)(buffer + i);
        printf("%x %s\n", e->mask, e->len ? e->name : "");
        i += sizeof *e + e->len;
    }
    close(n);
    SECTION("space");
    a = open("s", O_CREAT | O_RDWR, 0600);
    T(fallocate(a, 0, 0, 8192));
    struct stat s;
    fstat(a, &s);
    T(s.st_size);
    T(fallocate(a, FALLOC_FL_KEEP_SIZE, 0, 65536));
    fstat(a, &s);
    T(s.st_size);
    T(pwrite(a, "data", 4, 4096));
    T(fallocate(a, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
    T(pread(a, text, 4, 4096));
    T(text[0]);
    T(fallocate(a, 0, -1, 10));
    T(fallocate(a, 0, 0, 0));
    T(posix_fallocate(a, 0, 100));
    T(posix_fadvise(a, 0, 0, POSIX_FADV_DONTNEED));
    T(sync_file_range(a, 0, 0, 0));
    T(fdatasync(a));
    T(ftruncate(a, 1 << 20));
    T(lseek(a, 0, SEEK_END));
    T(lseek(a, 1 << 19, SEEK_DATA));
    T(lseek(a, 1 << 21, SEEK_HOLE));
    close(a);
    T(truncate("s", 3));
    show("s");
    SECTION("copying");
    put("in", "the quick brown fox");
    a = open("in", O_RDONLY);
    b = open("out", O_CREAT | O_RDWR | O_TRUNC, 0600);
    T(copy_file_range(a, 0, b, 0, 9, 0));
    T(sendfile(b, a, 0, 100));
    cat("out");
    off_t off = 4;
    T(sendfile(b, a, &off, 5));
    T(off);
    cat("out");
    int p[2];
    DO(pipe(p));
    off = 0;
    T(splice(a, &off, p[1], 0, 9, 0));
    T(splice(p[0], 0, b, 0, 9, 0));
    cat("out");
    T(copy_file_range(a, 0, a, 0, 5, 0) < 0);
    loff_t z = 0;
    T(splice(a, &z, b, 0, 5, 0));
    int r = open("/t/read-me", O_RDONLY);
    T(copy_file_range(r, 0, b, 0, 100, 0) >= 0);
    close(r);
    close(a);
    close(b);
    close(p[0]);
    close(p[1]);
    SECTION("mapping");
    a = open("m", O_CREAT | O_RDWR, 0600);
    DO(ftruncate(a, 4096));
    char *m = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0);
    T(m != MAP_FAILED);
    strcpy(m, "mapped");
    T(msync(m, 4096, MS_SYNC));
    cat("m");
    munmap(m, 4096);
    close(a);
    a = open("/t/read-me", O_RDONLY);
    m = mmap(0, 4096, PROT_READ, MAP_PRIVATE, a, 0);
    T(m != MAP_FAILED);
    T(mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, a, 0) == MAP_FAILED);
    close(a);
    SECTION("unlinked");
    a = open("gone", O_CREAT | O_RDWR, 0600);
    DO(write(a, "still", 5));
    T(unlink("gone"));
    fstat(a, &s);
    T(s.st_nlink);
    T(fchmod(a, 0640));
    T(fchown(a, 3, 3));
    fstat(a, &s);
    T(s.st_mode & 07777);
    T(s.st_uid);
    T(ftruncate(a, 2));
    T(pread(a, text, 10, 0));
    char proc[64];
    sprintf(proc, "/proc/self/fd/%d", a);
    ssize_t k = readlink(proc, text, 100);
    text[k < 0 ? 0 : k] = 0;
    printf("%s\n", text);
    F(open(proc, O_RDWR));
    T(fsetxattr(a, "user.x", "1", 1, 0));
    T(fgetxattr(a, "user.x", text, 5));
    T(futimens(a, 0));
    T(linkat(AT_FDCWD, proc, AT_FDCWD, "back", AT_SYMLINK_FOLLOW));
    close(a);
    a = open("/t/read-me", O_RDONLY);
    T(unlink("/t/read-me"));
    T(read(a, text, 100));
    fstat(a, &s);
    T(s.st_nlink);
    close(a);
    show("/t/read-me");
    SECTION("sockets in folders");
    struct sockaddr_un u = {.sun_family = AF_UNIX, .sun_path = "sock"};
    a = socket(AF_UNIX, SOCK_STREAM, 0);
    T(bind(a, (void *)&u, sizeof u));
    show("sock");
    T(listen(a, 5));
    b = socket(AF_UNIX, SOCK_STREAM, 0);
    T(connect(b, (void *)&u, sizeof u));
    c = accept(a, 0, 0);
    T(c >= 0);
    T(write(b, "hi", 2));
    T(read(c, text, 10));
    socklen_t len = sizeof u;
    T(getpeername(b, (void *)&u, &len));
    printf("%s\n", u.sun_path);
    len = sizeof u;
    T(getsockname(a, (void *)&u, &len));
    T(len);
    strcpy(u.sun_path, "sock");
    int dd = socket(AF_UNIX, SOCK_STREAM, 0);
    T(bind(dd, (void *)&u, sizeof u));
    T(unlink("sock"));
    T(connect(dd, (void *)&u, sizeof u));
    strcpy(u.sun_path, "f");
    T(connect(dd, (void *)&u, sizeof u));
    T(bind(dd, (void *)&u, sizeof u));
    T(chmod("sock2", 0700));
    list("/l");
}
