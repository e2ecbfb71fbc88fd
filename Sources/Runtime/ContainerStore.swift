import Host
import SystemPackage

/// The folder in which runu keeps its containers, one folder each: `--root`.
public struct ContainerStore: Sendable {
    /// Absolute.
    public let root: FilePath

    /// The store in `root`, which is made when the first container is; nil: the user's default.
    public init(root: FilePath? = nil) {
        let root = root ?? Folders.current.runtime.appending("runu")
        self.root = root.isAbsolute ? root : Folders.working.pushing(root).lexicallyNormalized()
    }

    /// The container `id`.
    ///
    /// - Throws: `RuntimeError` when it does not exist.
    public func container(_ id: String) throws -> Container {
        let folder = try self.folder(of: id)
        return Container(folder: folder, record: try ContainerRecord(in: folder))
    }

    /// Every container that can be read, by id.
    public func containers() throws -> [Container] {
        do {
            let names = try Folders.names(in: root).filter { $0.first != "." }
            return names.sorted().compactMap { try? container($0) }
        } catch let error as HostError where error.errno == .noSuchFileOrDirectory {
            return []
        }
    }

    /// Where container `id` has its folder.
    ///
    /// - Throws: `RuntimeError` for an id that is none.
    func folder(of id: String) throws -> FilePath {
        let isValid =
            !id.isEmpty && id != "." && id != ".." && id.utf8.count <= 1024
            && id.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
        guard isValid else { throw RuntimeError("invalid container ID format: \(id)") }
        return root.appending(id)
    }
}
