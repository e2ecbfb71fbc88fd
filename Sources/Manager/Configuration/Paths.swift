// Unsafe pointers: glob(3).
import Glibc

/// Names of files by pattern.
enum Paths {
    /// What is there that matches `pattern` (glob(7)), sorted by name, without symbolic links and dots.
    static func matching(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            guard let path = realpath(found.gl_pathv[index]!, nil) else { return nil }
            defer { free(path) }
            return String(cString: path)
        }
    }
}
