/// The keys that end the client and leave the container running: by default control-P, control-Q.
public struct DetachKeys: Sendable, Equatable {
    /// The bytes that the keys send, in order; empty when there are none.
    public let bytes: [UInt8]
    /// The keys as they were named.
    public let text: String

    /// Docker's default.
    public static let standard = DetachKeys(text: "ctrl-p,ctrl-q")!

    /// The keys that `text` names: letters, or `ctrl-` and one of `a` to `z`, `@`, `[`, `\`, `]`, `^`, `_`, with commas
    /// between; nil when it names none.
    public init?(text: String) {
        var bytes: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            let characters = Array(key.utf8)
            if characters.count == 1 {
                bytes.append(characters[0])
            } else if key.lowercased().hasPrefix("ctrl-"), characters.count == 6 {
                let letter = characters[5] >= UInt8(ascii: "a") ? characters[5] - 32 : characters[5]
                guard 64...95 ~= letter else { return nil }
                bytes.append(letter - 64)
            } else {
                return nil
            }
        }
        self.bytes = bytes
        self.text = text
    }
}

/// Finds the detach keys in what is typed. Keys that begin the sequence are held back until it is clear what follows.
public struct DetachFilter: Sendable {
    private let keys: [UInt8]
    private var matched = 0

    /// A filter that looks for `keys`.
    public init(keys: DetachKeys) { self.keys = keys.bytes }

    /// Takes the next bytes typed; returns what goes on to the container, and whether the keys were complete.
    public mutating func filter(_ bytes: some Sequence<UInt8>) -> (passed: [UInt8], detached: Bool) {
        guard !keys.isEmpty else { return (Array(bytes), false) }
        var passed: [UInt8] = []
        for byte in bytes {
            if byte == keys[matched] {
                matched += 1
                if matched == keys.count { return (passed, true) }
                continue
            }
            passed += keys[..<matched]
            matched = byte == keys[0] ? 1 : 0
            if matched == 0 {
                passed.append(byte)
            } else if keys.count == 1 {
                return (passed, true)
            }
        }
        return (passed, false)
    }
}
