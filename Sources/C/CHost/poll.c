#include "CHost.h"
#include <errno.h>
#include <sys/epoll.h>

int ukh_poll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int ukh_poll_arm(int poller, int fd, int for_writing, uint64_t token) {
    struct epoll_event event = {.events = (for_writing ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT, .data = {.u64 = token}};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void ukh_poll_forget(int poller, int fd) { epoll_ctl(poller, EPOLL_CTL_DEL, fd, 0); }

int ukh_poll_wait(int poller, uint64_t *tokens, int count) {
    struct epoll_event events[64];
    int ready = epoll_wait(poller, events, count < 64 ? count : 64, -1);
    for (int i = 0; i < ready; i++) tokens[i] = events[i].data.u64;
    return ready < 0 ? -errno : ready;
}
