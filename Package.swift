// swift-tools-version: 6.2
import PackageDescription

// Every executable carries the Swift runtime with it, so that an installed copy needs nothing but glibc and the C
// libraries that the design names.
let standalone: [LinkerSetting] = [.unsafeFlags(["-static-stdlib", "-Xlinker", "--gc-sections"])]
// Paid once per container or call: at fixed addresses and with nothing to load, a program starts in a third of the time
// and has hardly a page of its own.
let selfContained: [LinkerSetting] = [.unsafeFlags(["-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections"])]
let essentials: [LinkerSetting] = ["FoundationEssentials", "_FoundationCollections", "_FoundationCShims"]
    .map { .linkedLibrary($0) }
let standaloneWithEssentials: [LinkerSetting] = standalone + essentials
let standaloneWithFoundation: [LinkerSetting] =
    standalone
    + ["Foundation", "CoreFoundation", "FoundationInternationalization", "_FoundationICU"].map { .linkedLibrary($0) }
    + essentials

// The loader is the one program that runs inside a container before the container's own: freestanding, static, and at
// an address of its own, so that the program it loads finds its usual places free.
let freestanding: [CSetting] = [
    .unsafeFlags([
        "-ffreestanding", "-fno-stack-protector", "-fno-pic", "-fno-builtin", "-mgeneral-regs-only", "-mno-red-zone",
        "-O2",
        "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror",
    ])
]
let freestandingLink: [LinkerSetting] = [
    .unsafeFlags(
        ["-enable-experimental-feature", "Embedded", "-wmo"]
            + ["-nostdlib", "-nostartfiles", "-static", "-no-pie"].flatMap { ["-Xclang-linker", $0] }
            + ["-Ttext-segment=0x200000000000", "--build-id=none"].flatMap { ["-Xlinker", $0] })
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let database: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]

let package = Package(
    name: "ukontainer",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // C libraries of the system.
        .systemLibrary(name: "CGRPC", path: "Sources/C/CGRPC", providers: [.apt(["libgrpc-dev"])]),
        .systemLibrary(name: "CArchive", path: "Sources/C/CArchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CProtobufC", path: "Sources/C/CProtobufC", providers: [.apt(["libprotobuf-c-dev"])]),

        // What only one operating system has, and what both sides of the kernel's door agree on.
        .target(name: "CHost", path: "Sources/C/CHost"),
        .target(name: "Host", dependencies: ["CHost", system]),
        .target(name: "KernelProtocol", dependencies: ["Host", system]),

        .testTarget(name: "HostTests", dependencies: ["Host", "TestSupport", system]),
        .testTarget(name: "KernelProtocolTests", dependencies: ["KernelProtocol", "Host", system]),

        // ukernel: one per container.
        .target(name: "CKernel", path: "Sources/C/CKernel"),
        .target(name: "CFiles", path: "Sources/C/CFiles"),
        .target(name: "UnionFileSystem", dependencies: ["CFiles", "Host", "CHost", "KernelProtocol", system]),
        .testTarget(
            name: "UnionFileSystemTests",
            dependencies: ["UnionFileSystem", "CFiles", "KernelProtocol", "TestSupport", system]),
        .target(
            name: "Kernel",
            dependencies: ["CKernel", "CFiles", "CHost", "Host", "KernelProtocol", "UnionFileSystem", system]),
        .testTarget(name: "KernelTests", dependencies: ["Kernel", "CKernel", "KernelProtocol", system]),
        .executableTarget(name: "ukernel", dependencies: ["Kernel"], linkerSettings: selfContained),
        .executableTarget(name: "ukloader", cSettings: freestanding, linkerSettings: freestandingLink),

        // runu: the OCI runtime.
        .target(name: "OCISpec"),
        .target(name: "Runtime", dependencies: ["OCISpec", "Host", "KernelProtocol", system]),
        .testTarget(name: "OCISpecTests", dependencies: ["OCISpec"]),
        .testTarget(
            name: "RuntimeTests", dependencies: ["Runtime", "KernelProtocol", "OCISpec", "Host", "TestSupport", system]),
        .executableTarget(
            name: "runu", dependencies: ["Runtime", "Host", argumentParser], linkerSettings: selfContained + essentials),

        // What gRPC and ttrpc have in common.
        .target(name: "RPC"),

        // containerd-shim-runu-v2: one per container.
        .systemLibrary(name: "CPoll", path: "Sources/C/CPoll"),
        .target(
            name: "CShimMessages", dependencies: ["CProtobufC"], path: "Sources/C/CShimMessages", exclude: ["protos"],
            linkerSettings: [.linkedLibrary("protobuf-c")]),
        .target(name: "TTRPC", dependencies: ["RPC", "CShimMessages", "Host", system]),
        // Apart from TTRPC, so that the shim carries nothing of Swift's concurrency.
        .target(name: "Reactor", dependencies: ["CPoll", "Host", system]),
        .target(name: "TTRPCClient", dependencies: ["TTRPC", "Reactor", "CHost", "Host", system]),
        .target(name: "Shim", dependencies: ["TTRPC", "RPC", "CPoll", "CShimMessages", "Host", "CHost", system]),
        .testTarget(name: "TTRPCTests", dependencies: ["TTRPC", "TTRPCClient", "Host", system]),
        .testTarget(name: "ShimTests", dependencies: ["Shim", "TTRPC", "CShimMessages", "Host", system]),
        .executableTarget(name: "containerd-shim-runu-v2", dependencies: ["Shim"], linkerSettings: selfContained),

        // The containerd API: messages, transport, client.
        .target(name: "ContainerdAPI", dependencies: ["RPC", protobuf]),
        .target(name: "CGRPCSupport", dependencies: ["CGRPC"], path: "Sources/C/CGRPCSupport"),
        .target(name: "GRPC", dependencies: ["RPC", "CGRPC", "CGRPCSupport", "Host", protobuf, logging, system]),
        .testTarget(
            name: "ContainerdClientTests",
            dependencies: ["ContainerdClient", "ContainerdAPI", "Archive", "GRPC", "RPC", "OCISpec", protobuf, system]),
        .testTarget(
            name: "GRPCTests", dependencies: ["GRPC", "RPC", "ContainerdAPI", "Host", "TestSupport", system]),
        .target(
            name: "ContainerdClient",
            dependencies: ["RPC", "ContainerdAPI", "GRPC", "Archive", "OCISpec", crypto, logging]),

        // What both daemons do about memory.
        .target(name: "IdleMemory", dependencies: ["CPoll", "Host"]),

        // Settings files, for ukmanager and for who speaks to registries.
        .target(name: "Settings", dependencies: ["Host", .product(name: "TOMLKit", package: "TOMLKit")]),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"]),

        // ukmanager.
        .target(name: "Archive", dependencies: ["CArchive", "Host", system]),
        .testTarget(name: "ArchiveTests", dependencies: ["Archive", "TestSupport", system]),
        // A folder of a test's own, for all unit tests.
        .target(name: "TestSupport", dependencies: ["Archive", "Host", system], path: "Tests/TestSupport"),
        .target(name: "Metadata", dependencies: [database, "ContainerdAPI", "RPC", "Host", protobuf, system]),
        .testTarget(
            name: "MetadataTests",
            dependencies: ["Metadata", "ContainerdAPI", "RPC", "TestSupport", database, protobuf]),
        .target(
            name: "ContentStore",
            dependencies: ["Metadata", "ContainerdAPI", "RPC", "Archive", "Host", crypto, protobuf, system]),
        .testTarget(
            name: "ContentStoreTests",
            dependencies: ["ContentStore", "Metadata", "ContainerdAPI", "RPC", "TestSupport", crypto, system]),
        .target(
            name: "Snapshots",
            dependencies: ["Metadata", "ContainerdAPI", "RPC", "Archive", "Host", protobuf, system]),
        .testTarget(
            name: "SnapshotsTests",
            dependencies: ["Snapshots", "Metadata", "ContainerdAPI", "RPC", "TestSupport", system]),
        .target(
            name: "Manager",
            dependencies: [
                "GRPC", "RPC", "ContainerdAPI", "Metadata", "ContentStore", "Snapshots", "Archive", "TTRPC",
                "TTRPCClient", "Reactor", "Settings",
                "Host", "CHost", "IdleMemory", argumentParser, logging, crypto, protobuf, system,
            ] + nio),
        .testTarget(
            name: "ManagerTests",
            dependencies: [
                "Manager", "GRPC", "RPC", "ContainerdAPI", "Archive", "Host", "TestSupport", logging, crypto, protobuf,
                system,
            ]),
        .executableTarget(
            name: "ukmanager", dependencies: ["Manager"], linkerSettings: standaloneWithFoundation),
        .target(
            name: "Ctr",
            dependencies: [
                "ContainerdClient", "ContainerdAPI", "Registry", "RPC", "Archive", "TTRPC", "CShimMessages", "OCISpec",
                "Host",
                argumentParser, system, protobuf,
            ]),
        .executableTarget(name: "ukctr", dependencies: ["Ctr"], linkerSettings: standaloneWithFoundation),

        // Registries: the distribution protocol, for ukctr and ukd.
        .target(
            name: "Registry",
            dependencies: [
                "ContainerdClient", "ContainerdAPI", "GRPC", "RPC", "OCISpec", "Settings", "Host", crypto, system,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ] + nio),
        .testTarget(name: "RegistryTests", dependencies: ["Registry", "ContainerdClient", "RPC", "OCISpec"]),

        // ukd and its client.
        .target(name: "EngineAPI"),
        .target(
            name: "Engine",
            dependencies: [
                "EngineAPI", "ContainerdClient", "ContainerdAPI", "Registry", "RPC", "OCISpec", "Archive", "CHost",
                "Host", database,
                crypto, logging, system,
            ]),
        .target(name: "EngineServer", dependencies: ["Engine", "EngineAPI", "Archive", "Host", logging, system] + nio),
        .executableTarget(
            name: "ukd",
            dependencies: ["EngineServer", "Engine", "Host", "IdleMemory", argumentParser, logging, system],
            linkerSettings: standaloneWithFoundation),
        .target(
            name: "EngineTestSupport",
            dependencies: ["Engine", "EngineAPI", "Archive", "OCISpec", "TestSupport", system],
            path: "Tests/EngineTestSupport"),
        .testTarget(name: "EngineAPITests", dependencies: ["EngineAPI"], resources: [.copy("Resources")]),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "EngineAPI", "EngineTestSupport", "OCISpec", logging, system]),
        .testTarget(
            name: "EngineServerTests",
            dependencies: ["EngineServer", "Engine", "EngineAPI", "EngineTestSupport", "Host", logging, system] + nio,
            resources: [.copy("Resources")]),
        .target(name: "EngineClient", dependencies: ["Host", system] + nio),
        .target(name: "UkCommands", dependencies: ["EngineClient", "Host", argumentParser, system]),
        .testTarget(name: "EngineClientTests", dependencies: ["EngineClient", "Host", "TestSupport", system]),
        .testTarget(name: "UkCommandsTests", dependencies: ["UkCommands", "EngineClient", "TestSupport", system]),
        .executableTarget(name: "uk", dependencies: ["UkCommands"], linkerSettings: standaloneWithEssentials),
    ],
    swiftLanguageModes: [.v6]
)

// The fuzz targets (deploy/fuzz) are no part of a usual build: everything of ours is compiled with libFuzzer's counters
// for them.
if Context.environment["UKONTAINER_FUZZ"] != nil {
    for target in package.targets where target.type == .regular {
        let isC = target.path?.hasPrefix("Sources/C/") ?? false
        if isC {
            target.cSettings = (target.cSettings ?? []) + [.unsafeFlags(["-fsanitize=fuzzer-no-link"])]
        } else {
            target.swiftSettings =
                (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]
        }
    }
    package.targets.append(
        .executableTarget(
            name: "ukfuzz",
            dependencies: [
                "Archive", "CShimMessages", "ContainerdAPI", "ContainerdClient", "EngineClient", "Kernel",
                "KernelProtocol",
                "Manager", "Metadata", "OCISpec", "Registry", "Runtime", "Shim", "TTRPC", "UnionFileSystem", system,
            ],
            path: "Tests/Fuzz", exclude: ["corpus"],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}
