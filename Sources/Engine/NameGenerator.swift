/// Names for containers that were given none: an adjective and the surname of somebody who built machines or thought about
/// them.
package enum NameGenerator {
    private static let adjectives = """
        able airy ample apt bold brave breezy brisk bright calm candid careful cheery chosen civil clear clever cosy crisp
        curious dapper daring deft dewy eager early earnest easy even fair famous fine firm fleet fluent fond frank fresh
        gentle glad golden grand handy hardy hasty hearty helpful honest humble jolly keen kind large lasting level light
        lively loyal lucid lucky mellow merry mild modest neat nimble noble open orderly patient plain pleasant plucky polite
        prompt proud pure quick quiet rapid ready robust rosy round sage serene sharp silent simple sincere smart smooth
        snappy sober solid sound spry stable steady still stout strong subtle sunny sure swift tender thorough tidy trim
        true upbeat useful vivid warm wise witty worthy young zesty
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    private static let surnames = """
        abel aho aiken allen amdahl babbage backus bardeen bartik berners booth bohm brattain brooks byron cantor cerf church
        clarke cocke codd conway cray curry dahl darwin diffie dijkstra eckert einstein engelbart euclid euler faraday
        feynman floyd frege galois gauss godel goldberg gosling hamilton hamming hennessy hertz hilbert hoare hollerith
        holberton hopper huffman iverson jacquard kahn kay kernighan kilby kleene knuth lamport lamarr leibniz lesk liskov
        lovelace maxwell mccarthy mcilroy milner minsky moore napier naur newell newton noether noyce nygaard ohm ousterhout
        pascal patterson perlis plauger post postel raskin ritchie rivest russell samuel shannon shockley sifakis simon
        stallman steele stibitz strachey sutherland tarjan thompson torvalds turing ulam viterbi volta watt weizenbaum wiener
        wilkes wirth wozniak yao zuse
        """.split(whereSeparator: \.isWhitespace).map(String.init)

    /// A name; after a few attempts that were taken, one with a number.
    package static func make(attempt: Int) -> String {
        let name = "\(adjectives.randomElement() ?? "plain")_\(surnames.randomElement() ?? "turing")"
        return attempt < 6 ? name : "\(name)\(Int.random(in: 0..<10_000))"
    }

    /// 64 hexadecimal digits, not all of the first twelve decimal: such an id would read as a number where it is a host name.
    package static func identifier() -> String {
        while true {
            let digits = (0..<4).map { _ in hex(UInt64.random(in: .min ... .max)) }.joined()
            if digits.prefix(12).contains(where: \.isLetter) { return digits }
        }
    }

    fileprivate static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

extension NameGenerator {
    /// A random UUID, version 4 (RFC 9562).
    package static func uuid() -> String {
        let (high, low) = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        let text = hex(high & ~0xF000 | 0x4000) + hex(low & ~(3 << 62) | 1 << 63)
        let digits = Array(text)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }
}
