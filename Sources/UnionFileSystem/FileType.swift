import Glibc

/// The type of a file, as the container sees it.
package enum FileType: UInt8, Sendable {
    case fifo = 1
    case characterDevice = 2
    case folder = 4
    case blockDevice = 6
    case file = 8
    case link = 10
    case socket = 12

    /// From the type bits of `st_mode`; getdents64 has the same numbers in `d_type`.
    package init(mode: UInt32) {
        self = FileType(rawValue: UInt8((mode & 0o170000) >> 12)) ?? .file
    }

    /// The type bits of `st_mode`.
    package var bits: UInt32 { UInt32(rawValue) << 12 }

    package var isDevice: Bool { self == .characterDevice || self == .blockDevice }

    /// The letter that stands for it in `user.ukontainer.stat`.
    var letter: UInt8 {
        switch self {
        case .fifo: UInt8(ascii: "p")
        case .characterDevice: UInt8(ascii: "c")
        case .folder: UInt8(ascii: "d")
        case .blockDevice: UInt8(ascii: "b")
        case .file: UInt8(ascii: "f")
        case .link: UInt8(ascii: "l")
        case .socket: UInt8(ascii: "s")
        }
    }

    init?(letter: UInt8) {
        switch letter {
        case UInt8(ascii: "p"): self = .fifo
        case UInt8(ascii: "c"): self = .characterDevice
        case UInt8(ascii: "d"): self = .folder
        case UInt8(ascii: "b"): self = .blockDevice
        case UInt8(ascii: "f"): self = .file
        case UInt8(ascii: "l"): self = .link
        case UInt8(ascii: "s"): self = .socket
        default: return nil
        }
    }
}
