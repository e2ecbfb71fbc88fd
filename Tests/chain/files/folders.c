#include "transcript.h"

void folders(void) {
    SECTION("readdir");
    DO(mkdir("/d", 0755));
    DO(chdir("/d"));
    DO(mkdir("many", 0755));
    char name[300];
    for (int i = 0; i < 1500; i++) {
        sprintf(name, "many/file-with-a-longer-name-%d", i);
        int f = open(name, O_CREAT | O_WRONLY, 0600);
        if (f < 0) printf("! %s\n", strerrorname_np(errno));
        close(f);
    }
    for (int round = 0; round < 2; round++) {
        const char *path = round ? "/t/many" : "many";
        DIR *d = opendir(path);
        struct dirent *e;
        int n = 0;
        long at[4000];
        char first[4000][64];
        while ((e = readdir(d))) {
            strncpy(first[n], e->d_name, 63);
            at[n++] = telldir(d);
        }
        printf("%s: %d entries\n", path, n);
        rewinddir(d);
        int m = 0;
        while ((e = readdir(d))) m++;
        T(m == n);
        int same = 1;
        for (int i = 10; i + 1 < n; i += n / 7) {
            seekdir(d, at[i]);
            e = readdir(d);
            if (!e || strcmp(e->d_name, first[i + 1])) same = 0;
        }
        T(same);
        // Removal and creation while reading.
        rewinddir(d);
        int removed = 0;
        while ((e = readdir(d)))
            if (e->d_name[0] != '.') {
                if (unlinkat(dirfd(d), e->d_name, 0) == 0) removed++;
            }
        printf("removed %d\n", removed);
        rewinddir(d);
        m = 0;
        while ((e = readdir(d))) m++;
        T(m);
        closedir(d);
        T(rmdir(path));
    }
    DO(mkdir("grow", 0755));
    DIR *d = opendir("grow");
    put("grow/a", "a");
    int m = 0;
    while (readdir(d)) m++;
    T(m);
    put("grow/b", "b");
    rewinddir(d);
    m = 0;
    while (readdir(d)) m++;
    T(m);
    closedir(d);
    list("grow");
    int g = open("grow", O_RDONLY);
    T(syscall(SYS_getdents64, g, text, 10));
    T(syscall(SYS_getdents64, g, 8, 1000));
    T(lseek(g, 0, SEEK_END) >= 0);
    close(g);
    list("/t/merged");
    list("/t/types");
    d = opendir("/t/merged");
    put("/t/merged/while-open", "x");
    m = 0;
    rewinddir(d);
    struct dirent *e;
    while ((e = readdir(d)))
        if (!strcmp(e->d_name, "while-open")) m++;
    T(m);
    T(unlink("/t/merged/while-open"));
    rewinddir(d);
    m = 0;
    while ((e = readdir(d)))
        if (!strcmp(e->d_name, "while-open")) m++;
    T(m);
    closedir(d);
    SECTION("nested counts");
    DO(mkdir("n", 0755));
    DO(mkdir("n/1", 0755));
    DO(mkdir("n/2", 0755));
    list("n");
    T(rmdir("n"));
    T(rmdir("n/1"));
    T(rmdir("n/2"));
    T(rmdir("n"));
}
