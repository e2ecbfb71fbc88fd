import Registry

/// WWW-Authenticate headers of a registry.
enum ChallengeTarget: FuzzTarget {
    static let name = "challenge"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        for challenge in Challenge.parse(String(decoding: bytes, as: UTF8.self)) {
            precondition(!challenge.scheme.isEmpty)
        }
    }
}
