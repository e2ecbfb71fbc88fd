import KernelProtocol
import SystemPackage

// How ids and capabilities change: credentials(7), capabilities(7), setresuid(2) and their like.
extension Identity {
    /// The identity that a process asked for from outside starts with.
    package init(_ process: ProcessSpecification) {
        self.init()
        (uid, effectiveUID, savedUID, fileUID) = (process.uid, process.uid, process.uid, process.uid)
        (gid, effectiveGID, savedGID, fileGID) = (process.gid, process.gid, process.gid, process.gid)
        groups = process.groups
        bounding = process.capabilities.bounding
        effective = process.capabilities.effective
        permitted = process.capabilities.permitted
        inheritable = process.capabilities.inheritable
        ambient = process.capabilities.ambient
        noNewPrivileges = process.noNewPrivileges
    }

    /// Takes new user ids, and has the capabilities follow (capabilities(7), Effect of user ID changes).
    package mutating func setUIDs(real: UInt32, effective: UInt32, saved: UInt32, keepsCapabilities: Bool) {
        let hadRoot = uid == 0 || effectiveUID == 0 || savedUID == 0
        let wasRoot = effectiveUID == 0
        (uid, effectiveUID, savedUID, fileUID) = (real, effective, saved, effective)
        guard secureBits & 4 == 0 else { return }
        let hasRoot = real == 0 || effective == 0 || saved == 0
        if hadRoot, !hasRoot {
            if !keepsCapabilities { permitted = 0 }
            if !keepsCapabilities || wasRoot { self.effective = 0 }
            ambient = 0
        }
        if wasRoot, effective != 0 { self.effective = 0 }
        if !wasRoot, effective == 0 { self.effective = permitted }
    }

    /// setfsuid(2): the capabilities that concern files follow.
    package mutating func setFileUID(_ id: UInt32) {
        let fileCapabilities: UInt64 = 0x1F | 1 << 9 | 1 << 27
        if secureBits & 4 == 0 {
            if fileUID == 0, id != 0 { effective &= ~fileCapabilities }
            if fileUID != 0, id == 0 { effective |= permitted & fileCapabilities }
        }
        fileUID = id
    }

    /// Executes a file: set-id bits and what root gets (capabilities(7), Transformation during execve).
    /// - Returns: Whether the program gains rights that its caller had not.
    package mutating func execute(_ file: ProgramFile) -> Bool {
        var isElevated = false
        if !noNewPrivileges {
            if file.mode & 0o4000 != 0 {
                isElevated = file.uid != uid
                effectiveUID = file.uid
            }
            if file.mode & 0o2010 == 0o2010 {
                isElevated = isElevated || file.gid != gid
                effectiveGID = file.gid
            }
        }
        if isElevated { ambient = 0 }
        let isRoot = (uid == 0 || effectiveUID == 0) && secureBits & 1 == 0
        if isRoot {
            permitted = inheritable | bounding
            effective = effectiveUID == 0 ? permitted : ambient
        } else {
            permitted = ambient
            effective = ambient
        }
        (savedUID, fileUID) = (effectiveUID, effectiveUID)
        (savedGID, fileGID) = (effectiveGID, effectiveGID)
        secureBits &= ~Identity.keepsCapabilities
        return isElevated
    }
}
