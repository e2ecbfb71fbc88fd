import ArgumentParser

extension DetachKeys: ExpressibleByArgument {
    /// The keys that an option's value names.
    public init?(argument: String) { self.init(text: argument) }
    /// The keys as help shows them.
    public var defaultValueDescription: String { text }
}
