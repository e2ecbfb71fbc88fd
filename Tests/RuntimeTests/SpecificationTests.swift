import Glibc
import KernelProtocol
import OCISpec
import Runtime
import SystemPackage
import Testing

@Suite struct SpecificationTests {
    private func root(_ line: String) throws -> RootSpecification {
        try RootSpecification(try #require(try FstabLine(line)))
    }

    @Test func overlayFormIsReadTopmostFirst() throws {
        let root = try root(#"overlay / overlay index=off,workdir=/s/w,upperdir=/s/u,lowerdir=/l/2:/l/1 0 0"#)
        #expect(root == RootSpecification(layers: ["/l/2", "/l/1"], upper: "/s/u", work: "/s/w"))
    }

    @Test func overlayWithoutUpperCannotBeWritten() throws {
        #expect(
            try root("overlay / overlay lowerdir=/a:/b 0 0")
                == RootSpecification(layers: ["/a", "/b"], isReadonly: true))
    }

    @Test func pathsMayHoldWhatSeparatesThem() throws {
        let root = try root(#"overlay / overlay lowerdir=/a\040b\134:c:/d\134,e 0 0"#)
        #expect(root.layers == ["/a b:c", "/d,e"])
    }

    @Test func bindFormIsAFolder() throws {
        #expect(try root("/s/1 / bind rbind,rw 0 0") == RootSpecification(upper: "/s/1"))
        #expect(try root("/s/1 / bind rbind,ro 0 0") == RootSpecification(layers: ["/s/1"], isReadonly: true))
        #expect(try root("/s/1 / none bind 0 0") == RootSpecification(upper: "/s/1"))
    }

    @Test func whatIsNotKnownIsRefused() throws {
        #expect(throws: RuntimeError.self) { try root("/dev/sda1 / ext4 rw 0 0") }
        #expect(throws: RuntimeError.self) { try root("x / bind rbind 0 0") }
        #expect(throws: RuntimeError.self) { try FstabLine("one two") }
        #expect(try FstabLine("  # a comment") == nil)
    }

    @Test func configurationIsDistilled() throws {
        let bundle = try TestBundle()
        bundle.spec.hostname = "h"
        bundle.spec.root?.readonly = true
        bundle.spec.mounts = [.init(destination: "data", source: "files", options: ["rbind", "ro"])]
        bundle.spec.linux?.sysctl = ["b": "2", "a": "1"]
        bundle.spec.linux?.resources = .init(memory: .init(limit: -1), cpu: .init(quota: 5), pids: .init(limit: 7))
        bundle.spec.annotations = ["org.ukontainer.x": "1", "other": "2"]
        bundle.spec.process?.capabilities = .init(bounding: ["CAP_CHOWN", "cap_kill", "CAP_NOT_YET"])
        try bundle.write()
        let specification = try ContainerSpecification(id: "c", bundle: try Bundle(bundle.path))
        #expect(
            specification.root == RootSpecification(upper: bundle.path.appending("rootfs").string, isReadonly: true))
        #expect(
            specification.mounts == [
                MountSpecification(
                    destination: "/data", type: "bind", source: bundle.path.appending("files").string,
                    options: ["rbind", "ro"])
            ])
        #expect(specification.sysctls == ["a=1", "b=2"])
        #expect(specification.limits == Limits(pids: 7, memory: 0, cpuQuota: 5))
        #expect(specification.annotations == ["org.ukontainer.x=1"])
        #expect(specification.process.capabilities.bounding == 1 << 0 | 1 << 5)
    }

    static let unusable: [(String, @Sendable (inout RuntimeSpec) -> Void)] = [
        ("args must not be empty", { $0.process?.args = [] }),
        ("Cwd must be an absolute path", { $0.process?.cwd = "x" }),
        ("wrong rlimit value: RLIMIT_X", { $0.process?.rlimits = [.init(type: "RLIMIT_X", hard: 1, soft: 1)] }),
        ("config.json is of version \"2.0\"", { $0.ociVersion = "2.0" }),
        ("invalid rootfs", { $0.root?.path = "missing" }), ("root property must not be empty", { $0.root = nil }),
        ("process property must not be empty", { $0.process = nil }),
    ]

    @Test(arguments: unusable)
    func unusableConfigurationIsNamed(_ text: String, _ spoil: @Sendable (inout RuntimeSpec) -> Void) throws {
        let bundle = try TestBundle()
        spoil(&bundle.spec)
        try bundle.write()
        let error = #expect(throws: RuntimeError.self) {
            try ContainerSpecification(id: "c", bundle: try Bundle(bundle.path))
        }
        #expect(error?.description.hasPrefix(text) == true)
    }

    @Test func bundleWithoutConfigurationIsNamed() throws {
        let bundle = try TestBundle()
        let error = #expect(throws: RuntimeError.self) { try Bundle(bundle.path) }
        #expect(error?.description == "JSON specification file config.json not found")
    }

    @Test func failureToExecuteIsSaidInGosWords() {
        func text(_ errno: Errno, _ name: String, _ text: String = "") -> String {
            KernelFailure(errno: errno, text: text).startError(of: [name])
        }
        #expect(text(.noSuchFileOrDirectory, "foo") == #"exec: "foo": executable file not found in $PATH"#)
        #expect(text(.noSuchFileOrDirectory, "/foo").hasSuffix("stat /foo: no such file or directory"))
        #expect(text(.permissionDenied, "/etc").hasSuffix("permission denied"))
        #expect(text(.noSuchFileOrDirectory, "x", "chdir to cwd (\"/y\")") == "chdir to cwd (\"/y\")")
    }
}
