import Shim
import Testing

@Suite struct RootMountTests {
    @Test func anOverlayIsOneLine() {
        let mount = RootMount(
            type: "overlay", source: "overlay", target: "", options: ["lowerdir=/a:/b", "upperdir=/u", "workdir=/w"])
        #expect(mount.line == "overlay / overlay lowerdir=/a:/b,upperdir=/u,workdir=/w 0 0\n")
    }

    @Test func whatWouldEndAFieldIsThreeOctalDigits() {
        let mount = RootMount(type: "bind", source: "/a b\t\n\\#é", target: "/", options: [])
        #expect(mount.line == "/a\\040b\\011\\012\\134\\043é / bind defaults 0 0\n")
    }
}
