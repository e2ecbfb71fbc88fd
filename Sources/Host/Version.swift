/// The version of every program of the chain.
public enum Version {
    /// Such as `0.2.0`.
    public static let text = "0.2.0"
}
