import Host
import Testing

@Suite struct SignalNumberTests {
    @Test(
        arguments: [
            ("TERM", 15), ("SIGTERM", 15), ("sigkill", 9), ("9", 9), ("0", 0), ("RTMIN", 34), ("RTMIN+3", 37),
            ("SIGRTMAX-1", 63),
        ] as [(String, Int32)])
    func signalsAreKnownByNameAndNumber(_ text: String, _ number: Int32) {
        #expect(SignalNumber.named(text) == number)
    }

    @Test(arguments: ["", "FOO", "-1", "65", "RTMIN+99", "RTMAX+1", "1.5"])
    func whatIsNoSignalIsRefused(_ text: String) {
        #expect(SignalNumber.named(text) == nil)
    }
}
