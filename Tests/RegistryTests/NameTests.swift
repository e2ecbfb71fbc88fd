import OCISpec
import RPC
import Registry
import Testing

@Suite struct NameTests {
    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("arm64", "linux/arm64"), ("linux/arm/v7", "linux/arm/v7"),
        ("linux/x86_64", "linux/amd64"), ("armhf", "linux/arm/v7"), ("Linux/AArch64", "linux/arm64"),
    ])
    func platforms(_ text: String, _ expected: String) throws {
        #expect(try Platform(named: text).description == expected)
    }

    @Test(arguments: ["", "/", "a/b/c/d", "linux/"])
    func noPlatforms(_ text: String) {
        #expect(throws: RPCError.self) { try Platform(named: text) }
    }

    @Test func credentials() {
        let credentials = Credentials("user:pass:word")
        #expect(credentials.user == "user")
        #expect(credentials.password == "pass:word")
        #expect(credentials.basic == "Basic dXNlcjpwYXNzOndvcmQ=")
    }
}
