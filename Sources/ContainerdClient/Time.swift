import Glibc
import SwiftProtobuf

extension Google_Protobuf_Timestamp {
    /// The present.
    public static var now: Google_Protobuf_Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Google_Protobuf_Timestamp(seconds: Int64(time.tv_sec), nanos: Int32(time.tv_nsec))
    }

    /// `2024-01-31T12:00:00.123456789Z`, as Go's RFC3339Nano has it.
    public var rfc3339: String {
        var seconds = time_t(self.seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func pad(_ number: Int32, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        var text =
            "\(pad(parts.tm_year + 1900, 4))-\(pad(parts.tm_mon + 1))-\(pad(parts.tm_mday))"
            + "T\(pad(parts.tm_hour)):\(pad(parts.tm_min)):\(pad(parts.tm_sec))"
        if nanos > 0 {
            var fraction = pad(nanos, 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            text += "." + fraction
        }
        return text + "Z"
    }
}

/// The time so many seconds from now, in RFC 3339.
func rfc3339(secondsFromNow seconds: Int64) -> String {
    var time = Google_Protobuf_Timestamp.now
    time.seconds += seconds
    time.nanos = 0
    return time.rfc3339
}
