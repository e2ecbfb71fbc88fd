/// What is wrong with a settings file, and where.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// The file, the place in it and what is wrong there.
    public var description: String

    /// An error with its text.
    public init(_ description: String) { self.description = description }
}
