// Two threads that wake each other run on one processor meanwhile.
//
// Linux wakes who is to install a descriptor, and who is let go by a tracer, wherever a processor is idle, while the one that
// woke him goes to sleep: that takes an interrupt to the other processor and back, five times what the two have to do.
// Only an answer, and a call, can be told to stay where they are (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP). Where no processor
// is idle, or one is woken at once, to meet is work for nothing: so now and then it is tried without.
#define _GNU_SOURCE 1
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CKernel.h"

static __thread struct {
    /// 0: nobody.
    pid_t other;
    cpu_set_t own, others;
    /// Whether `own` is all that this thread may have, and not what somebody wanted it to have; once that is known.
    int is_known, is_all;
} meeting;

static int get(pid_t thread, cpu_set_t *set) {
    memset(set, 0, sizeof *set);
    return syscall(SYS_sched_getaffinity, thread, sizeof *set, set) < 0 ? -1 : 0;
}

static int set(pid_t thread, const cpu_set_t *set) {
    return syscall(SYS_sched_setaffinity, thread, sizeof *set, set) < 0 ? -1 : 0;
}

/// Gives a thread its processors back. Who had all there are gets those as well that there will be.
static void give_back(pid_t thread, const cpu_set_t *had) {
    cpu_set_t all;
    memset(&all, 0xFF, sizeof all);
    set(thread, meeting.is_all && CPU_EQUAL(had, &meeting.own) ? &all : had);
}

/// What it took to hand a descriptor over, in nanoseconds: the last few times, not met and met. To begin with, guesses.
static __thread uint32_t costs[2] = {30000, 10000};
static __thread unsigned turn;
enum { TRIED_EVERY = 64, MOST = 200000 };

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int ukk_meet_if_faster(pid_t other, uint64_t *begun) {
    *begun = 0;
    if (other <= 0 || meeting.other == other) return other > 0;
    // Who was not met is on another processor then, which costs as much again.
    int is_faster = costs[1] < costs[0] * 2;
    if (++turn % TRIED_EVERY == 0) is_faster = !is_faster;
    *begun = now();
    return is_faster && ukk_meet(other);
}

void ukk_took(int met, uint64_t begun) {
    if (!begun) return;
    uint64_t taken = now() - begun;
    costs[met] = (costs[met] + (uint32_t)(taken < MOST ? taken : MOST)) / 2;
}

int ukk_meet(pid_t other) {
    if (other > 0 && meeting.other == other) return 1;
    ukk_part();
    int processor = sched_getcpu();
    if (other <= 0 || processor < 0 || processor >= CPU_SETSIZE) return 0;
    if (get(0, &meeting.own) < 0 || CPU_COUNT(&meeting.own) < 2) return 0;
    if (!meeting.is_known) {
        cpu_set_t most;
        memset(&most, 0xFF, sizeof most);
        meeting.is_known = 1;
        meeting.is_all = set(0, &most) == 0 && get(0, &most) == 0 && CPU_EQUAL(&most, &meeting.own);
        if (!meeting.is_all) set(0, &meeting.own);
    }
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(processor, &here);
    if (get(other, &meeting.others) < 0 || !CPU_ISSET(processor, &meeting.others) || set(other, &here) < 0) return 0;
    meeting.other = other;
    set(0, &here);
    return 1;
}

void ukk_part(void) {
    if (!meeting.other) return;
    give_back(0, &meeting.own);
    give_back(meeting.other, &meeting.others);
    meeting.other = 0;
}
