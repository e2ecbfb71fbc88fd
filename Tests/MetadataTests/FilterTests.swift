import Metadata
import RPC
import Testing

private struct Thing: Filterable {
    var name = ""
    var labels: [String: String] = [:]

    func field(_ path: [String]) -> String? {
        switch path.first {
        case "name": name.isEmpty ? nil : name
        case "labels": mapField(path.dropFirst(), labels)
        default: nil
        }
    }
}

@Suite("Filters")
struct FilterTests {
    private let thing = Thing(
        name: "docker.io/library/busybox:1", labels: ["foo": "true", "a.b/c": "x y", "empty": ""])

    @Test(
        "What matches",
        arguments: [
            "", "name==docker.io/library/busybox:1", #"name=="docker.io/library/busybox:1""#, "labels.foo",
            "labels.foo==true", #"labels."a.b/c"=="x y""#, "name!=other", "labels.none!=x", "name~=busybox",
            "name~=^docker", #"name~=|/busybox:\d$|"#, "labels.foo==true,name~=lib", " labels.foo , name ",
            "labels.empty", "name!=/x/y", #"labels."a.b/c"~=/^x\sy$/"#,
        ])
    func matches(filter: String) throws { #expect(try Filter([filter]).matches(thing)) }

    @Test(
        "What does not match",
        arguments: [
            "name==other", "labels.none", "labels.none==x", "labels.foo!=true", "name~=^busybox", "other",
            "labels.foo==true,name==other", "labels.none~=.*", "labels",
        ])
    func differs(filter: String) throws { #expect(try !Filter([filter]).matches(thing)) }

    @Test("A list matches what any of it matches, and an empty list everything")
    func lists() throws {
        #expect(try Filter(["name==other", "labels.foo"]).matches(thing))
        #expect(try !Filter(["name==other", "labels.none"]).matches(thing))
        #expect(try Filter([]).matches(thing) && Filter(["name==other", ""]).matches(thing))
    }

    @Test(
        "What cannot be parsed is an invalid argument",
        arguments: ["name=", "name=x", "==x", "name==", "name==x,", #"name=="x"#, "name==x y", "name~=(", "na me"])
    func invalid(filter: String) {
        #expect { try Filter([filter]) } throws: { ($0 as? RPCError)?.code == .invalidArgument }
    }
}
