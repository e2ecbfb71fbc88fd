import ArgumentParser
import ContainerdClient
import Glibc
import Host
import OCISpec
import RPC
import SystemPackage

/// `ukctr content edit`
struct EditContent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Has a blob edited, takes the result in, and prints its digest.")
    @OptionGroup var options: GlobalOptions
    @Option(help: "The form that the result must have: json.") var validate: String?
    @Option(help: "The editor (EDITOR).") var editor: String?
    @Argument(help: "The digest.") var digest: String

    func run() async throws {
        if let validate, validate != "json" {
            throw ValidationError("validating the content against \(validate) is not supported: json is")
        }
        guard let editor = editor ?? environment("EDITOR"), !editor.isEmpty else {
            throw ValidationError("which editor? Give --editor or set EDITOR")
        }
        let client = try options.client()
        let before = try await client.content.read(digest)
        let after = try Self.edit(before, with: editor)
        if validate != nil { let _: JSONValue = try JSON.decode(from: after) }
        let labels = try await client.content.info(digest).labels
        print(try await client.content.put(after, mediaType: "", labels: labels).digest)
    }

    /// Lets the user change `bytes` in a file.
    private static func edit(_ bytes: [UInt8], with editor: String) throws -> [UInt8] {
        let (path, file) = try Temporary.file(in: FilePath(environment("TMPDIR") ?? "/tmp"), prefix: "edit-")
        defer { unlink(path.string) }
        try file.closeAfter { _ = try file.writeAll(bytes) }
        // An editor may replace the file, and may be a command with arguments.
        let status = "\(editor) '\(path)'".withCString { system($0) }
        guard status == 0 else { throw RPCError(.aborted, "the editor \(editor) failed: nothing is changed") }
        let changed = try FileDescriptor.open(path, .readOnly)
        return try changed.closeAfter { try changed.readAll() }
    }
}
