import CHost
import SystemPackage

extension FileDescriptor {
    /// Has the disk begin to write these bytes of the file, without waiting: an fsync(2) later has the less to do.
    public func beginWriting(from offset: Int64, count: Int64) {
        ukh_begin_writing(rawValue, off_t(offset), off_t(count))
    }
}
