import CHost
import Glibc
import Host
import SystemPackage
import TTRPC

/// How a process ended, and when.
struct ProcessExit: Equatable {
    /// 128 + the signal's number for one that was killed.
    var status: UInt32
    var at: Timestamp
}

/// One process of a container that its client knows: the first, or one added by Exec.
final class ContainerProcess {
    /// Where the process stands. It only moves forward.
    enum State: Int {
        /// The runtime is at work on it.
        case creating
        /// The first process waits to be started; an exec'd one does not exist yet.
        case created
        case starting
        case running
        case stopped
    }

    /// Empty for the first process.
    let execID: String
    let paths: StreamPaths
    /// For an exec'd process, its OCI process document.
    let document: [UInt8]
    var state: State
    /// 0 until the runtime has told it.
    var pid: pid_t = 0
    /// Set once the process is `stopped`.
    var exit: ProcessExit?
    /// Whether wait(2) has told its end: its pid may be somebody else's by now.
    var isReaped = false
    /// An end that came while the runtime was at work; it is dealt with afterwards, so that events keep their order.
    var heldExit: ProcessExit?
    /// Calls of Wait to be answered at the end.
    var waiters: [(ProcessExit) -> Void] = []
    var streams: StandardStreams?
    var relay: TerminalRelay?
    /// The last size asked for, for a terminal that does not exist yet.
    var size: (rows: UInt16, columns: UInt16)?

    init(execID: String, paths: StreamPaths, document: [UInt8] = [], state: State) {
        self.execID = execID
        self.paths = paths
        self.document = document
        self.state = state
    }

    /// Whether its end is still to be told.
    var isUnfinished: Bool { state == .starting || state == .running }
    /// Whether its pid is its own: known, and not reaped yet.
    var hasPid: Bool { pid > 0 && !isReaped }

    /// Connects the terminal whose master the runtime has sent to the client's streams.
    func attach(master: FileDescriptor, _ loop: EventLoop) throws {
        relay = try TerminalRelay(
            loop, master: master, input: streams?.process[0] ?? nil, output: streams?.process[1] ?? nil)
        if let size { try? relay?.resize(rows: size.rows, columns: size.columns) }
    }

    /// The process is gone: ends the relay; the client reads the end of the file once it has read the rest.
    func closeAfterExit() {
        relay?.close()
        relay = nil
        streams?.handOver()
        streams?.closeInput()
    }

    /// Closes all streams.
    func close() {
        relay?.close()
        relay = nil
        streams?.close()
        streams = nil
    }
}
