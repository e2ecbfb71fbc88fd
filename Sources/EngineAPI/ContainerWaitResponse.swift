/// `POST /containers/{id}/wait`.
public struct ContainerWaitResponse: Codable, Sendable, Equatable, Blank {
    /// The exit code.
    @Lenient public var statusCode: Int64
    /// Why waiting failed.
    public var error: WaitError?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(statusCode: Int64 = 0, error: WaitError? = nil) {
        self.statusCode = statusCode
        self.error = error
    }

    enum CodingKeys: String, CodingKey {
        case statusCode = "StatusCode"
        case error = "Error"
    }

    /// Why waiting failed.
    public struct WaitError: Codable, Sendable, Equatable, Blank {
        /// For people to read.
        @Lenient public var message: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(message: String = "") {
            self.message = message
        }

        enum CodingKeys: String, CodingKey {
            case message = "Message"
        }
    }
}
