import ContainerdAPI
import Metadata

/// containerd's filters, matched against an image.
enum FilterTarget: FuzzTarget {
    static let name = "filter"

    private struct Sample: Filterable {
        func field(_ path: [String]) -> String? { path.first == "labels" ? path.joined(separator: ".") : path.last }
    }

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let filter = try? Filter([String(decoding: bytes, as: UTF8.self)]) else { return }
        _ = filter.matches(Sample())
    }
}
