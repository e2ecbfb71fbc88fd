import Shim
import Testing

@Suite struct ShimSocketTests {
    @Test func thePathDependsOnManagerNamespaceAndContainer_andOnNothingElse() {
        func path(_ manager: String, _ namespace: String, _ id: String) -> String {
            ShimSocket.path(manager: manager, namespace: namespace, id: id).string
        }
        let paths = [
            path("/m", "n", "i"), path("/m", "n", "j"), path("/m", "ni", ""), path("/mn", "", "i"),
            path("", "/mn", "i"),
        ]
        #expect(Set(paths).count == paths.count)
        #expect(path("/m", "n", "i") == paths[0])
        #expect(paths.allSatisfy { $0.split(separator: "/").last?.utf8.count == 32 })
    }
}
