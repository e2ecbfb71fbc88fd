import CShimMessages
import Glibc
import TTRPC

/// A moment of the wall clock (google.protobuf.Timestamp).
struct Timestamp: Equatable {
    var seconds: Int64
    var nanoseconds: Int32

    static func now() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(seconds: Int64(now.tv_sec), nanoseconds: Int32(now.tv_nsec))
    }

    func message(in arena: MessageArena) -> UnsafeMutablePointer<Google__Protobuf__Timestamp> {
        arena.message(
            makeMessage(google__protobuf__timestamp__init) {
                $0.seconds = seconds
                $0.nanos = nanoseconds
            })
    }
}
