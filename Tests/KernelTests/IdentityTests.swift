import Kernel
import KernelProtocol
import Testing

@Suite struct IdentityTests {
    let all: UInt64 = 0xA804_25FB

    var root: Identity {
        let sets = Capabilities(bounding: all, effective: all, permitted: all)
        return Identity(ProcessSpecification(arguments: ["x"], capabilities: sets))
    }

    func program(_ mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0) -> ProgramFile {
        ProgramFile(descriptor: -1, path: [], mode: mode, uid: uid, gid: gid)
    }

    @Test func leavingRootDropsCapabilities() {
        var identity = root
        identity.setUIDs(real: 1000, effective: 1000, saved: 1000, keepsCapabilities: false)
        #expect(identity.permitted == 0 && identity.effective == 0)
        #expect(identity.fileUID == 1000)
    }

    @Test func aSavedRootGetsItsCapabilitiesBack() {
        var identity = root
        identity.setUIDs(real: 0, effective: 1000, saved: 0, keepsCapabilities: false)
        #expect(identity.permitted == all && identity.effective == 0)
        identity.setUIDs(real: 0, effective: 0, saved: 0, keepsCapabilities: false)
        #expect(identity.effective == all)
    }

    @Test func keptCapabilitiesArePermittedButNotEffective() {
        var identity = root
        identity.setUIDs(real: 1000, effective: 1000, saved: 1000, keepsCapabilities: true)
        #expect(identity.permitted == all && identity.effective == 0)
    }

    @Test func aSetIDProgramRunsAsItsOwner() {
        var identity = root
        identity.setUIDs(real: 1000, effective: 1000, saved: 1000, keepsCapabilities: false)
        let isElevated = identity.execute(program(0o4755))
        #expect(isElevated)
        #expect(identity.uid == 1000 && identity.effectiveUID == 0 && identity.savedUID == 0)
        #expect(identity.effective == all)
    }

    @Test func noNewPrivilegesTakesTheSetIDBitItsForce() {
        var identity = root
        identity.setUIDs(real: 1000, effective: 1000, saved: 1000, keepsCapabilities: false)
        identity.noNewPrivileges = true
        let isElevated = identity.execute(program(0o4755))
        #expect(!isElevated)
        #expect(identity.effectiveUID == 1000 && identity.effective == 0)
    }

    @Test func anOrdinaryProgramOfRootKeepsTheBoundingSet() {
        var identity = root
        identity.bounding = 1
        let isElevated = identity.execute(program(0o755))
        #expect(!isElevated)
        #expect(identity.permitted == 1 && identity.effective == 1)
    }
}
