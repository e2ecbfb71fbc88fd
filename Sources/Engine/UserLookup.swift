import OCISpec

/// Finds out whom `user[:group]` means, with a container's own /etc/passwd and /etc/group.
package struct UserLookup {
    package var passwd: String
    package var group: String

    /// With the files' texts.
    package init(passwd: String, group: String) {
        self.passwd = passwd
        self.group = group
    }

    /// The user with all groups; numbers need not be listed in the files.
    ///
    /// - Throws: `EngineError` with 400 and moby's text when a name is not listed.
    package func resolve(_ text: String, additional: [String] = []) throws -> RuntimeSpec.User {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.first ?? ""
        var user = RuntimeSpec.User()
        var login: String?
        if !name.isEmpty {
            if let line = passwdLine(name) {
                login = line.name
                user.uid = line.uid
                user.gid = line.gid
            } else if let uid = UInt32(name) {
                user.uid = uid
            } else {
                throw EngineError(400, "unable to find user \(name): no matching entries in passwd file")
            }
        } else {
            login = passwdLine("0")?.name
        }
        var groups: [UInt32] = []
        if parts.count == 2, !parts[1].isEmpty {
            user.gid = try groupNumber(parts[1])
        } else if let login {
            groups = groupLines.filter { $0.members.contains(login) }.map(\.gid)
        }
        groups += try additional.map(groupNumber)
        var all: [UInt32] = [user.gid]
        for gid in groups where !all.contains(gid) { all.append(gid) }
        user.additionalGids = all
        return user
    }

    /// The home folder of a user, `/` when it is not listed.
    func home(of uid: UInt32) -> String {
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 6, UInt32(fields[2]) == uid, !fields[5].isEmpty { return String(fields[5]) }
        }
        return "/"
    }

    private func passwdLine(_ name: String) -> (name: String, uid: UInt32, gid: UInt32)? {
        var byNumber: (String, UInt32, UInt32)?
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { continue }
            if fields[0] == name { return (String(fields[0]), uid, gid) }
            if byNumber == nil, fields[2] == name { byNumber = (String(fields[0]), uid, gid) }
        }
        return byNumber
    }

    private var groupLines: [(name: String, gid: UInt32, members: [String])] {
        group.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 4, let gid = UInt32(fields[2]) else { return nil }
            return (String(fields[0]), gid, fields[3].split(separator: ",").map(String.init))
        }
    }

    private func groupNumber(_ name: String) throws -> UInt32 {
        if let line = groupLines.first(where: { $0.name == name }) { return line.gid }
        if let gid = UInt32(name) { return gid }
        throw EngineError(400, "unable to find group \(name): no matching entries in group file")
    }
}
