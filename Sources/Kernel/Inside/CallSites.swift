import Glibc
import UnionFileSystem

/// From where in its program a process calls what it could answer by itself, and how often: a value that a child starts
/// with as its parent has it.
struct CallSites {
    /// A file that a process opened.
    struct Opened {
        let folder: ObjectIdentifier
        var file: UInt64
        /// Up to which name it was given descriptors.
        var name: Name
        /// How many descriptors of the same file it is given at once.
        var copies = 0
    }
    static let mostOpened = 6

    /// Whether call sites may be changed to lead into the answering code.
    var mayChange = false
    /// Whether the table was mapped.
    var isReady = false
    /// Whether descriptors can be kept in it, and what it opened last.
    var keeps = false
    /// This end of the socket over which it gets them; -1: none.
    var socket: CInt = -1
    /// Files it opened lately, each the last one of its folder or one that it opens again and again; the latest first.
    var opened: [Opened] = []
    /// The tree that it goes through.
    var walk = TreeWalk()
    /// What others opened that ran the same program, and up to where it did the same.
    var history: OpeningHistory?
    var place = OpeningHistory.Place()
    /// How many of a folder's next files, or of a tree's next files and folders, it is given at once.
    var ahead = 0
    /// Which it was given last, by inode number.
    var given: [UInt64] = []
    /// The mapping in which the last call site lay.
    var code: Range<UInt64> = 0..<0
    /// How often it asked for the table.
    var requests = 0
    /// Where its stack began.
    var stackTop: UInt64 = 0
    /// The thread that lends its memory to a child (vfork(2)) and waits for it to be given back.
    var lender: pid_t = 0
    /// The memory is a parent's.
    var isBorrowed = false
    /// For good: over execs, and for children.
    var isBarred = false
    /// The last few places behind a system call instruction, and how often each called.
    private var places: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private var counts: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
    private var next: UInt8 = 0

    /// What `count` says of a place that was given up.
    static let givenUp: UInt8 = 255

    /// How often a place has called, this time included; 254 is often.
    mutating func count(_ place: UInt64) -> UInt8 {
        func step(_ count: inout UInt8) -> UInt8 {
            if count < 254 { count += 1 }
            return count
        }
        if places.0 == place { return step(&counts.0) }
        if places.1 == place { return step(&counts.1) }
        if places.2 == place { return step(&counts.2) }
        if places.3 == place { return step(&counts.3) }
        switch next & 3 {
        case 0: (places.0, counts.0) = (place, 1)
        case 1: (places.1, counts.1) = (place, 1)
        case 2: (places.2, counts.2) = (place, 1)
        default: (places.3, counts.3) = (place, 1)
        }
        next &+= 1
        return 1
    }

    /// A place is not to be changed.
    mutating func giveUp(_ place: UInt64) {
        if places.0 == place { counts.0 = CallSites.givenUp }
        if places.1 == place { counts.1 = CallSites.givenUp }
        if places.2 == place { counts.2 = CallSites.givenUp }
        if places.3 == place { counts.3 = CallSites.givenUp }
    }

    /// What a child that fork(2) or vfork(2) made begins with.
    var ofChild: CallSites {
        var child = self
        child.isBorrowed = isBorrowed || lender != 0
        child.lender = 0
        child.socket = -1
        child.walk = TreeWalk()
        return child
    }
}
