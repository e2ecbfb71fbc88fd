import EngineClient
import Glibc

/// Files that go to the engine and come from it.
enum Archive {
    /// A file that is read in pieces.
    struct Input: Sendable {
        var descriptor: CInt
        var size: Int64

        /// The file's pieces; on a terminal a bar shows how many have gone.
        func pieces(showProgress: Bool) -> any AsyncSequence<[UInt8], any Error> & Sendable {
            let reader = InputReader(descriptor: descriptor, pieceSize: 256 * 1024)
            guard showProgress, size > 0, RawTerminal.isTerminal(2) else { return reader }
            let meter = UploadMeter(total: size)
            return reader.map { piece in
                meter.advance(piece.count)
                return piece
            }
        }

        func close() {
            if descriptor > 2 { Glibc.close(descriptor) }
        }
    }

    /// Opens the file at `path`, or standard input.
    static func input(_ path: String?) throws -> Input {
        guard let path else { return Input(descriptor: 0, size: 0) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("open \(path): \(String(cString: strerror(errno)).lowercased())")
        }
        var status = stat()
        fstat(descriptor, &status)
        if status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw CommandFailure("read \(path): is a directory")
        }
        return Input(descriptor: descriptor, size: Int64(status.st_size))
    }

    /// Writes the answer to a file, which appears only when it is complete, or to standard output.
    static func download(_ request: EngineRequest, to path: String?) async throws {
        let client = try Engine.client()
        guard let path, path != "-" else {
            if RawTerminal.isTerminal(1) {
                throw CommandFailure("cowardly refusing to save to a terminal. Use the -o flag or redirect")
            }
            return try await client.withResponse(request) { response in
                for try await piece in response.body { Console.write(piece, to: 1) }
            }
        }
        let temporary = "\(path).\(getpid()).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw CommandFailure("create \(temporary): \(String(cString: strerror(errno)).lowercased())")
        }
        defer {
            close(file)
            unlink(temporary)
        }
        try await client.withResponse(request) { response in
            for try await piece in response.body {
                var sent = 0
                while sent < piece.count {
                    let count = piece[sent...].withUnsafeBytes { write(file, $0.baseAddress!, $0.count) }
                    if count < 0, errno != EINTR {
                        throw CommandFailure("write \(path): \(String(cString: strerror(errno)).lowercased())")
                    }
                    sent += max(0, count)
                }
            }
        }
        guard rename(temporary, path) == 0 else {
            throw CommandFailure("rename to \(path): \(String(cString: strerror(errno)).lowercased())")
        }
    }
}
