import CFiles
import SystemPackage

/// Owner, mode and type of a file as the container sees them.
package struct Attributes: Sendable, Equatable {
    package var type: FileType
    /// Permission, set-id and sticky bits.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    package var deviceMajor: UInt32 = 0
    package var deviceMinor: UInt32 = 0
    /// The inode number, stable over copy-up.
    package var inode: UInt64 = 0

    package init(type: FileType, mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0) {
        self.type = type
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }

    /// A device of which one open descriptor is as good as another: null, zero, random, urandom.
    var hasNoState: Bool { type == .characterDevice && deviceMajor == 1 && [3, 5, 8, 9].contains(deviceMinor) }

    /// What the host says of a file that carries no note of ours.
    init(host: ukf_stat, user: UInt32) {
        type = FileType(mode: host.mode)
        mode = host.mode & 0o7777
        uid = host.uid == user ? 0 : host.uid
        // Where root has written, the host's group is the file's own; an ordinary user's files carry that user's group.
        gid = host.uid == user && user != 0 ? 0 : host.gid
        deviceMajor = host.rdev_major
        deviceMinor = host.rdev_minor
        inode = host.ino
    }

    /// The text of the note, as docs/architecture.md ("Layers on disk") lays it down.
    func note(origin: UInt64?) -> [UInt8] {
        var text = [UInt8]()
        text.reserveCapacity(48)
        text.append(decimal: UInt64(uid))
        text.append(UInt8(ascii: ":"))
        text.append(decimal: UInt64(gid))
        text.append(UInt8(ascii: ":"))
        text.append(octal: mode)
        text.append(UInt8(ascii: ":"))
        text.append(type.letter)
        if type.isDevice {
            text.append(UInt8(ascii: ":"))
            text.append(decimal: UInt64(deviceMajor))
            text.append(UInt8(ascii: ":"))
            text.append(decimal: UInt64(deviceMinor))
        }
        if let origin {
            text += [UInt8(ascii: ":"), UInt8(ascii: "i")]
            text.append(decimal: origin)
        }
        return text
    }

    /// Takes over what a note says. Nonsense is passed over: the file is then as the host shows it.
    package mutating func apply(note: some Collection<UInt8>) {
        var fields = note.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)[...]
        guard fields.count >= 4,
            let uid = number(fields.popFirst()!, radix: 10), let gid = number(fields.popFirst()!, radix: 10),
            let mode = number(fields.popFirst()!, radix: 8), let letter = fields.popFirst(), letter.count == 1,
            let type = FileType(letter: letter.first!)
        else { return }
        if type.isDevice {
            guard fields.count >= 2, let major = number(fields.popFirst()!, radix: 10),
                let minor = number(fields.popFirst()!, radix: 10)
            else { return }
            deviceMajor = UInt32(truncatingIfNeeded: major)
            deviceMinor = UInt32(truncatingIfNeeded: minor)
        }
        self.uid = UInt32(truncatingIfNeeded: uid)
        self.gid = UInt32(truncatingIfNeeded: gid)
        self.mode = UInt32(truncatingIfNeeded: mode) & 0o7777
        self.type = type
        if let field = fields.popFirst(), field.first == UInt8(ascii: "i"),
            let origin = number(field.dropFirst(), radix: 10)
        {
            inode = origin
        }
    }

    /// Whether a file with these attributes grants `wanted` (path_resolution(7), Permissions).
    package func grants(_ wanted: Access, to who: Credentials) -> Bool {
        let bits: UInt32
        if who.uid == uid {
            bits = mode >> 6
        } else if who.isMember(of: gid) {
            bits = mode >> 3
        } else {
            bits = mode
        }
        if wanted.rawValue & ~bits == 0 { return true }
        if type == .folder {
            return who.overridesAccess || (who.overridesSearch && !wanted.contains(.write))
        }
        if who.overridesAccess { return !wanted.contains(.execute) || mode & 0o111 != 0 }
        return who.overridesSearch && wanted == .read
    }

    /// Takes away the set-id bits, as writing and chown do: set-group-ID stays with a file that its group may not execute, if
    /// the one who acts belongs to the group or may keep such bits (inode(7)).
    mutating func dropSetID(for who: Credentials) {
        mode &= ~0o4000
        if mode & 0o10 != 0 || !(who.isMember(of: gid) || who.keepsSetID) { mode &= ~0o2000 }
    }

    package func isOwned(by who: Credentials) -> Bool { who.uid == uid || who.actsAsOwner }
}

private func number(_ digits: some Collection<UInt8>, radix: UInt64) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for digit in digits {
        let (scaled, over) = value.multipliedReportingOverflow(by: radix)
        let step = UInt64(digit &- UInt8(ascii: "0"))
        guard step < radix, !over else { return nil }
        let (sum, carried) = scaled.addingReportingOverflow(step)
        guard !carried else { return nil }
        value = sum
    }
    return value
}

extension [UInt8] {
    /// Appends a number in decimal digits.
    package mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(value % 10))
    }

    mutating func append(octal value: UInt32) {
        if value >= 8 { append(octal: value / 8) }
        append(UInt8(ascii: "0") + UInt8(value % 8))
    }
}
