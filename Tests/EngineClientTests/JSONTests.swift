import EngineClient
import Testing

@Suite struct JSONTests {
    @Test func aValueKeepsTheOrderOfItsMembersAndTheDigitsOfItsNumbers() throws {
        let text = #"{"b":1.50,"a":[true,null,"x\"\\\n\u00e9"],"big":12345678901234567890}"#
        let value = try JSONParser.parse(text)
        #expect(value.compactText == #"{"b":1.50,"a":[true,null,"x\"\\\n"# + "é" + #""],"big":12345678901234567890}"#)
        #expect(value["A"]?.elements.count == 3, "members are found without regard to case")
    }

    @Test func surrogatePairsBecomeOneCharacter() throws {
        #expect(try JSONParser.parse(#""\ud83d\ude00""#).string == "😀")
        #expect(try JSONParser.parse(#""\ud83d""#).string == "\u{FFFD}")
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\"}", "{\"a\":}", "tru", "\"abc", "1 2", "{\"a\":1}}", "nul", "\"\\q\""])
    func whatIsNotJSONIsRefused(text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(text) }
    }

    @Test func aTooDeepTextIsRefusedRatherThanOverflowingTheStack() {
        #expect(throws: JSONParser.Failure.self) {
            try JSONParser.parse(String(repeating: "[", count: 100_000))
        }
    }

    @Test func indentedTextIsGos() throws {
        let value = try JSONParser.parse(#"[{"a":{},"b":[1,2]}]"#)
        #expect(
            value.indentedText()
                == "[\n    {\n        \"a\": {},\n        \"b\": [\n            1,\n            2\n        ]\n    }\n]")
    }

    @Test func aStreamIsCutIntoItsValuesWhereverTheNetworkCutsIt() throws {
        let text = "{\"a\":\"}{\"}\r\n{\"b\":[{}]}{\"c\":\"\\\"}\"}\n"
        for size in 1...text.utf8.count {
            var stream = JSONStream()
            var values: [JSONValue] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                values += try stream.append(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            #expect(values.map(\.compactText) == [#"{"a":"}{"}"#, #"{"b":[{}]}"#, #"{"c":"\"}"}"#])
        }
    }

    @Test func garbageInAStreamIsAnError() {
        var stream = JSONStream()
        #expect(throws: JSONParser.Failure.self) { _ = try stream.append("oops{}".utf8) }
    }
}
