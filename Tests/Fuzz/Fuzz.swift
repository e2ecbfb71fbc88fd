// Unsafe pointers: libFuzzer's driver, a C function.
import Glibc

/// A parser that is fed with bytes from outside. Whatever they are, it returns or throws.
protocol FuzzTarget: SendableMetatype {
    /// Its name on the command line, and its folder in the corpus.
    static var name: String { get }
    /// Parses `bytes`. A trap is a find; so is a broken promise, which the target looks for itself.
    static func run(_ bytes: UnsafeRawBufferPointer)
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// `ukfuzz TARGET [libFuzzer's arguments]`, or `ukfuzz` alone for the targets' names.
@main
enum Fuzz {
    private static let targets: [any FuzzTarget.Type] = [
        ChallengeTarget.self, ConfigurationTarget.self, ElfTarget.self, FilterTarget.self,
        FstabTarget.self,
        HostsTarget.self, ImageDocumentTarget.self, JSONTarget.self, KernelMessageTarget.self, LayerTarget.self,
        NoteTarget.self, ReferenceTarget.self, ShimMessageTarget.self, SpecificationTarget.self, TarTarget.self,
        TTRPCTarget.self,
    ]
    nonisolated(unsafe) private static var chosen: any FuzzTarget.Type = TTRPCTarget.self

    static func main() {
        let words = CommandLine.arguments
        guard words.count > 1 else { return targets.forEach { print($0.name) } }
        guard let target = targets.first(where: { $0.name == words[1] }) else {
            print("ukfuzz: no target \(words[1])")
            exit(2)
        }
        chosen = target
        exit(drive([words[0]] + words.dropFirst(2)))
    }

    private static func drive(_ words: [String]) -> CInt {
        // The driver keeps the list: it is never freed.
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: words.count + 1)
        for (index, word) in words.enumerated() { list[index] = strdup(word) }
        list[words.count] = nil
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = list
        var count = CInt(words.count)
        return runDriver(&count, &arguments) { start, count in
            Fuzz.chosen.run(UnsafeRawBufferPointer(start: start, count: count))
            return 0
        }
    }
}
