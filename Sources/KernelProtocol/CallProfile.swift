// Members that carry no comment are said by their names; initializers take them, and read and write them in their order.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

/// What a container's processes may call, beyond what the kernel itself refuses: config.json's `linux.seccomp` (OCI runtime
/// specification, config-linux.md, Seccomp). Verdicts are what a seccomp filter returns (seccomp(2)).
public struct CallProfile: WireValue, Equatable {
    /// For calls that no rule names, or whose rules' tests all fail.
    public var otherwise: UInt32
    /// For calls whose number is above that of every call that a rule names: calls that the profile's author could not know of.
    public var unknown: UInt32
    public var rules: [Rule]
    /// SECCOMP_FILTER_FLAG_LOG.
    public var isLogged: Bool

    /// `verdict` for calls named so, when all tests hold. The first rule that does decides; one without tests goes before all.
    public struct Rule: WireValue, Equatable {
        public var names: [String]
        public var verdict: UInt32
        public var tests: [Test]

        public init(names: [String], verdict: UInt32, tests: [Test] = []) {
            self.names = names
            self.verdict = verdict
            self.tests = tests
        }

        public init(from reader: inout WireReader) throws {
            names = try reader.read()
            verdict = try reader.read()
            tests = try reader.read()
        }

        public func write(to writer: inout WireWriter) {
            writer.write(names)
            writer.write(verdict)
            writer.write(tests)
        }
    }

    /// How an argument is compared, as unsigned 64-bit numbers.
    public enum Comparison: UInt32, Sendable {
        case notEqual = 1
        case less
        case lessOrEqual
        case equal
        case greaterOrEqual
        case greater
        /// The argument's bits of `value` are those of `other`.
        case masked
    }

    /// A test of one argument, 0 to 5.
    public struct Test: WireValue, Equatable {
        public var argument: UInt32
        public var comparison: Comparison
        public var value: UInt64
        public var other: UInt64

        public init(argument: UInt32, comparison: Comparison, value: UInt64, other: UInt64 = 0) {
            self.argument = argument
            self.comparison = comparison
            self.value = value
            self.other = other
        }

        public init(from reader: inout WireReader) throws {
            argument = try reader.read()
            let number: UInt32 = try reader.read()
            guard argument < 6, let comparison = Comparison(rawValue: number) else { throw WireError.truncated }
            self.comparison = comparison
            value = try reader.read()
            other = try reader.read()
        }

        public func write(to writer: inout WireWriter) {
            writer.write(argument)
            writer.write(comparison.rawValue)
            writer.write(value)
            writer.write(other)
        }
    }

    public init(otherwise: UInt32, unknown: UInt32, rules: [Rule] = [], isLogged: Bool = false) {
        self.otherwise = otherwise
        self.unknown = unknown
        self.rules = rules
        self.isLogged = isLogged
    }

    public init(from reader: inout WireReader) throws {
        otherwise = try reader.read()
        unknown = try reader.read()
        rules = try reader.read()
        isLogged = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(otherwise)
        writer.write(unknown)
        writer.write(rules)
        writer.write(isLogged)
    }
}
