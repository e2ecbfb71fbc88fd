import EngineClient
import Testing
import UkCommands

@Suite struct FormatTests {
    private let container = try! JSONParser.parse(
        #"{"Name":"/web","State":{"Pid":12,"Running":true},"Ports":{"80/tcp":[{"HostPort":"8080"}]},"Env":["A=1","B=2"],"Nothing":null}"#
    )

    @Test(arguments: [
        ("{{.Name}} {{.State.Pid}}", "/web 12"),
        ("{{json .Env}}", #"["A=1","B=2"]"#),
        ("{{range .Env}}<{{.}}>{{end}}", "<A=1><B=2>"),
        ("{{range $i, $e := .Env}}{{$i}}={{$e}};{{end}}", "0=A=1;1=B=2;"),
        ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
        ("{{if not .State.Running}}x{{else if eq .State.Pid 12}}twelve{{end}}", "twelve"),
        (#"{{(index (index .Ports "80/tcp") 0).HostPort}}"#, "8080"),
        (#"{{join .Env ","}} {{len .Env}} {{.Name | upper}}"#, "A=1,B=2 2 /WEB"),
        (#"{{printf "%s-%d %%" .Name .State.Pid}}"#, "/web-12 %"),
        ("a {{- /* no */ -}} b", "ab"),
        ("a {{- .Name -}} b", "a/webb"),
        ("{{with .State}}{{.Pid}}{{end}} {{.Nothing}}", "12 <no value>"),
        ("{{.State}} {{.Env}}", "map[Pid:12 Running:true] [A=1 B=2]"),
        ("{{slice .Name 1}} {{$x := .State}}{{$x.Pid}}", "web 12"),
    ])
    func aTemplateIsGos(template: String, expected: String) throws {
        #expect(try Template(template).text(for: container) == expected)
    }

    @Test(arguments: [
        "{{", "{{.Name", "{{if .Name}}x", "{{end}}", "{{nope .Name}}", "{{.Missing}}", "{{range .Name}}{{end}}",
        "{{(.Name}}",
    ])
    func aBadTemplateIsAnError(template: String) {
        #expect(throws: (any Error).self) { try Template(template).text(for: container) }
    }

    @Test func columnsAreAlignedAsDockerAlignsThem() {
        var table = Table(header: ["ID", "A LONGER NAME", "LAST"])
        table.append(["0123456789ab", "x", "y"])
        #expect(table.lines == ["ID             A LONGER NAME   LAST", "0123456789ab   x               y"])
        var short = Table(header: ["A", "B"])
        short.append(["1", "2"])
        #expect(short.lines == ["A         B", "1         2"])
    }

    @Test func sizesAreThoseOfDocker() {
        #expect(
            [0, 999, 1000, 1_980_000, 2_140_160, 1_500_000_000].map { Sizes.decimal($0) } == [
                "0B", "999B", "1kB", "1.98MB", "2.14MB", "1.5GB",
            ])
        #expect([604_160, 25_277_440_000].map { Sizes.binary($0) } == ["590KiB", "23.54GiB"])
        #expect(
            ["64m", "1.5g", "1024", "2KiB", "3kb", "0"].map { Sizes.parse($0) } == [
                67_108_864, 1_610_612_736, 1024, 2048, 3072, 0,
            ])
        #expect(["", "x", "-1", "1z", "ib"].allSatisfy { Sizes.parse($0) == nil })
    }

    @Test func durationsAreThoseOfDocker() {
        let words: [(Int64, String)] = [
            (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (180, "3 minutes"),
            (3600, "About an hour"), (7200, "2 hours"), (172_800, "2 days"), (1_209_600, "2 weeks"),
            (5_184_000, "2 months"),
            (63_072_000, "2 years"),
        ]
        for (seconds, text) in words { #expect(Durations.words(seconds: seconds) == text) }
        #expect(Durations.parse("1h30m") == 5_400_000_000_000)
        #expect(Durations.parse("1.5s") == 1_500_000_000)
        #expect(Durations.parse("x") == nil && Durations.parse("5") == nil && Durations.parse("") == nil)
    }

    @Test func momentsAreReadInAllTheirForms() throws {
        #expect(Timestamp("1970-01-02T00:00:01.5Z")?.nanoseconds == 86_401_500_000_000)
        #expect(Timestamp("1970-01-01T02:00:00+02:00")?.seconds == 0)
        #expect(Timestamp("2026-11-24T08:00:00.123456789-01:30") != nil)
        for bad in ["", "x", "2026", "2026-11", "0001-01-01T00:00:00Z", "2026-11-24Tx"] {
            #expect(Timestamp(bad) == nil)
        }
        let now = Timestamp(seconds: 1000)
        #expect(Timestamp.query("10s", now: now) == "990.000000000")
        #expect(Timestamp.query("1700000000.5", now: now) == "1700000000.5")
        #expect(Timestamp.query("nonsense", now: now) == nil)
    }
}
