import Host
import Manager
import TestSupport
import Testing

@Suite("Settings")
struct ConfigurationFileTests {
    @Test("A configuration of containerd's is accepted, and what is known of it is used")
    func configuration() throws {
        let file = try ConfigurationFile(
            """
            version = 2
            root = "/r" # here
            state = '/s'
            required_plugins = [
              "a",
            ]
            [grpc]
              address = "/run/a#b.sock"
              uid = 0
            [debug]
              level = "debug"
            [plugins]
              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "overlayfs"
                root = "/not/this"
            """, path: "config.toml")
        #expect(file.root == "/r" && file.state == "/s" && file.address == "/run/a#b.sock" && file.level == "debug")
    }

    @Test(
        "Settings of containerd's that mean something here are taken over; what has no effect and what is unknown is told"
    )
    func settings() throws {
        let file = try ConfigurationFile(
            """
            oom_score = -5
            disabled_plugins = ["cri", "io.containerd.snapshotter.v1.native"]
            typo = 1
            [grpc]
              gid = 1234
              max_recv_message_size = 1048576
              max_send_message_size = 2097152
              tcp_address = "127.0.0.1:1"
              tcp_tls_ca = ""
              colour = "red"
              uid = 1000
            [debug]
              address = "/run/d.sock"
              gid = 5
              format = "json"
            [metrics]
              address = "127.0.0.1:1338"
              grpc_histogram = true
            [stream_processors."org.example.decoder"]
              accepts = ["a/b+encrypted"]
              args = ["-k", "/keys"]
              env = ["A=b"]
              path = "decoder"
              returns = "a/b"
            [timeouts]
              "io.containerd.timeout.shim.cleanup" = "1m30s"
            [plugins."io.containerd.gc.v1.scheduler"]
              deletion_threshold = 20
              pause_threshold = 0.1
              schedule_delay = "250ms"
              startup_delay = "1s"
              mutation_threshold = 100
            [plugins."io.containerd.grpc.v1.cri".registry]
              config_path = "/x"
            [plugins."io.containerd.internal.v1.opt"]
              path = "/opt/tools"
            [plugins."org.example"]
              a = 1
            """, path: "c.toml")
        #expect(file.oomScore == -5 && file.group == 1234 && file.maximumMessageSize == 2_097_152)
        #expect(file.user == 1000 && file.logFormat == "json")
        #expect(file.debug.address == "/run/d.sock" && file.debug.user == nil && file.debug.group == 5)
        #expect(file.metricsAddress == "127.0.0.1:1338" && file.hasCallDurations == true)
        let decoder = StreamProcessor(
            id: "org.example.decoder", accepts: ["a/b+encrypted"], returns: "a/b", path: "decoder",
            arguments: ["-k", "/keys"], environment: ["A=b"])
        #expect(file.streamProcessors == [decoder.id: decoder])
        #expect(file.disabledPlugins == ["cri", "io.containerd.snapshotter.v1.native"])
        #expect(file.installFolder == "/opt/tools")
        #expect(file.timeouts == ["io.containerd.timeout.shim.cleanup": 90_000])
        #expect(file.collection.deletionThreshold == 20 && file.collection.pauseThreshold == 0.1)
        #expect(file.collection.scheduleDelay == 250 && file.collection.startupDelay == 1000)
        #expect(
            file.remarks == [
                "c.toml: without effect here: grpc.tcp_address, "
                    + "plugins.\"io.containerd.gc.v1.scheduler\".mutation_threshold, plugins.\"io.containerd.grpc.v1.cri\"",
                "c.toml: unknown keys, ignored: grpc.colour, plugins.\"org.example\", typo",
            ])
    }

    @Test("Imported files come on top, in the order of their names, each once")
    func imports() throws {
        let scratch = ScratchFolder()
        _ = scratch.folder("d")
        for (name, text) in [
            ("c.toml", "root = '/c'\nstate = '/s'\nimports = ['d/*.toml']"),
            ("d/1.toml", "root = '/1'\nimports = ['../c.toml']"),
            ("d/2.toml", "root = '/2'"), ("d/other", "root = '/other'"),
        ] {
            try AtomicFile.write(text.utf8, to: scratch.appending(name))
        }
        let file = try ConfigurationFile.load(scratch.appending("c.toml").string)
        #expect(file.root == "/2" && file.state == "/s")
    }

    @Test("What is no configuration is refused with its place")
    func invalidConfiguration() {
        for (text, place) in [
            ("root", "c.toml:2"), ("[grpc", "c.toml:2"), ("root = 5", "c.toml: root: expected a string"),
            ("version = 9", "unknown configuration version 9"), ("grpc = 1", "c.toml: grpc: expected a table"),
            ("[timeouts]\nx = '5'", "timeouts.x: expected a duration"), ("imports = [1]", "imports: expected a list"),
            ("[grpc]\nuid = -1", "grpc.uid: -1 is no user"), ("[debug]\nformat = 'xml'", "debug.format"),
            ("[stream_processors.x]\npath = 'p'", "stream_processors.x: path and returns"),
        ] {
            #expect { try ConfigurationFile("# a line\n" + text, path: "c.toml") } throws: { "\($0)".contains(place) }
        }
    }
}
