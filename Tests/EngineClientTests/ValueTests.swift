import EngineClient
import Testing

@Suite struct ValueTests {
    @Test func framesAreTakenApartWhereverTheyAreCut() throws {
        let bytes: [UInt8] =
            [1, 0, 0, 0, 0, 0, 0, 3] + Array("out".utf8) + [2, 0, 0, 0, 0, 0, 0, 0] + [2, 0, 0, 0, 0, 0, 0, 2]
            + Array("er".utf8)
        for size in 1...bytes.count {
            var demultiplexer = StreamDemultiplexer()
            var texts: [StreamDemultiplexer.Channel: String] = [:]
            var rest = bytes[...]
            while !rest.isEmpty {
                for piece in try demultiplexer.append(Array(rest.prefix(size))) {
                    texts[piece.channel, default: ""] += String(decoding: piece.bytes, as: UTF8.self)
                }
                rest = rest.dropFirst(size)
            }
            #expect(texts == [.output: "out", .error: "er"])
        }
    }

    @Test func anUnknownStreamIsAnError() {
        var demultiplexer = StreamDemultiplexer()
        #expect(throws: StreamDemultiplexer.Failure(number: 9)) {
            _ = try demultiplexer.append([9, 0, 0, 0, 0, 0, 0, 1, 65])
        }
    }

    @Test func theOlderVersionIsChosenByNumberNotByText() {
        #expect(EngineClient.older("1.9", "1.50") == "1.9")
        #expect(EngineClient.older("1.100", "1.50") == "1.50")
    }

    @Test func addressesAreThoseOfDockerHost() throws {
        #expect(try EngineAddress("unix:///run/x.sock") == .unix("/run/x.sock"))
        #expect(try EngineAddress("/run/x.sock") == .unix("/run/x.sock"))
        #expect(try EngineAddress("tcp://h:1234") == .tcp(host: "h", port: 1234))
        #expect(try EngineAddress("tcp://h") == .tcp(host: "h", port: 2375))
        for bad in ["", "foo", "ssh://x", "tcp://", "tcp://h:x", "unix://"] {
            #expect(throws: EngineError.badAddress(bad)) { try EngineAddress(bad) }
        }
    }

    @Test func aTargetEscapesItsQueryAndLeavesOutWhatIsNil() {
        let request = EngineRequest("GET", "/x", query: [("a", "b c&d=é"), ("no", nil), ("z", "")])
        #expect(request.target(version: "1.50") == "/v1.50/x?a=b%20c%26d%3D%C3%A9&z=")
        #expect(request.target(version: nil).hasPrefix("/x?"))
    }

    @Test func filtersOfOneNameAreJoined() {
        #expect(filterQuery([("a", "1"), ("b", "2"), ("a", "3")]) == #"{"a":["1","3"],"b":["2"]}"#)
        #expect(filterQuery([]) == nil)
    }
}
