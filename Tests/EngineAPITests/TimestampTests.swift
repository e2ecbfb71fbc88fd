import EngineAPI
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2000-02-29T23:59:59.5Z", "2024-12-31T12:00:00.123456789Z",
        "1969-12-31T23:59:59.000000001Z",
    ])
    func textComesBackAsItWas(_ text: String) throws { #expect(try #require(Timestamp(text)).description == text) }

    @Test func offsetsCount() {
        #expect(Timestamp("2024-01-01T02:00:00+02:00") == Timestamp("2024-01-01T00:00:00Z"))
        #expect(Timestamp("2023-12-31T23:30:00-00:30") == Timestamp("2024-01-01T00:00:00Z"))
    }

    @Test func secondsWithAFractionAreRead() {
        #expect(Timestamp("1136073600.000000001") == Timestamp(seconds: 1_136_073_600, nanoseconds: 1))
        #expect(Timestamp("1136073600.5") == Timestamp(seconds: 1_136_073_600, nanoseconds: 500_000_000))
    }

    @Test(arguments: ["", "now", "2024-13-01T00:00:00Z", "2024-01-01", "2024-01-01T00:00:00", "12.x"])
    func otherTextIsNone(_ text: String) { #expect(Timestamp(text) == nil) }

    @Test func paddedTextHasNineDigits() {
        #expect(Timestamp(seconds: 0, nanoseconds: 5_000_000).padded == "1970-01-01T00:00:00.005000000Z")
        #expect(Timestamp.zero.description == "0001-01-01T00:00:00Z")
        #expect(Timestamp(nanosecondsSince1970: -1).description == "1969-12-31T23:59:59.999999999Z")
    }
}
