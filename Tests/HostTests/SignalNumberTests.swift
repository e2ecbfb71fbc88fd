import Host
import Testing

@Suite struct SignalNumberTests {
    @Test(
        arguments: [
            ("TERM", 15), ("SIGTERM", 15), ("sigkill", 9), ("9", 9), ("0", 0), ("RTMIN", 34), ("RTMIN+3", 37),
            ("RTMIN+15", 49), ("RTMAX-14", 50), ("SIGRTMAX-1", 63), ("sigrtmax", 64),
        ] as [(String, Int32)])
    func signalsAreKnownByNameAndNumber(_ text: String, _ number: Int32) {
        #expect(SignalNumber.named(text) == number)
    }

    @Test(arguments: [
        "", "FOO", "SIG", "-1", "65", "1.5", "RTMIN3", "RTMAX2", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+16", "RTMIN+99",
        "RTMIN+03", "RTMAX-15", "SIGSIGTERM",
    ])
    func whatIsNoSignalIsRefused(_ text: String) {
        #expect(SignalNumber.named(text) == nil)
    }
}
