import Glibc
import SystemPackage

/// The system's names.
enum SystemCalls {
    static let uname = SystemCallHandler { call throws(Errno) in
        let names = call.kernel.system
        var bytes = [UInt8](repeating: 0, count: 65 * 6)
        // A program that has taken the 32-bit personality wants to hear of that machine (personality(2)).
        let machine = HostProcess.personality(of: call.tid) & 0xFF == 8 ? "i686" : names.machine
        let fields = ["Linux", names.hostname, names.release, names.version, machine, names.domainname]
        for (index, field) in fields.enumerated() {
            for (offset, byte) in field.utf8.prefix(64).enumerated() { bytes[index * 65 + offset] = byte }
        }
        try call.write(bytes, at: call[0])
        return .value(0)
    }

    static let sethostname = SystemCallHandler { call throws(Errno) in
        call.kernel.system.hostname = try name(call)
        call.kernel.files.system.identity.hostname = call.kernel.system.hostname
        return .value(0)
    }

    static let setdomainname = SystemCallHandler { call throws(Errno) in
        call.kernel.system.domainname = try name(call)
        call.kernel.files.system.identity.domainname = call.kernel.system.domainname
        return .value(0)
    }

    private static func name(_ call: CallContext) throws(Errno) -> String {
        guard call.process.inherited.identity.has(.administration) else { throw .notPermitted }
        let length = Int64(bitPattern: call[1])
        guard length >= 0, length <= 64 else { throw .invalidArgument }
        let bytes = try call.read(call[0], count: Int(length))
        guard bytes.count == Int(length) else { throw .badAddress }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
