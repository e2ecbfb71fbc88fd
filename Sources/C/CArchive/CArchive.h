#include <archive.h>
#include <archive_entry.h>
#include <sys/xattr.h>

// glibc shows it only with _GNU_SOURCE, which Swift does not set.
int syncfs(int fd);
