import Glibc
import SwiftProtobuf

extension Google_Protobuf_Timestamp {
    /// The present.
    public static var now: Google_Protobuf_Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var result = Google_Protobuf_Timestamp()
        result.seconds = Int64(time.tv_sec)
        result.nanos = Int32(time.tv_nsec)
        return result
    }

    /// A time in RFC 3339, as labels carry it (`2026-01-02T03:04:05Z`, with a fraction and an offset if need be); nil for
    /// anything else.
    public init?(rfc3339 text: String) {
        guard let time = try? Google_Protobuf_Timestamp(jsonString: "\"\(text)\"") else { return nil }
        self = time
    }
}

extension Google_Protobuf_Timestamp: @retroactive Comparable {
    /// Whether `left` is earlier.
    public static func < (left: Google_Protobuf_Timestamp, right: Google_Protobuf_Timestamp) -> Bool {
        (left.seconds, left.nanos) < (right.seconds, right.nanos)
    }
}
