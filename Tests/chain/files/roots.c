#include "transcript.h"

void roots(void) {
    SECTION("working folder and root");
    DO(mkdir("/c", 0755));
    DO(mkdir("/c/in", 0755));
    DO(mkdir("/c/in/deep", 0755));
    put("/c/in/f", "inner");
    DO(chdir("/c"));
    T(chdir("in/f"));
    T(chdir("none"));
    T(chdir(""));
    T(chdir("in"));
    T(syscall(SYS_getcwd, text, 100));
    printf("%s\n", text);
    AS(0, 0, {
        T(chroot("/c/in/f"));
        T(chroot("/c/in"));
        T(chdir("/"));
        T(syscall(SYS_getcwd, text, 100));
        printf("%s\n", text);
        cat("/f");
        cat("/../../f");
        show("/t");
        T(chdir(".."));
        cat("f");
        DO(symlink("/f", "/abs"));
        cat("/abs");
        T(chroot("deep"));
        T(chdir(".."));
        cat("f");
    });
    T(syscall(SYS_getcwd, text, 100));
    printf("%s\n", text);
}
