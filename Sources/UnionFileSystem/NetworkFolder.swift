/// /proc/net as a container sees it that has its own addresses: the files that programs open, with their headings, and none
/// of the host's sockets.
enum NetworkFolder {
    private static let sockets =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    static var shared: MadeFolder {
        MadeFolder([
            "arp": .text("IP address       HW type     Flags       HW address            Mask     Device\n"),
            "dev": .text(
                """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0

                """),
            "if_inet6": .text(""),
            "netstat": .text(""),
            "packet": .text("sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n"),
            "raw": .text(sockets),
            "route": .text("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"),
            "snmp": .text(""),
            "sockstat": .text("sockets: used 0\n"),
            "tcp": .text(sockets),
            "tcp6": .text(sockets),
            "udp": .text(sockets),
            "udp6": .text(sockets),
            "unix": .text("Num       RefCount Protocol Flags    Type St Inode Path\n"),
        ])
    }
}
