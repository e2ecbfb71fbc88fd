import Kernel
import KernelProtocol
import Testing

@Suite struct ProfileProgramTests {
    typealias Rule = CallProfile.Rule
    typealias Test = CallProfile.Test
    static let allow: UInt32 = 0x7FFF_0000
    static let refuse: UInt32 = 0x0005_0001
    static let missing: UInt32 = 0x0005_0026

    func filter(_ rules: [Rule], otherwise: UInt32 = ProfileProgramTests.refuse) throws -> FilterInterpreter {
        FilterInterpreter(instructions: try program(rules, otherwise: otherwise).instructions)
    }

    func program(_ rules: [Rule], otherwise: UInt32 = ProfileProgramTests.refuse) throws -> ProfileProgram {
        let unknown = otherwise == Self.allow ? otherwise : Self.missing
        return try #require(
            ProfileProgram(
                CallProfile(otherwise: otherwise, unknown: unknown, rules: rules), rows: SystemCallTable.rows))
    }

    static let values: [UInt64] = [
        0, 1, 2, 0xFFFF_FFFF, 0x1_0000_0000, 0x1_0000_0001, 0x2_0000_0001, 0x7FFF_FFFF_FFFF_FFFF, .max - 1, .max,
    ]

    @Test(arguments: values) func argumentsAreComparedAsUnsignedNumbersOf64Bits(wanted: UInt64) throws {
        let comparisons: [(CallProfile.Comparison, (UInt64) -> Bool)] = [
            (.notEqual, { $0 != wanted }), (.less, { $0 < wanted }), (.lessOrEqual, { $0 <= wanted }),
            (.equal, { $0 == wanted }), (.greaterOrEqual, { $0 >= wanted }), (.greater, { $0 > wanted }),
            (.masked, { $0 & wanted == 0x1_0000_0001 & wanted }),
        ]
        for (comparison, holds) in comparisons {
            let test = Test(argument: 2, comparison: comparison, value: wanted, other: 0x1_0000_0001)
            // Another test behind it, so that both ways lead through more code.
            let last = Test(argument: 5, comparison: .equal, value: 9)
            let filter = try filter([Rule(names: ["personality"], verdict: Self.allow, tests: [test, last])])
            for value in Self.values {
                let expected = holds(value) ? Self.allow : Self.refuse
                #expect(filter.verdict(135, [7, 7, value, 7, 7, 9]) == expected, "\(value) \(comparison) \(wanted)")
                #expect(filter.verdict(135, [7, 7, value, 7, 7, 8]) == Self.refuse)
            }
        }
    }

    @Test func theFirstRuleThatHoldsDecidesAndOneWithoutTestsGoesBeforeAll() throws {
        let one = Test(argument: 0, comparison: .equal, value: 1)
        let two = Test(argument: 0, comparison: .equal, value: 2)
        let conditional = [
            Rule(names: ["mkdir", "no such call"], verdict: 0x0005_0011, tests: [one]),
            Rule(names: ["mkdir"], verdict: 0x0005_0012, tests: [two]),
        ]
        let filter = try filter(conditional, otherwise: Self.allow)
        #expect(filter.verdict(83, [1]) == 0x0005_0011)
        #expect(filter.verdict(83, [2]) == 0x0005_0012)
        #expect(filter.verdict(83, [3]) == Self.allow)
        #expect(filter.verdict(84, [1]) == Self.allow)
        let constant = try self.filter(conditional + [Rule(names: ["mkdir"], verdict: 0)], otherwise: Self.allow)
        #expect(constant.verdict(83, [1]) == 0)
    }

    @Test func callsThatAProfileCouldNotKnowOfDoNotExist() throws {
        let filter = try filter([Rule(names: ["read", "openat2"], verdict: Self.allow)])
        #expect(filter.verdict(0) == Self.allow)
        #expect(filter.verdict(1) == Self.refuse)
        #expect(filter.verdict(436) == Self.refuse)
        #expect(filter.verdict(437) == Self.allow)
        #expect(filter.verdict(438) == Self.missing)
        // Not this filter's to say: the kernel's refuses them.
        #expect(filter.verdict(0x4000_0000) == Self.allow)
        #expect(filter.verdict(1, architecture: 0x4000_0003) == Self.allow)
    }

    @Test func theLoaderMapsProgramsWhateverAProfileSays() throws {
        let filter = try filter([])
        let place: UInt64 = 0x2000_0000_1234
        #expect(filter.verdict(9, instructionPointer: place) == Self.allow)
        #expect(filter.verdict(9, instructionPointer: place + 0x10_0000) == Self.missing)
        #expect(filter.verdict(59, [0xFFFF_FFFF_FFFF_554B], instructionPointer: place) == Self.allow)
        #expect(filter.verdict(59, [0x1000], instructionPointer: place) == Self.missing)
        #expect(filter.verdict(157, [15], instructionPointer: place) == Self.allow)
        #expect(filter.verdict(157, [22], instructionPointer: place) == Self.missing)
        #expect(filter.verdict(2, instructionPointer: place) == Self.missing)
    }

    @Test func anExecThatIsAllowedGoesOnAsExecveat() throws {
        let filter = try filter([Rule(names: ["execve"], verdict: Self.allow)])
        #expect(filter.verdict(322, [3, 0, 0, 0, 0x1000]) == Self.allow)
        #expect(filter.verdict(322, [3, 0, 0, 0, 0]) == Self.refuse)
        let closed = try self.filter([Rule(names: ["read"], verdict: Self.allow)])
        #expect(closed.verdict(322, [3, 0, 0, 0, 0x1000]) == Self.missing)
    }

    @Test func callsThatAProfileHasASayAboutAreKnown() throws {
        let test = Test(argument: 0, comparison: .equal, value: 1)
        let program = try program(
            [
                Rule(names: ["stat"], verdict: Self.refuse), Rule(names: ["access"], verdict: 0, tests: [test]),
                Rule(names: ["open"], verdict: Self.allow, tests: [test]),
            ], otherwise: Self.allow)
        #expect(program.limited == [4, 21])
    }
}
