import Logging

/// What every container needs of the engine.
struct Services: Sendable {
    let configuration: EngineConfiguration
    let store: EngineStore
    let manager: any ManagerConnection
    let images: ImageStore
    let volumes: VolumeStore
    let events: EventLog
    let poller: Poller
    let logger: Logger
}
