import ArgumentParser
import EngineClient
import Glibc

// The commands that bring images in and out.

/// `uk load`
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load an image from a tar archive or STDIN.")
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Read from a tar archive file instead of STDIN.", valueName: "file"),
        completion: .file(extensions: ["tar", "gz", "tgz"]))
    var input: String?
    @Flag(name: .shortAndLong, help: "Suppress the load's output but for the images' names.")
    var quiet = false

    func run() async throws {
        let file = try Archive.input(input)
        defer { file.close() }
        if input == nil, RawTerminal.isTerminal(0) {
            throw CommandFailure("requested load from stdin, but stdin is empty: name a file with -i")
        }
        let request = EngineRequest(
            "POST", "/images/load", query: [("quiet", quiet ? "1" : "0")], body: .tar(file.pieces(showProgress: !quiet))
        )
        try await ImageProgress.show(try Engine.client(), request, quiet: false, output: 1)
    }
}

/// `uk import`
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import the contents of a tar archive to create an image.")
    @Option(name: .shortAndLong, help: "Apply a Dockerfile instruction to the image.")
    var change: [String] = []
    @Option(name: .shortAndLong, help: "Set a message.")
    var message: String?
    @Option(help: "The image's platform.")
    var platform: String?
    @Argument(help: "The file, a URL for the engine to fetch, or - for STDIN.", completion: .file())
    var source: String
    @Argument(help: ArgumentHelp("The image's name.", valueName: "name[:tag]"))
    var name: String?

    func run() async throws {
        let isURL = source.hasPrefix("http://") || source.hasPrefix("https://")
        let file = isURL ? nil : try Archive.input(source == "-" ? nil : source)
        defer { file?.close() }
        let (repository, tag) = name.map(Engine.split) ?? ("", nil)
        var query: [(name: String, value: String?)] = [
            ("fromSrc", isURL ? source : "-"), ("repo", repository), ("tag", tag), ("message", message),
            ("platform", platform),
        ]
        query += change.map { ("changes", $0) }
        let request = EngineRequest(
            "POST", "/images/create", query: query, body: file.map { .tar($0.pieces(showProgress: false)) } ?? .none)
        try await ImageProgress.show(try Engine.client(), request, quiet: false, output: 1)
    }
}

/// `uk save`
struct Save: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Save one or more images to a tar archive.")
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to a file, instead of STDOUT.", valueName: "file"),
        completion: .file())
    var output: String?
    @Argument(help: "The images.", completion: .imageNames)
    var image: [String]

    func run() async throws {
        let request = EngineRequest("GET", "/images/get", query: image.map { ("names", $0) })
        try await Archive.download(request, to: output)
    }
}

/// `uk export`
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Export a container's file system as a tar archive.")
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to a file, instead of STDOUT.", valueName: "file"),
        completion: .file())
    var output: String?
    @Argument(help: "The container.", completion: .containerNames)
    var container: String

    func run() async throws {
        try await Archive.download(EngineRequest("GET", Engine.container(container, "/export")), to: output)
    }
}

/// `uk pull`
struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Download an image from a registry.")
    @Flag(name: .shortAndLong, help: "Suppress verbose output.")
    var quiet = false
    @Option(help: "Platform, when the image has several.")
    var platform: String?
    @Argument(help: "The image.")
    var image: String

    func run() async throws {
        let (name, tag) = Engine.split(image)
        let request = EngineRequest(
            "POST", "/images/create", query: [("fromImage", name), ("tag", tag), ("platform", platform)])
        try await ImageProgress.show(try Engine.client(), request, quiet: quiet, output: 1)
        if quiet { Console.print(tag.map { "\(name):\($0)" } ?? name) }
    }
}

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
