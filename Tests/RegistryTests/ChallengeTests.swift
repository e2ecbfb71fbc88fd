import Registry
import Testing

@Suite struct ChallengeTests {
    @Test func bearerWithQuotedParameters() {
        let challenges = Challenge.parse(
            #"Bearer realm="https://auth.example/token",service="registry, the \"real\" one",scope="repository:a/b:pull,push""#
        )
        #expect(challenges.count == 1)
        #expect(challenges[0].scheme == "bearer")
        #expect(challenges[0].parameters["realm"] == "https://auth.example/token")
        #expect(challenges[0].parameters["service"] == #"registry, the "real" one"#)
        #expect(challenges[0].parameters["scope"] == "repository:a/b:pull,push")
    }

    @Test func severalChallengesInOneHeader() {
        let challenges = Challenge.parse(#"Basic realm="one", Negotiate, bearer Realm=two , error=x"#)
        #expect(challenges.map(\.scheme) == ["basic", "negotiate", "bearer"])
        #expect(challenges[0].parameters == ["realm": "one"])
        #expect(challenges[2].parameters == ["realm": "two", "error": "x"])
    }

    @Test(arguments: ["", ",,,", "=", "\"", #"Bearer realm=""#, "Bearer realm", "\u{0}", #"Bearer realm="a\"#])
    func garbageEndsTheList(_ text: String) {
        #expect(Challenge.parse(text).allSatisfy { $0.parameters["realm"] == nil })
    }
}
