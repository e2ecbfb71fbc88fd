import Glibc
import Host
import Runtime
import Testing

@Suite struct CommandLineTests {
    static let flags = GoFlags(
        values: ["root", "bundle", "env", "process", "format"], switches: ["force", "detach", "debug"],
        aliases: ["b": "bundle", "e": "env", "d": "detach", "p": "process", "f": "format"],
        aliasesByCommand: ["delete": ["f": "force"]], passing: ["exec"])

    @Test(
        arguments: [
            (["-root", "/x", "create", "--bundle", "b", "id"], ["--root=/x", "create", "--bundle=b", "id"]),
            (["--root=/x", "create", "-b=b", "id"], ["--root=/x", "create", "--bundle=b", "id"]),
            (["delete", "-f", "id"], ["delete", "--force", "id"]),
            (["delete", "--force=true", "id"], ["delete", "--force", "id"]),
            (["delete", "--force=false", "id"], ["delete", "id"]),
            (["list", "-f", "json"], ["list", "--format=json"]),
            (
                ["exec", "-d", "-e", "A=b", "id", "ls", "-d", "--root", "x"],
                ["exec", "--detach", "--env=A=b", "--", "id", "ls", "-d", "--root", "x"]
            ),
            (["exec", "-e", "-x", "id"], ["exec", "--env=-x", "--", "id"]),
            (["kill", "id", "--what"], ["kill", "id", "--what"]),
            (["create", "--bundle"], ["create", "--bundle"]),
        ] as [([String], [String])])
    func goFormsAreBroughtIntoOne(_ given: [String], _ wanted: [String]) {
        #expect(Self.flags.normalized(given) == wanted)
    }

    @Test func durationsAreGos() throws {
        #expect(GoDuration.milliseconds("1m30s") == 90_000)
        #expect(GoDuration.milliseconds("250ms") == 250)
        #expect(GoDuration.milliseconds("0s") == 0)
        for wrong in ["5", "", "-1s", "s", "1x", "99999999999h"] { #expect(GoDuration.milliseconds(wrong) == nil) }
    }
}
