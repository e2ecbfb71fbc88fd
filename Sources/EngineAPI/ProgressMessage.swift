/// One line of the progress streams of load, pull, import and build.
public struct ProgressMessage: Codable, Sendable, Equatable, Blank {
    /// Text to print.
    public var stream: String?
    /// What is going on.
    public var status: String?
    /// The layer that it is about.
    public var id: String?
    /// A bar, drawn by old daemons.
    public var progress: String?
    /// Bytes.
    public var progressDetail: ProgressDetail?
    /// What went wrong.
    public var error: String?
    /// The same for newer clients.
    public var errorDetail: ErrorDetail?

    /// All fields blank.
    public init() {}

    /// The fields given; the others stay blank.
    public init(
        stream: String? = nil, status: String? = nil, id: String? = nil, progress: String? = nil,
        progressDetail: ProgressDetail? = nil, error: String? = nil, errorDetail: ErrorDetail? = nil
    ) {
        self.stream = stream
        self.status = status
        self.id = id
        self.progress = progress
        self.progressDetail = progressDetail
        self.error = error
        self.errorDetail = errorDetail
    }

    enum CodingKeys: String, CodingKey {
        case stream
        case status
        case id
        case progress
        case progressDetail
        case error
        case errorDetail
    }

    /// Bytes done and to do.
    public struct ProgressDetail: Codable, Sendable, Equatable, Blank {
        /// Done.
        public var current: Int64?
        /// To do.
        public var total: Int64?

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(current: Int64? = nil, total: Int64? = nil) {
            self.current = current
            self.total = total
        }

        enum CodingKeys: String, CodingKey {
            case current
            case total
        }
    }

    /// What went wrong.
    public struct ErrorDetail: Codable, Sendable, Equatable, Blank {
        /// A code.
        public var code: Int?
        /// For people to read.
        @Lenient public var message: String

        /// All fields blank.
        public init() {}

        /// The fields given; the others stay blank.
        public init(code: Int? = nil, message: String = "") {
            self.code = code
            self.message = message
        }

        enum CodingKeys: String, CodingKey {
            case code
            case message
        }
    }
}
