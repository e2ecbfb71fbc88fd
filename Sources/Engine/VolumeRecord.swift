/// What is kept of a volume.
struct VolumeRecord: Codable, Sendable {
    var name: String
    var created: String
    var labels: [String: String]
    var options: [String: String]
    /// Made for one container, without a name of its own.
    var anonymous: Bool
}
