import Shim
import Testing

@Suite struct JSONValueTests {
    private func parse(_ text: String) -> JSONValue? { JSONValue(Array(text.utf8)) }

    @Test func membersAndElementsAreFound() {
        let value = parse(#" {"a": {"b": [1, 2, {"c": "d"}]}, "e": null, "f": true} "#)
        #expect(value?["a"]["b"].elements.map(\.unsigned) == [1, 2, 0])
        #expect(value?["a"]["b"].elements[2]["c"].string == "d")
        #expect(value?["no"]["such"]["thing"].string == nil)
    }

    @Test func countersUseAllSixtyFourBits() {
        #expect(parse("[18446744073709551615, -1, 1.5]")?.elements.map(\.unsigned) == [.max, 0, 0])
    }

    @Test func escapesAreResolved() {
        #expect(parse(#""a\"\\\/\n\tü\u00e9\ud83d\ude00\ud800""#)?.string == "a\"\\/\n\tüé😀\u{FFFD}")
    }

    @Test(arguments: ["", "  ", "{", "[1,", "{\"a\" 1}", "\"abc", "nonsense", "\"\\u12\"", "{1: 2}"])
    func whatIsNoJSONIsNil(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test func deepNestingIsRefused() {
        #expect(parse(String(repeating: "[", count: 100_000)) == nil)
    }
}
