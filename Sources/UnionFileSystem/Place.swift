/// Where a lookup ended.
package enum Place {
    case node(Node)
    /// What a descriptor of a process holds and no name leads to: a pipe, a socket, a removed file. The path is the host's
    /// `/proc/PID/fd/N`.
    case descriptor(path: [UInt8])
}
