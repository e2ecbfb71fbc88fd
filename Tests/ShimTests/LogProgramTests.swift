import Shim
import Testing

@Suite struct LogProgramTests {
    @Test func theQuerysNamesAndValuesBecomeArguments() {
        let (path, arguments) = LogProgram.parse("binary:///usr/bin/logger?--tag=a%20b+c&verbose&x=%2Fy%zz")
        #expect(path == "/usr/bin/logger")
        #expect(arguments == ["--tag", "a b c", "verbose", "x", "/y%zz"])
    }

    @Test func aPathAloneHasNoArguments() {
        let (path, arguments) = LogProgram.parse("binary:///opt/my%20logger+1")
        #expect(path == "/opt/my logger+1")
        #expect(arguments.isEmpty)
    }
}
