import Shim
import Testing

@Suite struct ShimOptionsTests {
    @Test func containerdsCommandLineIsUnderstood() throws {
        let options = try ShimOptions([
            "-namespace", "moby", "-address", "/run/c.sock", "-publish-binary", "/usr/bin/containerd", "-id", "a1",
            "-debug",
            "start",
        ])
        #expect(options.namespace == "moby")
        #expect(options.address == "/run/c.sock")
        #expect(options.publishBinary == "/usr/bin/containerd")
        #expect(options.id == "a1")
        #expect(options.isDebug)
        #expect(options.action == .start)
    }

    @Test func flagsHaveOneDashOrTwo_andTheirValuesAnEqualsSignOrNot() throws {
        let options = try ShimOptions(["--namespace=n", "--id", "i", "-bundle=/b=c", "-debug=false", "delete"])
        #expect(options.namespace == "n")
        #expect(options.id == "i")
        #expect(options.bundle == "/b=c")
        #expect(!options.isDebug)
        #expect(options.action == .delete)
    }

    @Test func withoutAnActionTheShimServes() throws {
        #expect(try ShimOptions(["-namespace", "n", "-id", "i"]).action == .serve)
    }

    @Test(
        arguments: [
            (["-nonsense", "x"], "flag provided but not defined: -nonsense"),
            (["-nonsense"], "flag provided but not defined: -nonsense"), (["-id"], "flag needs an argument: -id"),
            (["dance"], "unknown action: dance"), (["start", "again"], "unknown action: start again"),
        ] as [([String], String)])
    func whatIsNotUnderstoodIsNamed(_ arguments: [String], _ text: String) {
        let error = #expect(throws: ShimUsageError.self) { _ = try ShimOptions(arguments) }
        #expect(error?.description == text)
    }
}
