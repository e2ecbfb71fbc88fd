import OCISpec

/// The `--change` instructions of import and commit: Dockerfile lines that change an image's configuration.
package enum ImageChanges {
    /// Applies the lines in order.
    ///
    /// - Throws: `EngineError` with 400 for one that is no such instruction.
    package static func apply(_ lines: [String], to config: ImageConfiguration.Config) throws
        -> ImageConfiguration.Config
    {
        var config = config
        for line in lines {
            let parts = line.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard parts.count == 2 else { throw EngineError(400, "cannot read the change '\(line)'") }
            let value = parts[1].trimmed
            switch parts[0].uppercased() {
            case "CMD": config.cmd = command(value)
            case "ENTRYPOINT": config.entrypoint = command(value)
            case "ENV":
                let pair = pairs(value)
                config.env = SpecBuilder.merge(config.env ?? [], pair.map { "\($0)=\($1)" })
            case "LABEL": config.labels = (config.labels ?? [:]).merging(pairs(value), uniquingKeysWith: { $1 })
            case "USER": config.user = value
            case "WORKDIR": config.workingDir = value
            case "STOPSIGNAL": config.stopSignal = value
            case "EXPOSE":
                for port in value.split(separator: " ") {
                    config.exposedPorts = config.exposedPorts ?? [:]
                    config.exposedPorts?[port.contains("/") ? String(port) : port + "/tcp"] = .init()
                }
            case "VOLUME":
                for place in list(value) ?? value.split(separator: " ").map(String.init) {
                    config.volumes = config.volumes ?? [:]
                    config.volumes?[place] = .init()
                }
            default: throw EngineError(400, "\(parts[0]) is not a valid change command")
            }
        }
        return config
    }

    private static func list(_ value: String) -> [String]? {
        value.hasPrefix("[") ? try? JSON.decode([String].self, from: Array(value.utf8)) : nil
    }

    private static func command(_ value: String) -> [String] { list(value) ?? ["/bin/sh", "-c", value] }

    /// `a=b c="d e"`, or the old form `a b`.
    private static func pairs(_ value: String) -> [(String, String)] {
        guard value.contains("=") else {
            let parts = value.split(separator: " ", maxSplits: 1).map(String.init)
            return parts.count == 2 ? [(parts[0], parts[1])] : []
        }
        var words: [String] = []
        var word = ""
        var quote: Character?
        for character in value {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words.compactMap { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
