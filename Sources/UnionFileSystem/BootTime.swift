import Glibc

/// The time at which this kernel began, in seconds since 1970: what files that were never written show as theirs.
let bootTime: Int64 = {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec)
}()
