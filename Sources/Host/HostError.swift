import Glibc
import SystemPackage

/// A refusal by the host's kernel: what was tried, on which object, and the error number that came back.
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// Why.
    public var errno: Errno
    /// What was tried, as a verb.
    public var operation: String
    /// On what.
    public var object: String

    /// The refusal of `operation` on `object`.
    public init(_ errno: Errno, _ operation: String, _ object: String) {
        self.errno = errno
        self.operation = operation
        self.object = object
    }

    /// The error that the calling thread's `errno` holds.
    public static func last(_ operation: String, _ object: String) -> HostError {
        HostError(Errno(rawValue: Glibc.errno), operation, object)
    }

    /// Does `body`; an `Errno` that it throws becomes the refusal of `operation` on `object`.
    public static func naming<R>(_ operation: String, _ object: FilePath, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as Errno {
            throw HostError(error, operation, object.string)
        }
    }

    /// Why the host does not let the file at `path`, or another in its folder, be written: found by trying, for libraries
    /// that do not tell. nil when it would.
    public static func writing(_ path: FilePath) -> HostError? {
        for place in [path, path.removingLastComponent()]
        where access(place.string, W_OK) != 0 || utimes(place.string, nil) != 0 {
            let error = HostError.last("write", place.string)
            if error.errno != .noSuchFileOrDirectory { return error }
        }
        return nil
    }

    /// Turns a result of CHost (negative: an error number) into a value.
    @discardableResult
    public static func check<T: SignedInteger>(_ result: T, _ operation: String, _ object: String) throws -> T {
        guard result < 0 else { return result }
        throw HostError(Errno(rawValue: CInt(-result)), operation, object)
    }

    /// Operation, object and error in one line.
    public var description: String { "\(operation) \(object): \(errno)" }
}
