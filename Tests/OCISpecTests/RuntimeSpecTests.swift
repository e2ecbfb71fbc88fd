import OCISpec
import Testing

@Suite struct RuntimeSpecTests {
    private func decode(_ text: String) throws -> RuntimeSpec { try JSON.decode(from: Array(text.utf8)) }

    @Test func toleratesUnknownMembersAndGoNulls() throws {
        let spec = try decode(
            """
            {"ociVersion":"1.1.0","future":{"a":[1]},"process":{"cwd":"/","args":["x"],"env":null,"user":{},
             "rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":1}],"scheduler":{"policy":"SCHED_BATCH"}},
             "mounts":null,"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,
             "syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]},"resources":{"memory":{"limit":-1,"swappiness":60}}}}
            """)
        #expect(spec.process?.user?.uid == 0)
        #expect(spec.process?.rlimits?.first?.hard == .max)
        #expect(spec.linux?.resources?.memory?.limit == -1)
        #expect(spec.linux?.seccomp?.syscalls?.first?.names == ["read"])
    }

    @Test func defaultSurvivesBeingWrittenAndRead() throws {
        let spec = RuntimeSpec.default(
            arguments: ["sh"], terminal: true, hostname: "h", cgroupsPath: "/default/c", annotations: ["a": "b"])
        #expect(try JSON.decode(RuntimeSpec.self, from: try JSON.encode(spec)) == spec)
        #expect(try JSON.decode(RuntimeSpec.self, from: try JSON.encode(spec, pretty: true)) == spec)
        #expect(
            spec.mounts?.map(\.destination) == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/run"])
    }

    @Test func errorNamesThePlace() {
        let error = #expect(throws: JSONError.self) {
            try decode(#"{"ociVersion":"1.0.2","process":{"cwd":"/","args":["a",3]}}"#)
        }
        #expect(error?.path == "process.args[1]")
        #expect(throws: JSONError.self) { try decode("{") }
        #expect(throws: JSONError.self) { try decode(#"{"process":{}}"#) }
    }

    @Test func textForPeopleIsIndentedLikeGo() throws {
        let value = JSONValue.object(["a": .string("x\"{,"), "b": .array([]), "c": .array([.integer(1), .null])])
        let text = String(decoding: try JSON.encode(value, pretty: true), as: UTF8.self)
        #expect(text == "{\n  \"a\": \"x\\\"{,\",\n  \"b\": [],\n  \"c\": [\n    1,\n    null\n  ]\n}")
    }
}
