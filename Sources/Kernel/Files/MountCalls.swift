import CFiles
import CHost
import Glibc
import SystemPackage
import UnionFileSystem

/// mount(2), umount2(2) and inotify.
enum MountCalls {
    static let mount = SystemCallHandler { call throws(Errno) in
        guard call.process.inherited.identity.has(.administration) else { throw .notPermitted }
        let type = call[2] == 0 ? [] : try call.readString(at: call[2])
        let source = call[0] == 0 ? [] : try call.readString(at: call[0])
        let data = call[4] == 0 ? [] : try call.readString(at: call[4])
        try call.files.mount(
            type: String(decoding: type, as: UTF8.self), source: source, at: try call.node(1), flags: call[3],
            data: String(decoding: data, as: UTF8.self), for: call.caller)
        return .value(0)
    }

    static let umount2 = SystemCallHandler { call throws(Errno) in
        guard call.process.inherited.identity.has(.administration) else { throw .notPermitted }
        let flags = call.uint(1)
        // MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW.
        guard flags & ~0xf == 0 else { throw .invalidArgument }
        try call.files.unmount(try call.node(0, noFollow: flags & 8 != 0), isLazy: flags & 2 != 0)
        return .value(0)
    }

    static let inotifyAddWatch = SystemCallHandler { call throws(Errno) in
        let mask = call.uint(2)
        let node = try call.node(1, noFollow: mask & 0x0200_0000 != 0)
        if mask & 0x0100_0000 != 0, !node.isFolder { throw .notDirectory }
        try call.files.checkAccess(.read, to: node, for: call.caller)
        let watched = try call.files.watchable(node)
        defer { close(watched) }
        // The watch belongs to the caller's inotify instance, which is fetched for a moment.
        let process = ukh_pidfd_open(call.process.pid)
        guard process >= 0 else { throw .noSuchProcess }
        defer { close(process) }
        let instance = ukf_pidfd_getfd(process, call.int(0))
        guard instance >= 0 else {
            // Some container engines' filters refuse the fetching: then there is no inotify, and programs poll.
            throw instance == -EPERM || instance == -ENOSYS ? .noFunction : Errno(rawValue: -instance)
        }
        defer { close(instance) }
        call.files.beginWatching()
        return .value(Int(try valid(ukf_inotify_add(instance, watched, mask & ~0x0300_0000))))
    }
}
