/// An error of the Engine API: the HTTP status and the text that clients print and match on. The texts are moby's where
/// moby has one.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status; 304 means that there was nothing to do.
    public var status: Int
    /// What went wrong, naming the object.
    public var message: String

    /// An error.
    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    /// For people to read.
    public var description: String { message }

    /// 304: the container is already in the state that was asked for.
    public static let notModified = EngineError(304, "")
    /// 404 for a container.
    public static func noSuchContainer(_ name: String) -> EngineError { EngineError(404, "No such container: \(name)") }
    /// 404 for an image, `name:tag`.
    public static func noSuchImage(_ name: String) -> EngineError { EngineError(404, "No such image: \(name)") }
    /// 501.
    public static func notImplemented(_ what: String) -> EngineError { EngineError(501, "\(what): not implemented") }
    /// 409: the container does not run.
    public static func notRunning(_ id: String) -> EngineError { EngineError(409, "container \(id) is not running") }
}
