import Archive
import ContainerdAPI
import Foundation
import Glibc
import Manager
import RPC
import SwiftProtobuf
import Testing

@Suite("Stream processors", .serialized)
struct StreamProcessorTests {
    private static let tarType = "application/vnd.oci.image.layer.v1.tar"

    /// Applies a small layer, turned by `change`, as one of type `type`.
    ///
    /// - Returns: what was applied, or how it failed; and the layer.
    private func apply(
        _ type: String, _ processors: [StreamProcessor], payloads: [String: Google_Protobuf_Any] = [:],
        change: ([UInt8]) -> [UInt8] = { $0 }
    ) async throws -> (applied: Containerd_Types_Descriptor?, failure: RPCError?, layer: [UInt8]) {
        let fixture = try await Fixture.start(processors: processors)
        let layer = try tar(.none) {
            let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            try $0.write(ArchiveEntry(path: "file", kind: .file, mode: 0o644), content: content)
        }
        let blob = try await fixture.put(change(layer))
        let mounts = try await fixture.call(SnapshotsService.prepare) {
            $0.snapshotter = "overlayfs"
            $0.key = "k"
        }.mounts
        var applied: Containerd_Types_Descriptor?
        let error = await failure {
            applied = try await fixture.call(DiffService.apply) {
                $0.diff.digest = blob
                $0.diff.mediaType = type
                $0.mounts = mounts
                $0.payloads = payloads
            }.applied
        }
        await fixture.stop()
        return (applied, error, layer)
    }

    private func shell(_ id: String, _ accepts: String, _ returns: String, _ script: String) -> StreamProcessor {
        StreamProcessor(id: id, accepts: [accepts], returns: returns, path: "sh", arguments: ["-c", script])
    }

    @Test("A program makes a layer of another type one that is known; what it returns may be compressed")
    func one() async throws {
        // The other type: all bytes turned by one half of their range.
        let turn = "tr '\\000-\\377' '\\200-\\377\\000-\\177'"
        for (returns, script) in [(Self.tarType, turn), ("\(Self.tarType)+gzip", "\(turn) | gzip -1")] {
            let result = try await apply("test/turned", [shell("turn", "test/turned", returns, script)]) { layer in
                layer.map { $0 &+ 128 }
            }
            #expect(result.failure == nil && result.applied?.digest == digest(result.layer))
            #expect(result.applied?.size == Int64(result.layer.count) && result.applied?.mediaType == Self.tarType)
        }
    }

    @Test("Programs follow each other, and each is told its type")
    func chain() async throws {
        let said = FileManager.default.temporaryDirectory.appending(path: "ukm-types-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: said) }
        let note = "echo $STREAM_PROCESSOR_MEDIATYPE $EXTRA >>\(said); "
        var second = shell("second", "test/b", "\(Self.tarType)+gzip", note + "exec gzip -c")
        second.environment = ["EXTRA=e"]
        let result = try await apply("test/a", [second, shell("first", "test/a", "test/b", note + "exec cat")])
        #expect(result.applied?.digest == digest(result.layer))
        let lines = Set(try String(contentsOfFile: said, encoding: .utf8).split(separator: "\n"))
        #expect(lines == ["test/a", "test/b e"])
    }

    @Test("A processor comes before what is known without one")
    func precedence() async throws {
        let unzip = StreamProcessor(
            id: "unzip", accepts: ["\(Self.tarType)+gzip"], returns: Self.tarType, path: "/bin/sh",
            arguments: ["-c", "echo no >&2; exit 3"])
        #expect(
            try await apply("\(Self.tarType)+gzip", [unzip]).failure == RPCError(.unknown, "stream processor unzip: no")
        )
    }

    @Test("What the client has for a processor stands at its descriptor 3")
    func payload() async throws {
        let payload = Google_Protobuf_Any.with {
            $0.typeURL = "test/key"
            $0.value = Data("secret".utf8)
        }
        let script = "grep -aq secret <&3 && exec cat"
        #expect(
            try await apply("test/a", [shell("p", "test/a", Self.tarType, script)], payloads: ["p": payload]).failure
                == nil)
        // Without one there is no such descriptor.
        let other = try await apply("test/a", [shell("p", "test/a", Self.tarType, script)], payloads: ["q": payload])
        #expect(other.failure?.code == .unknown)
    }

    @Test("What goes wrong is told, and ends the apply")
    func failures() async throws {
        func message(_ processors: StreamProcessor...) async throws -> String? {
            try await apply("test/a", processors).failure?.message
        }
        #expect(try await message() == "unsupported diff media type: test/a: not implemented")
        #expect(
            try await message(
                StreamProcessor(id: "p", accepts: ["test/a"], returns: Self.tarType, path: "ukm-not-there"))
                == "failed to get stream processor for test/a: exec: \"ukm-not-there\": executable file not found in $PATH"
        )
        // All of the layer, and yet a failure.
        #expect(
            try await message(shell("p", "test/a", Self.tarType, "cat; echo bad key >&2; exit 1"))
                == "stream processor p: bad key")
        #expect(
            try await message(shell("p", "test/a", Self.tarType, "cat; kill -9 $$"))
                == "stream processor p: exit status 137"
        )
        // More words than are kept, more bytes than a pipe holds, and nobody reads.
        #expect(
            try await message(
                shell("p", "test/a", Self.tarType, "head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1"))?.utf8.count
                == "stream processor p: ".utf8.count + (8 << 10))
        #expect(
            try await message(shell("p", "test/a", "test/b", "cat"), shell("q", "test/b", "test/a", "cat"))
                == "stream processors of test/a lead in a circle at p: failed precondition")
        #expect(
            try await message(shell("p", "test/a", "test/b", "cat"))
                == "unsupported diff media type: test/b: not implemented")
    }

    @Test("A layer that is refused ends its programs")
    func refusedLayer() async throws {
        let hostile = try tar(.none) { try $0.write(ArchiveEntry(path: "../../evil", kind: .file, mode: 0o644)) }
        let result = try await apply(
            "test/a", [shell("p", "test/a", Self.tarType, "cat; exec sleep \(Self.moment)")]
        ) { _ in hostile }
        #expect(result.failure?.code == .invalidArgument && !Self.sleeps())
    }

    @Test("A client that gives up ends the programs")
    func cancellation() async throws {
        let fixture = try await Fixture.start(processors: [
            shell("p", "test/a", Self.tarType, "exec sleep \(Self.moment)")
        ])
        let blob = try await fixture.put(tar(.none) { _ in })
        let mounts = try await fixture.call(SnapshotsService.prepare) {
            $0.snapshotter = "overlayfs"
            $0.key = "k"
        }.mounts
        var options = fixture.options
        options.timeout = .milliseconds(300)
        let error = await failure {
            _ = try await fixture.channel.call(
                DiffService.apply,
                .with {
                    $0.diff.digest = blob
                    $0.diff.mediaType = "test/a"
                    $0.mounts = mounts
                }, options: options)
        }
        #expect(error?.code == .deadlineExceeded)
        var looks = 0
        while Self.sleeps(), looks < 10_000 {
            looks += 1
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(!Self.sleeps())
        await fixture.stop()
    }

    /// How long programs sleep that are to be found again.
    private static let moment = "\(100_000 + getpid())"

    private static func sleeps() -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { pid in
            guard Int(pid) != nil, let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else {
                return false
            }
            return line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } == ["sleep", moment]
        }
    }
}
