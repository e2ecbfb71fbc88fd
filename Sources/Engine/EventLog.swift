import EngineAPI
import Glibc
import Host
import Synchronization
import SystemPackage

/// The engine's events: the last ones are kept, in memory and in a file, for `since`; new ones go to all who listen.
public final class EventLog: Sendable {
    /// Events that are kept, as many as moby keeps.
    static let capacity = 256
    /// Events that may wait for a listener that does not keep up; older ones are dropped then.
    static let backlog = 4096

    private struct State {
        var ring: [EventMessage] = []
        var listeners: [UInt64: AsyncStream<EventMessage>.Continuation] = [:]
        var next: UInt64 = 0
        var descriptor: FileDescriptor?
        var written = 0
    }

    private let state: Mutex<State>
    private let path: FilePath

    /// Reads the events of earlier runs from `path`. A file that cannot be read or written costs the past, nothing else.
    package init(path: FilePath) {
        self.path = path
        var ring: [EventMessage] = []
        if let text = readSmallFile(path.string) {
            for line in text.utf8.split(separator: 10).suffix(EventLog.capacity) {
                if let event = try? EngineJSON.decode(EventMessage.self, from: line) { ring.append(event) }
            }
        }
        state = Mutex(State(ring: ring))
        state.withLock { rewrite(&$0) }
    }

    /// Tells everyone.
    package func publish(type: String, action: String, id: String, attributes: [String: String]) {
        var event = EventMessage()
        event.type = type
        event.action = action
        event.actor = EventActor(id: id, attributes: attributes)
        event.scope = "local"
        let now = Timestamp.now
        event.time = now.seconds
        event.timeNano = now.nanosecondsSince1970
        if type == "container" || type == "image" {
            event.status = action
            event.id = id
            if type == "container" { event.from = attributes["image"] }
        }
        let line = try? EngineJSON.encode(event) + [10]
        state.withLock { state in
            state.ring.append(event)
            if state.ring.count > EventLog.capacity { state.ring.removeFirst(state.ring.count - EventLog.capacity) }
            for listener in state.listeners.values { listener.yield(event) }
            if let line, let descriptor = state.descriptor { _ = try? descriptor.writeAll(line) }
            state.written += 1
            if state.written > EventLog.capacity * 16 { rewrite(&state) }
        }
    }

    /// Writes the ring to a new file, which takes the old one's place.
    private func rewrite(_ state: inout State) {
        try? state.descriptor?.close()
        state.descriptor = nil
        state.written = 0
        let fresh = path.string + ".new"
        let fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
        guard fd >= 0 else { return }
        let descriptor = FileDescriptor(rawValue: fd)
        let lines = state.ring.compactMap { try? EngineJSON.encode($0) + [10] }.joined()
        _ = try? descriptor.writeAll(Array(lines))
        if rename(fresh, path.string) == 0 { state.descriptor = descriptor } else { try? descriptor.close() }
    }

    /// Past events from `since` on (none when nil), and all that come. The stream ends when its consumer is cancelled.
    public func subscribe(since: Timestamp?) -> AsyncStream<EventMessage> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EventMessage.self, bufferingPolicy: .bufferingNewest(EventLog.backlog))
        let number = state.withLock { state in
            if let since {
                for event in state.ring where event.timeNano >= since.nanosecondsSince1970 { continuation.yield(event) }
            }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [self] _ in
            state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }

    /// How many listen.
    var listeners: Int { state.withLock { $0.listeners.count } }
}

extension EventMessage {
    /// Whether the event passes the filters of `GET /events`.
    public func passes(_ filters: Filters) -> Bool {
        func object(_ kind: String) -> Bool {
            let wanted = filters[kind]
            guard !wanted.isEmpty else { return true }
            guard type == kind else { return false }
            return wanted.contains { name in
                name == actor.attributes["name"] || actor.id == name || (name.count >= 4 && actor.id.hasPrefix(name))
                    || (kind == "image" && actor.id.split(separator: ":").first.map(String.init) == name)
            }
        }
        let image = filters["image"]
        let imageMatches =
            image.isEmpty
            || image.contains { name in
                let own = type == "image" ? actor.id : actor.attributes["image"] ?? ""
                return own == name || own.hasPrefix(name + ":") || actor.attributes["name"] == name
            }
        let actions = filters["event"]
        return filters.allows("type", type) && filters.allows("scope", scope)
            && (actions.isEmpty || actions.contains { action == $0 || action.hasPrefix($0 + ":") })
            && object("container") && object("volume") && object("network") && object("daemon") && imageMatches
            && filters["label"].allSatisfy { label in
                let parts = label.split(separator: "=", maxSplits: 1).map { String($0) }
                guard let value = actor.attributes[parts.first ?? ""] else { return false }
                return parts.count == 1 || parts[1] == value
            }
    }
}
