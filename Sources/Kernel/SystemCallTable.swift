import Glibc
import SystemPackage

/// What is done with every system call of x86-64 Linux. Calls that are not here answer ENOSYS, as do those of other
/// machines' tables (i386, x32).
package enum SystemCallTable {
    /// All rows, by number.
    package static let rows: [SystemCall] = (calls + FileCallTable.rows).sorted { $0.number < $1.number }

    private typealias Rule = SystemCall.Rule

    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let namespaceFlags: UInt32 = 0x7E02_0000

    /// ioctl(2) requests that speak of processes: TIOCGPGRP, TIOCSPGRP, TIOCGSID; TIOCSTI and TIOCLINUX type into terminals.
    /// So do FIOSETOWN and SIOCSPGRP. Requests to terminals (0x54), sockets (0x89), epoll (0x8A) and for filters (0x21)
    /// are native, as are those that look at files or clone them; what changes a file's flags or reaches a file system or
    /// device by another way is not: a descriptor for reading is enough for those, and layers are shared.
    private static let ioctlRules: [Rule] = [
        Rule(1, .isOne(of: [0x540F, 0x5410, 0x5429]), .handled(TerminalCalls.ioctl)),
        // STI, LINUX, CONS, SETD.
        Rule(1, .isOne(of: [0x5412, 0x541C, 0x541D, 0x5423, 0x8901, 0x8902]), .refused(.notPermitted)),
        Rule(1, .masked(0xFF00, isOneOf: [0x5400, 0x8900, 0x8A00, 0x2100]), .native),
        // FIGETBSZ, RNDGETENTCNT, FS_IOC_GETFLAGS, GETVERSION, FIEMAP, FSGETXATTR, FICLONE, FICLONERANGE, FIDEDUPERANGE.
        Rule(
            1,
            .isOne(of: [
                2, 0x8004_5200, 0x8008_6601, 0x8008_7601, 0xC020_660B, 0x801C_581F, 0x4004_9409, 0x4020_940D,
                0xC018_9436,
            ]), .native),
    ]

    /// fcntl(2): SETOWN, SETOWN_EX, SETLEASE; NOTIFY would watch folders of layers.
    private static let fcntlRules: [Rule] = [
        Rule(1, .isOne(of: [8, 15, 1024]), .handled(OwnerCalls.fcntl)),
        Rule(1, .isOne(of: [1026]), .refused(.invalidArgument)),
    ]
    /// Asking is native; ADDR_NO_RANDOMIZE is refused, as docker does it: an exec is known by its new addresses.
    private static let personalityRules: [Rule] = [
        Rule(0, .isOne(of: [UInt32.max]), .native), Rule(0, .hasBit(0x40000), .refused(.notPermitted)),
    ]
    private static let coreRule = [Rule(0, .isOne(of: [CoreLimit.resource]), .handled(CoreLimit.handler))]

    /// prctl(2) options, as in `linux/prctl.h`.
    private static let prctlRules: [Rule] = [
        // PDEATHSIG, UNALIGN, FPEMU, FPEXC, TIMING, NAME, ENDIAN, GET_SECCOMP, TSC, TIMERSLACK, MCE_KILL, CHILD_SUBREAPER,
        // TID_ADDRESS, THP_DISABLE, speculation, IO_FLUSHER, MDWE, auxv, VMA names.
        Rule(
            0,
            .isOne(of: [
                1, 2, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 25, 26, 29, 30, 33, 34, 36, 37, 40, 41, 42,
                52, 53, 57, 58, 65, 66, 0x41555856, 0x59616D61, 0x53564D41,
            ]), .native),
        // DUMPABLE, KEEPCAPS, SET_SECCOMP, CAPBSET, SECUREBITS, NO_NEW_PRIVS, CAP_AMBIENT, MM, user dispatch.
        Rule(0, .isOne(of: [3, 4, 7, 8, 22, 23, 24, 27, 28, 35, 38, 39, 47, 59]), .handled(IdentityCalls.prctl)),
    ]

    private static func datagramRule(_ handler: SystemCallHandler) -> Rule {
        Rule(0, .isWithin(DatagramTable.numbers), .handled(handler))
    }

    /// SOCK_DGRAM and SOCK_RAW, each with SOCK_NONBLOCK, SOCK_CLOEXEC, both, or none.
    private static let datagramTypes: [UInt32] = [2, 3].flatMap { [$0, $0 | 0x800, $0 | 0x80000, $0 | 0x80800] }

    /// A group's or user's (PRIO_PGRP, PRIO_USER) are the host's to the host: only the caller's own is native.
    private static let priorityRules: [Rule] = [
        Rule(0, .isOne(of: [1, 2]), .handled(SchedulingCalls.priority)), Rule(1, .isZero, .native),
    ]
    /// The same: IOPRIO_WHO_PGRP and IOPRIO_WHO_USER. A single process's or thread's is told by its number.
    private static let ioPriorityRules: [Rule] = [
        Rule(0, .isOne(of: [2, 3]), .handled(SchedulingCalls.diskPriority)), Rule(1, .isZero, .native),
    ]

    /// Calls about the caller itself that the answering code makes.
    static func inside(_ handler: SystemCallHandler) -> SystemCall.Action {
        .depends([Rule(0, .isAnsweringCode, .native)], otherwise: .handled(handler))
    }

    private static let calls: [SystemCall] = [
        SystemCall(0, "read", .native),
        SystemCall(1, "write", .native),
        SystemCall(3, "close", .native),
        SystemCall(7, "poll", .native),
        SystemCall(8, "lseek", .native),
        SystemCall(9, "mmap", .native),
        SystemCall(10, "mprotect", .native),
        SystemCall(11, "munmap", .native),
        SystemCall(12, "brk", .native),
        SystemCall(13, "rt_sigaction", .native),
        SystemCall(14, "rt_sigprocmask", .native),
        SystemCall(15, "rt_sigreturn", .handled(SignalReturn.sigreturn)),
        SystemCall(16, "ioctl", .depends(ioctlRules, otherwise: .refused(Errno(rawValue: ENOTTY)))),
        SystemCall(17, "pread64", .native),
        SystemCall(18, "pwrite64", .native),
        SystemCall(19, "readv", .native),
        SystemCall(20, "writev", .native),
        SystemCall(22, "pipe", .native),
        SystemCall(23, "select", .native),
        SystemCall(24, "sched_yield", .native),
        SystemCall(25, "mremap", .native),
        SystemCall(26, "msync", .native),
        SystemCall(27, "mincore", .native),
        SystemCall(28, "madvise", .native),
        SystemCall(29, "shmget", .handled(SysVCalls.shmget)),
        SystemCall(30, "shmat", .handled(SysVCalls.shm)),
        SystemCall(31, "shmctl", .handled(SysVCalls.shmctl)),
        SystemCall(32, "dup", .native),
        SystemCall(33, "dup2", .native),
        SystemCall(34, "pause", .native),
        SystemCall(35, "nanosleep", .native),
        SystemCall(36, "getitimer", .native),
        SystemCall(37, "alarm", .native),
        SystemCall(38, "setitimer", .native),
        SystemCall(39, "getpid", inside(PidCalls.getpid)),
        SystemCall(40, "sendfile", .native),
        SystemCall(41, "socket", .handled(SocketCalls.socket)),
        SystemCall(42, "connect", .handled(SocketCalls.connect)),
        SystemCall(43, "accept", .native),
        SystemCall(44, "sendto", .depends([Rule(4, .isZero, .native)], otherwise: .handled(DatagramCalls.sendto))),
        SystemCall(45, "recvfrom", .native),
        SystemCall(46, "sendmsg", .depends([datagramRule(DatagramCalls.sendmsg)], otherwise: .native)),
        SystemCall(47, "recvmsg", .native),
        SystemCall(48, "shutdown", .native),
        SystemCall(49, "bind", .handled(SocketCalls.bind)),
        SystemCall(50, "listen", .handled(SocketCalls.listen)),
        SystemCall(51, "getsockname", .handled(SocketCalls.getsockname)),
        SystemCall(52, "getpeername", .handled(SocketCalls.getpeername)),
        SystemCall(
            53, "socketpair",
            .depends(
                [
                    Rule(1, .isOne(of: datagramTypes), .handled(SocketCalls.socketpair)),
                    // No other family's module is to be loaded.
                    Rule(0, .isOne(of: [1]), .native),
                ], otherwise: .refused(.notSupportedOnSocket))),
        SystemCall(54, "setsockopt", .native),
        SystemCall(
            55, "getsockopt",
            .depends([Rule(2, .isOne(of: [3, 17]), .handled(SocketCalls.getsockopt))], otherwise: .native)),
        SystemCall(
            56, "clone",
            .depends(
                [Rule(0, .hasBit(namespaceFlags), .refused(.notPermitted))], otherwise: .handled(ProcessCalls.clone))),
        SystemCall(57, "fork", .handled(ProcessCalls.fork)),
        SystemCall(58, "vfork", .handled(ProcessCalls.fork)),
        SystemCall(59, "execve", .handled(ExecCalls.execve)),
        SystemCall(60, "exit", .handled(ProcessCalls.exit)),
        SystemCall(
            61, "wait4", .depends([Rule(2, .hasBit(0x4000_0000), .handled(TraceCalls.wait))], otherwise: .native)),
        SystemCall(62, "kill", .handled(SignalCalls.kill)),
        SystemCall(63, "uname", .handled(SystemCalls.uname)),
        SystemCall(64, "semget", .handled(SysVCalls.semget)),
        SystemCall(65, "semop", .handled(SysVCalls.sem)),
        SystemCall(66, "semctl", .handled(SysVCalls.semctl)),
        SystemCall(67, "shmdt", .native),
        SystemCall(68, "msgget", .handled(SysVCalls.msgget)),
        SystemCall(69, "msgsnd", .handled(SysVCalls.msg)),
        SystemCall(70, "msgrcv", .handled(SysVCalls.msg)),
        SystemCall(71, "msgctl", .handled(SysVCalls.msgctl)),
        SystemCall(72, "fcntl", .depends(fcntlRules, otherwise: .native)),
        SystemCall(73, "flock", .native),
        SystemCall(74, "fsync", .native),
        SystemCall(75, "fdatasync", .native),
        SystemCall(77, "ftruncate", .native),
        SystemCall(96, "gettimeofday", .native),
        SystemCall(97, "getrlimit", .depends(coreRule, otherwise: .native)),
        SystemCall(98, "getrusage", .native),
        SystemCall(99, "sysinfo", .native),
        SystemCall(100, "times", .native),
        SystemCall(101, "ptrace", .handled(TraceCalls.ptrace)),
        SystemCall(102, "getuid", .handled(IdentityCalls.getuid)),
        SystemCall(103, "syslog", .refused(.notPermitted)),
        SystemCall(104, "getgid", .handled(IdentityCalls.getgid)),
        SystemCall(105, "setuid", .handled(IdentityCalls.setuid)),
        SystemCall(106, "setgid", .handled(IdentityCalls.setgid)),
        SystemCall(107, "geteuid", .handled(IdentityCalls.geteuid)),
        SystemCall(108, "getegid", .handled(IdentityCalls.getegid)),
        SystemCall(109, "setpgid", .handled(PidCalls.setpgid)),
        SystemCall(110, "getppid", .handled(PidCalls.getppid)),
        SystemCall(111, "getpgrp", .handled(PidCalls.getpgrp)),
        SystemCall(112, "setsid", .native),
        SystemCall(113, "setreuid", .handled(IdentityCalls.setreuid)),
        SystemCall(114, "setregid", .handled(IdentityCalls.setregid)),
        SystemCall(115, "getgroups", .handled(IdentityCalls.getgroups)),
        SystemCall(116, "setgroups", .handled(IdentityCalls.setgroups)),
        SystemCall(117, "setresuid", .handled(IdentityCalls.setresuid)),
        SystemCall(118, "getresuid", .handled(IdentityCalls.getresuid)),
        SystemCall(119, "setresgid", .handled(IdentityCalls.setresgid)),
        SystemCall(120, "getresgid", .handled(IdentityCalls.getresgid)),
        SystemCall(121, "getpgid", .handled(PidCalls.getpgid)),
        SystemCall(122, "setfsuid", .handled(IdentityCalls.setfsuid)),
        SystemCall(123, "setfsgid", .handled(IdentityCalls.setfsgid)),
        SystemCall(124, "getsid", .handled(PidCalls.getsid)),
        SystemCall(125, "capget", .handled(IdentityCalls.capget)),
        SystemCall(126, "capset", .handled(IdentityCalls.capset)),
        SystemCall(127, "rt_sigpending", .native),
        SystemCall(128, "rt_sigtimedwait", .native),
        SystemCall(129, "rt_sigqueueinfo", .handled(SignalCalls.sigqueueinfo)),
        SystemCall(130, "rt_sigsuspend", .native),
        SystemCall(131, "sigaltstack", .native),
        SystemCall(134, "uselib", .refused(.noFunction)),
        SystemCall(135, "personality", .depends(personalityRules, otherwise: .native)),
        SystemCall(136, "ustat", .refused(.noFunction)),
        SystemCall(139, "sysfs", .refused(.noFunction)),
        SystemCall(140, "getpriority", .depends(priorityRules, otherwise: .handled(SchedulingCalls.priority))),
        SystemCall(141, "setpriority", .depends(priorityRules, otherwise: .handled(SchedulingCalls.priority))),
        SystemCall(
            142, "sched_setparam",
            .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))),
        SystemCall(
            143, "sched_getparam",
            .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))),
        SystemCall(
            144, "sched_setscheduler",
            .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))),
        SystemCall(
            145, "sched_getscheduler",
            .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))),
        SystemCall(146, "sched_get_priority_max", .native),
        SystemCall(147, "sched_get_priority_min", .native),
        SystemCall(
            148, "sched_rr_get_interval",
            .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))),
        SystemCall(149, "mlock", .native),
        SystemCall(150, "munlock", .native),
        SystemCall(151, "mlockall", .native),
        SystemCall(152, "munlockall", .native),
        SystemCall(153, "vhangup", .refused(.notPermitted)),
        SystemCall(154, "modify_ldt", .native),
        SystemCall(155, "pivot_root", .refused(.notPermitted)),
        SystemCall(156, "_sysctl", .refused(.noFunction)),
        SystemCall(157, "prctl", .depends(prctlRules, otherwise: .refused(.invalidArgument))),
        SystemCall(158, "arch_prctl", .native),
        SystemCall(159, "adjtimex", .native),
        SystemCall(160, "setrlimit", .depends(coreRule, otherwise: .native)),
        SystemCall(162, "sync", .native),
        SystemCall(163, "acct", .refused(.notPermitted)),
        SystemCall(164, "settimeofday", .refused(.notPermitted)),
        SystemCall(167, "swapon", .refused(.notPermitted)),
        SystemCall(168, "swapoff", .refused(.notPermitted)),
        SystemCall(169, "reboot", .refused(.notPermitted)),
        SystemCall(170, "sethostname", .handled(SystemCalls.sethostname)),
        SystemCall(171, "setdomainname", .handled(SystemCalls.setdomainname)),
        SystemCall(172, "iopl", .refused(.notPermitted)),
        SystemCall(173, "ioperm", .refused(.notPermitted)),
        SystemCall(174, "create_module", .refused(.noFunction)),
        SystemCall(175, "init_module", .refused(.notPermitted)),
        SystemCall(176, "delete_module", .refused(.notPermitted)),
        SystemCall(177, "get_kernel_syms", .refused(.noFunction)),
        SystemCall(178, "query_module", .refused(.noFunction)),
        SystemCall(179, "quotactl", .refused(.notPermitted)),
        SystemCall(180, "nfsservctl", .refused(.noFunction)),
        SystemCall(181, "getpmsg", .refused(.noFunction)),
        SystemCall(182, "putpmsg", .refused(.noFunction)),
        SystemCall(183, "afs_syscall", .refused(.noFunction)),
        SystemCall(184, "tuxcall", .refused(.noFunction)),
        SystemCall(185, "security", .refused(.noFunction)),
        SystemCall(186, "gettid", inside(PidCalls.gettid)),
        SystemCall(187, "readahead", .native),
        SystemCall(200, "tkill", .handled(SignalCalls.tkill)),
        SystemCall(201, "time", .native),
        SystemCall(202, "futex", .native),
        SystemCall(203, "sched_setaffinity", .handled(Processors.setAffinity)),
        SystemCall(
            204, "sched_getaffinity",
            .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))),
        SystemCall(205, "set_thread_area", .refused(.noFunction)),
        SystemCall(206, "io_setup", .native),
        SystemCall(207, "io_destroy", .native),
        SystemCall(208, "io_getevents", .native),
        SystemCall(209, "io_submit", .native),
        SystemCall(210, "io_cancel", .native),
        SystemCall(211, "get_thread_area", .refused(.noFunction)),
        SystemCall(212, "lookup_dcookie", .refused(.noFunction)),
        SystemCall(213, "epoll_create", .native),
        SystemCall(214, "epoll_ctl_old", .refused(.noFunction)),
        SystemCall(215, "epoll_wait_old", .refused(.noFunction)),
        SystemCall(216, "remap_file_pages", .native),
        SystemCall(218, "set_tid_address", .native),
        SystemCall(219, "restart_syscall", .native),
        SystemCall(220, "semtimedop", .handled(SysVCalls.sem)),
        SystemCall(221, "fadvise64", .native),
        SystemCall(222, "timer_create", .native),
        SystemCall(223, "timer_settime", .native),
        SystemCall(224, "timer_gettime", .native),
        SystemCall(225, "timer_getoverrun", .native),
        SystemCall(226, "timer_delete", .native),
        SystemCall(227, "clock_settime", .refused(.notPermitted)),
        SystemCall(228, "clock_gettime", .native),
        SystemCall(229, "clock_getres", .native),
        SystemCall(230, "clock_nanosleep", .native),
        SystemCall(231, "exit_group", .handled(ProcessCalls.exitGroup)),
        SystemCall(232, "epoll_wait", .native),
        SystemCall(233, "epoll_ctl", .native),
        SystemCall(234, "tgkill", .handled(SignalCalls.tgkill)),
        SystemCall(236, "vserver", .refused(.noFunction)),
        SystemCall(237, "mbind", .native),
        SystemCall(238, "set_mempolicy", .native),
        SystemCall(239, "get_mempolicy", .native),
        SystemCall(240, "mq_open", .refused(.noFunction)),
        SystemCall(241, "mq_unlink", .refused(.noFunction)),
        SystemCall(242, "mq_timedsend", .refused(.noFunction)),
        SystemCall(243, "mq_timedreceive", .refused(.noFunction)),
        SystemCall(244, "mq_notify", .refused(.noFunction)),
        SystemCall(245, "mq_getsetattr", .refused(.noFunction)),
        SystemCall(246, "kexec_load", .refused(.notPermitted)),
        SystemCall(247, "waitid", .native),
        SystemCall(248, "add_key", .refused(.noFunction)),
        SystemCall(249, "request_key", .refused(.noFunction)),
        SystemCall(250, "keyctl", .refused(.noFunction)),
        SystemCall(251, "ioprio_set", .depends(ioPriorityRules, otherwise: .handled(SchedulingCalls.diskPriority))),
        SystemCall(252, "ioprio_get", .depends(ioPriorityRules, otherwise: .handled(SchedulingCalls.diskPriority))),
        SystemCall(255, "inotify_rm_watch", .native),
        SystemCall(256, "migrate_pages", .depends([Rule(0, .isZero, .native)], otherwise: .refused(.notPermitted))),
        SystemCall(270, "pselect6", .native),
        SystemCall(271, "ppoll", .native),
        SystemCall(
            272, "unshare",
            .depends([Rule(0, .hasBit(namespaceFlags | 0x80), .refused(.notPermitted))], otherwise: .native)),
        SystemCall(273, "set_robust_list", .native),
        SystemCall(274, "get_robust_list", .depends([Rule(0, .isZero, .native)], otherwise: .refused(.notPermitted))),
        SystemCall(275, "splice", .native),
        SystemCall(276, "tee", .native),
        SystemCall(277, "sync_file_range", .native),
        SystemCall(278, "vmsplice", .native),
        SystemCall(279, "move_pages", .depends([Rule(0, .isZero, .native)], otherwise: .refused(.notPermitted))),
        SystemCall(281, "epoll_pwait", .native),
        SystemCall(282, "signalfd", .native),
        SystemCall(283, "timerfd_create", .native),
        SystemCall(284, "eventfd", .native),
        SystemCall(285, "fallocate", .native),
        SystemCall(286, "timerfd_settime", .native),
        SystemCall(287, "timerfd_gettime", .native),
        SystemCall(288, "accept4", .native),
        SystemCall(289, "signalfd4", .native),
        SystemCall(290, "eventfd2", .native),
        SystemCall(291, "epoll_create1", .native),
        SystemCall(292, "dup3", .native),
        SystemCall(293, "pipe2", .native),
        SystemCall(295, "preadv", .native),
        SystemCall(296, "pwritev", .native),
        SystemCall(297, "rt_tgsigqueueinfo", .handled(SignalCalls.tgsigqueueinfo)),
        SystemCall(298, "perf_event_open", .refused(.noFunction)),
        SystemCall(299, "recvmmsg", .native),
        SystemCall(300, "fanotify_init", .refused(.notPermitted)),
        SystemCall(301, "fanotify_mark", .refused(.notPermitted)),
        SystemCall(
            302, "prlimit64",
            .depends(
                [
                    Rule(1, .isOne(of: [CoreLimit.resource]), .handled(SchedulingCalls.prlimit)),
                    Rule(0, .isZero, .native),
                ], otherwise: .handled(SchedulingCalls.prlimit))),
        SystemCall(304, "open_by_handle_at", .refused(.notPermitted)),
        SystemCall(305, "clock_adjtime", .native),
        SystemCall(306, "syncfs", .native),
        SystemCall(307, "sendmmsg", .depends([datagramRule(DatagramCalls.sendmmsg)], otherwise: .native)),
        SystemCall(308, "setns", .refused(.notPermitted)),
        SystemCall(309, "getcpu", .native),
        SystemCall(310, "process_vm_readv", .handled(TraceCalls.memory)),
        SystemCall(311, "process_vm_writev", .handled(TraceCalls.memory)),
        SystemCall(312, "kcmp", .refused(.noFunction)),
        SystemCall(313, "finit_module", .refused(.notPermitted)),
        SystemCall(
            314, "sched_setattr", .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))
        ),
        SystemCall(
            315, "sched_getattr", .depends([Rule(0, .isZero, .native)], otherwise: .handled(SchedulingCalls.scheduling))
        ),
        SystemCall(
            317, "seccomp",
            .depends([Rule(0, .isOne(of: [2, 3]), .native)], otherwise: .handled(IdentityCalls.seccomp))),
        SystemCall(318, "getrandom", .native),
        SystemCall(319, "memfd_create", .native),
        SystemCall(320, "kexec_file_load", .refused(.notPermitted)),
        SystemCall(321, "bpf", .refused(.notPermitted)),
        SystemCall(322, "execveat", .handled(ExecCalls.execveat)),
        SystemCall(323, "userfaultfd", .refused(.noFunction)),
        SystemCall(324, "membarrier", .native),
        SystemCall(325, "mlock2", .native),
        SystemCall(326, "copy_file_range", .native),
        SystemCall(327, "preadv2", .native),
        SystemCall(328, "pwritev2", .native),
        SystemCall(329, "pkey_mprotect", .native),
        SystemCall(330, "pkey_alloc", .native),
        SystemCall(331, "pkey_free", .native),
        SystemCall(333, "io_pgetevents", .native),
        SystemCall(334, "rseq", .native),
        SystemCall(424, "pidfd_send_signal", .handled(PidfdCalls.sendSignal)),
        SystemCall(425, "io_uring_setup", .refused(.noFunction)),
        SystemCall(426, "io_uring_enter", .refused(.noFunction)),
        SystemCall(427, "io_uring_register", .refused(.noFunction)),
        SystemCall(428, "open_tree", .refused(.noFunction)),
        SystemCall(429, "move_mount", .refused(.noFunction)),
        SystemCall(430, "fsopen", .refused(.noFunction)),
        SystemCall(431, "fsconfig", .refused(.noFunction)),
        SystemCall(432, "fsmount", .refused(.noFunction)),
        SystemCall(433, "fspick", .refused(.noFunction)),
        SystemCall(434, "pidfd_open", .handled(PidCalls.pidfdOpen)),
        SystemCall(435, "clone3", .handled(ProcessCalls.clone3)),
        SystemCall(436, "close_range", .native),
        SystemCall(438, "pidfd_getfd", .handled(PidfdCalls.getfd)),
        SystemCall(440, "process_madvise", .refused(.noFunction)),
        SystemCall(441, "epoll_pwait2", .native),
        SystemCall(442, "mount_setattr", .refused(.noFunction)),
        SystemCall(443, "quotactl_fd", .refused(.notPermitted)),
        SystemCall(444, "landlock_create_ruleset", .refused(.noFunction)),
        SystemCall(445, "landlock_add_rule", .refused(.noFunction)),
        SystemCall(446, "landlock_restrict_self", .refused(.noFunction)),
        SystemCall(447, "memfd_secret", .refused(.noFunction)),
        SystemCall(448, "process_mrelease", .refused(.noFunction)),
        SystemCall(449, "futex_waitv", .native),
        SystemCall(450, "set_mempolicy_home_node", .refused(.noFunction)),
        SystemCall(451, "cachestat", .native),
        SystemCall(453, "map_shadow_stack", .native),
        SystemCall(454, "futex_wake", .native),
        SystemCall(455, "futex_wait", .native),
        SystemCall(456, "futex_requeue", .native),
        SystemCall(457, "statmount", .refused(.noFunction)),
        SystemCall(458, "listmount", .refused(.noFunction)),
        SystemCall(459, "lsm_get_self_attr", .refused(.noFunction)),
        SystemCall(460, "lsm_set_self_attr", .refused(.noFunction)),
        SystemCall(461, "lsm_list_modules", .refused(.noFunction)),
        SystemCall(462, "mseal", .native),
        SystemCall(467, "open_tree_attr", .refused(.noFunction)),
    ]
}
