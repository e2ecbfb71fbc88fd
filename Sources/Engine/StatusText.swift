import EngineAPI

/// States and times as `docker ps` prints them.
package enum StatusText {
    /// Such as `Up 3 minutes` or `Exited (0) 2 hours ago`.
    static func status(of record: ContainerRecord, now: Timestamp = .now) -> String {
        switch record.phase {
        case .making, .created: return "Created"
        case .removing: return "Removal In Progress"
        case .running, .paused, .ending:
            let text = "Up \(elapsed(since: record.started, now: now))"
            return record.phase == .paused ? text + " (Paused)" : text
        case .exited:
            // A container that could not be started has no end of its own.
            guard Timestamp(record.finished).map({ $0 > .zero }) ?? false else { return "Created" }
            return "Exited (\(record.exitCode)) \(elapsed(since: record.finished, now: now)) ago"
        }
    }

    private static func elapsed(since text: String, now: Timestamp) -> String {
        guard let start = Timestamp(text) else { return "an unknown time" }
        return duration(seconds: max(0, now.seconds - start.seconds))
    }

    /// A span of time in the words of docker's units package.
    package static func duration(seconds: Int64) -> String {
        let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600)
        switch true {
        case seconds < 1: return "Less than a second"
        case seconds == 1: return "1 second"
        case seconds < 60: return "\(seconds) seconds"
        case minutes == 1: return "About a minute"
        case minutes < 60: return "\(minutes) minutes"
        case hours == 1: return "About an hour"
        case hours < 48: return "\(hours) hours"
        case hours < 24 * 7 * 2: return "\(hours / 24) days"
        case hours < 24 * 30 * 2: return "\(hours / 24 / 7) weeks"
        case hours < 24 * 365 * 2: return "\(hours / 24 / 30) months"
        default: return "\(hours / 24 / 365) years"
        }
    }
}
