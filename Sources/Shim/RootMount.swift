/// A mount of a Create request, and its line in the bundle's `rootfs.fstab`.
package struct RootMount: Equatable {
    package var type: String
    package var source: String
    package var target: String
    package var options: [String]

    package init(type: String, source: String, target: String, options: [String]) {
        self.type = type
        self.source = source
        self.target = target
        self.options = options
    }

    /// The line in fstab(5)'s form; what would end a field is written as three octal digits behind a backslash.
    package var line: String {
        let fields = [
            source.isEmpty ? "none" : source,
            target.isEmpty ? "/" : target,
            type.isEmpty ? "none" : type,
            options.isEmpty ? "defaults" : options.joined(separator: ","),
        ]
        return fields.map(RootMount.escape).joined(separator: " ") + " 0 0\n"
    }

    private static func escape(_ field: String) -> String {
        var result: [UInt8] = []
        for byte in field.utf8 {
            switch byte {
            case 0x20, 0x09, 0x0A, UInt8(ascii: "\\"), UInt8(ascii: "#"):
                let digits = String(byte, radix: 8)
                result.append(UInt8(ascii: "\\"))
                result.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 3 - digits.utf8.count))
                result.append(contentsOf: digits.utf8)
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
