/// A text that is made when it is asked for.
struct Document: Sendable {
    /// Its media type.
    var type: String
    var text: String
}
