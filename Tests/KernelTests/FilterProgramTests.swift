import Kernel
import SystemPackage
import Testing

@Suite struct FilterProgramTests {
    let secret: (UInt64, UInt64) = (0x1122_3344_5566_7788, 0x99AA_BBCC_DDEE_FF00)
    var filter: FilterInterpreter {
        FilterInterpreter(instructions: FilterProgram(rows: SystemCallTable.rows, secret: secret).instructions)
    }

    func verdict(_ action: SystemCall.Action) -> UInt32 {
        switch action {
        case .native: 0x7FFF_0000
        case .handled: 0x7FC0_0000
        case .refused(let errno): 0x0005_0000 | UInt32(errno.rawValue)
        case .depends(_, let otherwise): verdict(otherwise)
        }
    }

    @Test func everyRowGetsItsVerdict() {
        let filter = filter
        for row in SystemCallTable.rows {
            // An argument that no rule asks for: large, without bits that masks look at.
            let arguments = [UInt64](repeating: 0x4000_0000_0000_1000, count: 6)
            #expect(filter.verdict(UInt32(row.number), arguments) == verdict(row.action), "\(row.name)")
            guard case .depends(let rules, _) = row.action else { continue }
            for rule in rules {
                if case .isAnsweringCode = rule.test {
                    let places: [UInt64] = [0x050F_0041, 0x050F_0042, 0x050F_0043, 0x1_050F_0042]
                    for place in places {
                        let expected = place == 0x050F_0042 ? rule.action : row.action
                        let found = filter.verdict(UInt32(row.number), arguments, instructionPointer: place)
                        #expect(found == verdict(expected), "\(row.name) from \(place)")
                    }
                    continue
                }
                let values: [UInt64] =
                    switch rule.test {
                    case .isZero: [0]
                    case .masked(let mask, let values): values.map { UInt64($0 | ~mask & 0xA5A5_A5A5) }
                    case .isOne(let values): values.map { UInt64($0) }
                    case .isWithin(let range): [range.lowerBound, range.upperBound].map { UInt64($0) }
                    case .hasBit(let mask): (0..<32).map { UInt64(1) << $0 }.filter { $0 & UInt64(mask) != 0 }
                    case .isAnsweringCode: []
                    }
                for value in values {
                    var arguments = arguments
                    arguments[rule.argument] = value
                    #expect(filter.verdict(UInt32(row.number), arguments) == verdict(rule.action), "\(row.name)")
                }
            }
        }
    }

    @Test func unknownCallsAndOtherMachinesDoNotExist() {
        let (filter, missing) = (filter, 0x0005_0000 | UInt32(38))
        let known = Set(SystemCallTable.rows.map(\.number))
        for number in (0..<1000).filter({ !known.contains($0) }) + [0x4000_0000, 0x4000_0001, 0x7FFF_FFFF, 0xFFFF_FFFF]
        {
            #expect(filter.verdict(UInt32(number)) == missing)
        }
        #expect(filter.verdict(1, architecture: 0x4000_0003) == missing)
    }

    @Test func onlyTheSecretOpensTheNurserysDoor() {
        let filter = filter
        let words = [secret.0 & 0xFFFF_FFFF, secret.0 >> 32, secret.1 & 0xFFFF_FFFF, secret.1 >> 32]
        #expect(filter.verdict(62, [.max, 9] + words) == 0x7FFF_0000)
        #expect(filter.verdict(231, [0, 0] + words) == 0x7FFF_0000)
        #expect(filter.verdict(56, [17, 0] + words) == 0x7FFF_0000)
        #expect(filter.verdict(56, [0x100, 0] + words) == 0x7FC0_0000)
        for index in 0..<4 {
            var wrong = words
            wrong[index] ^= 1
            #expect(filter.verdict(62, [.max, 9] + wrong) == 0x7FC0_0000)
        }
        #expect(filter.verdict(62, [1234, 9] + words) == 0x7FFF_0000)
        #expect(filter.verdict(62, [.max, 15] + words) == 0x7FC0_0000)
    }

    @Test func theTableNamesEachCallOnceAndAllHaveHandlers() {
        let rows = SystemCallTable.rows
        #expect(Set(rows.map(\.number)).count == rows.count)
        #expect(Set(rows.map(\.name)).count == rows.count)
        for row in rows {
            if case .handled = row.action { #expect(row.handler != nil) }
        }
    }
}
