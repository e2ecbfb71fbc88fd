import Settings
import Testing

@Suite("TOML")
struct TOMLTextTests {
    @Test(
        "A table header without a name is refused with its line",
        arguments: ["[=]", "[[ .a]]", "a = 'x'\n[\u{e9}]", "[]", "\u{feff}[=]"])
    func badHeader(text: String) {
        #expect { try TOMLText.parse(text, file: "f") } throws: { error in
            "\(error)".hasPrefix(text.hasPrefix("a") ? "f:2: " : "f:1: ")
        }
    }

    @Test(
        "A brace in place of an array's value is refused with its line",
        arguments: ["a = [}", "a = [1,\n # x\n }]", "a = {b = 1, }"])
    func badValue(text: String) {
        let line = text.contains("\n") ? 3 : 1
        #expect(throws: SettingsError("f:\(line): expected a value")) { try TOMLText.parse(text, file: "f") }
    }

    @Test(
        "Brackets of arrays, strings and comments are no table headers",
        arguments: [
            "a = [\n  [1, 2],\n  [ [3] ],\n[]\n]", "a = \"\"\"\n[=]\n\"\"\"", "a = '''\n[=]\n'''", "# x\n# [=]",
            "a = \"\\\"\" # [\n[b]\nc = [\n[]]", "[ a . 'b' ] # ]\nc = {d = [1]}\n[[ \"e\" ]]", "",
        ])
    func others(text: String) throws { _ = try TOMLText.parse(text, file: "f") }
}
