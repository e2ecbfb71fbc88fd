import KernelProtocol

extension RootSpecification {
    /// What a snapshotter's mount says about the root, read instead of mounted.
    ///
    /// - Throws: `RuntimeError` for a form that is neither overlay's nor bind's.
    package init(_ mount: FstabLine) throws {
        self.init()
        let options = mount.options
        switch mount.type {
        case "overlay":
            for option in options {
                if let value = option.value(of: "lowerdir") {
                    layers = value.pathList
                } else if let value = option.value(of: "upperdir") {
                    upper = value.pathList.first
                } else if let value = option.value(of: "workdir") {
                    work = value.pathList.first
                }
            }
            guard !layers.isEmpty || upper != nil else {
                throw RuntimeError("overlay mount of the root names neither lowerdir nor upperdir")
            }
        case _ where mount.type == "bind" || options.contains("bind") || options.contains("rbind"):
            guard mount.source.first == "/" else {
                throw RuntimeError("bind mount of the root from \"\(mount.source)\", which is no absolute path")
            }
            if options.contains("ro") { layers = [mount.source] } else { upper = mount.source }
        default:
            throw RuntimeError("cannot read a root of type \"\(mount.type)\": overlay and bind are known")
        }
        isReadonly = upper == nil || options.contains("ro")
    }
}

extension String {
    /// The text after `name=`, or nil.
    fileprivate func value(of name: String) -> String? {
        guard hasPrefix(name), utf8.dropFirst(name.utf8.count).first == UInt8(ascii: "=") else { return nil }
        return String(dropFirst(name.count + 1))
    }

    /// overlay's list of paths: colons between them, backslashes before what is meant literally.
    fileprivate var pathList: [String] {
        var paths: [String] = []
        var path = ""
        var escaped = false
        for character in self {
            if escaped {
                path.append(character)
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else if character == ":" {
                paths.append(path)
                path = ""
            } else {
                path.append(character)
            }
        }
        paths.append(path)
        return paths.filter { !$0.isEmpty }
    }
}
