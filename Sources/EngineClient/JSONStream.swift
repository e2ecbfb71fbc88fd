/// Cuts a stream of JSON values, such as the progress of a load or the engine's events, into its values. The engine
/// writes them one after the other with or without a line's end between, and the network cuts them anywhere.
public struct JSONStream: Sendable {
    private var pending: [UInt8] = []
    private var depth = 0
    private var inString = false
    private var escaped = false

    /// An empty stream.
    public init() {}

    /// Takes the next bytes and returns the objects and arrays that they complete.
    ///
    /// - Throws: `JSONParser.Failure` when what is complete is not JSON.
    public mutating func append(_ bytes: some Sequence<UInt8>) throws -> [JSONValue] {
        var values: [JSONValue] = []
        for byte in bytes {
            if depth == 0, byte != UInt8(ascii: "{"), byte != UInt8(ascii: "[") {
                // Only space may stand between values; anything else shows up as a failure when a value completes.
                if ![0x20, 0x0A, 0x0D, 0x09].contains(byte) { pending.append(byte) }
                continue
            }
            pending.append(byte)
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    values.append(try JSONParser.parse(pending))
                    pending.removeAll(keepingCapacity: true)
                }
            default: break
            }
        }
        return values
    }
}
