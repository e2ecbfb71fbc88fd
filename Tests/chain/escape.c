// Attempts to get out of a container: `escape NAME ARGUMENT...` tries one and prints what came of it, a line each.
// Built statically, so that it needs nothing of the container's root.
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static const char *name_of(int error) {
    return error ? strerrorname_np(error) : "0";
}

/// Prints an attempt's name and its error's, or "0" when it succeeded.
static void tell(const char *what, long result) { printf("%s %s\n", what, result < 0 ? name_of(errno) : "0"); }

static socklen_t unix_name(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (path[0] == '@') {
        strcpy(address->sun_path + 1, path + 1);
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    strcpy(address->sun_path, path);
    return sizeof *address;
}

static ssize_t send_message(int fd, const char *path, const char *text, int many) {
    struct sockaddr_un address;
    struct iovec iov = {(void *)text, strlen(text)};
    struct mmsghdr message = {.msg_hdr = {
        .msg_name = &address, .msg_namelen = unix_name(&address, path), .msg_iov = &iov, .msg_iovlen = 1}};
    return many ? sendmmsg(fd, &message, 1, 0) : sendmsg(fd, &message.msg_hdr, 0);
}

/// Datagrams to a path of the host's, by every kind of socket and call. ARGUMENT: the path.
static void datagrams(char **arguments) {
    struct sockaddr_un address;
    socklen_t length = unix_name(&address, arguments[0]);
    for (int type = SOCK_DGRAM; type <= SOCK_RAW; type++) {
        int fd = socket(AF_UNIX, type, 0), pair[2];
        tell("sendmsg", send_message(fd, arguments[0], "sendmsg", 0));
        tell("sendmmsg", send_message(fd, arguments[0], "sendmmsg", 1));
        tell("sendto", sendto(fd, "sendto", 6, 0, (void *)&address, length));
        tell("connect", connect(fd, (void *)&address, length));
        tell("write", write(fd, "write", 5));
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0) tell("socketpair", -1);
        send_message(pair[0], arguments[0], "pair", 0);
        send_message(pair[1], arguments[0], "pair", 1);
        tell("pair sendto", sendto(pair[0], "sendto", 6, 0, (void *)&address, length));
        struct sockaddr_un own;
        char path[32];
        sprintf(path, "/tmp/own%d", type);
        socklen_t own_length = unix_name(&own, path);
        fd = socket(AF_UNIX, type, 0);
        tell("bind", bind(fd, (void *)&own, own_length));
        send_message(fd, arguments[0], "bound", 0);
        tell("connect own", connect(fd, (void *)&own, own_length));
        send_message(fd, arguments[0], "connected", 0);
        send_message(fd, arguments[0], "connected", 1);
    }
}

static const struct {
    const char *name;
    void (*attempt)(char **arguments);
} attempts[] = {
    {"datagrams", datagrams},
};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof *attempts; i++)
        if (!strcmp(attempts[i].name, argv[1])) {
            attempts[i].attempt(argv + 2);
            return 0;
        }
    fprintf(stderr, "no attempt %s\n", argc > 1 ? argv[1] : "");
    return 64;
}
