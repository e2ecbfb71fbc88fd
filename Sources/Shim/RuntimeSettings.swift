import CShimMessages
import Host
import SystemPackage
import TTRPC

/// Which runtime serves a container and where it keeps its state: containerd.runc.v1.Options, as far as they concern runu.
struct RuntimeSettings: Equatable {
    /// A program's name or path.
    var binary = "runu"
    /// The runtime's `--root`.
    var root: String

    /// What holds where a client says nothing.
    init(namespace: String) {
        root = Folders.current.runtime.appending("runu").appending(namespace).string
    }

    /// Takes over what a Create request's options say; options of another kind are ignored.
    mutating func apply(typeURL: String, value: [UInt8], namespace: String) throws {
        let name =
            typeURL.utf8.lastIndex(of: UInt8(ascii: "/")).map { typeURL[typeURL.index(after: $0)...] }
            ?? typeURL[...]
        guard name == "containerd.runc.v1.Options" || name == "io.containerd.runc.v1.Options" else { return }
        try decodeMessage(value, containerd__runc__v1__options__unpack) { options in
            let binaryName = text(options.binary_name)
            if !binaryName.isEmpty { binary = binaryName }
            let rootFolder = text(options.root)
            if !rootFolder.isEmpty { root = rootFolder + "/" + namespace }
        }
    }

    /// The program's path: beside the shim, then on PATH.
    ///
    /// - Throws: `TTRPCError` (not found).
    func executable() throws -> String {
        if binary.utf8.contains(UInt8(ascii: "/")) { return binary }
        guard let path = Processes.companion(binary) else {
            throw TTRPCError(.notFound, "runtime \"\(binary)\": executable file not found in $PATH: not found")
        }
        return path.string
    }

    /// Keeps the settings in the bundle, for `delete` after the shim's death.
    func save(inBundle bundle: String) throws {
        try AtomicFile.write("\(binary)\n\(root)\n".utf8, to: FilePath(bundle).appending(RuntimeSettings.file))
    }

    /// What `save` has kept, or what holds without.
    static func load(fromBundle bundle: String, namespace: String) -> RuntimeSettings {
        var settings = RuntimeSettings(namespace: namespace)
        guard let bytes = readFile(bundle + "/" + file) else { return settings }
        let lines = bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        if lines.count == 2 {
            settings.binary = lines[0]
            settings.root = lines[1]
        }
        return settings
    }

    private static let file = "shim-runtime"
}
