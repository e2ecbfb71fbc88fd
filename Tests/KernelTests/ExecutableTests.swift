import Kernel
import SystemPackage
import Testing

@Suite struct ExecutableTests {
    /// A program of two segments and an interpreter, as a linker would make it.
    static func image(
        type: UInt16 = 3, machine: UInt16 = 62, headers: [[UInt64]]? = nil, entry: UInt64 = 0x1000
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8192)
        func put(_ value: UInt64, _ offset: Int, _ size: Int) {
            for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        bytes.replaceSubrange(0..<7, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1])
        put(UInt64(type), 16, 2)
        put(UInt64(machine), 18, 2)
        put(entry, 24, 8)
        put(64, 32, 8)
        put(56, 54, 2)
        // type, flags, offset, address, file size, memory size, alignment
        let headers =
            headers ?? [
                [3, 4, 0x400, 0x400, 28, 28, 1], [1, 5, 0, 0, 0x1100, 0x1100, 0x1000],
                [1, 6, 0x1100, 0x2100, 0x100, 0x5000, 0x1000],
            ]
        put(UInt64(headers.count), 56, 2)
        for (index, header) in headers.enumerated() {
            let at = 64 + 56 * index
            put(header[0], at, 4)
            put(header[1], at + 4, 4)
            put(header[2], at + 8, 8)
            put(header[3], at + 16, 8)
            put(header[4], at + 32, 8)
            put(header[5], at + 40, 8)
            put(header[6], at + 48, 8)
        }
        bytes.replaceSubrange(0x400..<0x41C, with: Array("/lib64/ld-linux-x86-64.so.2".utf8) + [0])
        return bytes
    }

    static func parse(_ bytes: [UInt8]) throws(Errno) -> Executable {
        try Executable(head: Array(bytes.prefix(4096))) { offset, count in
            guard offset < UInt64(bytes.count) else { return [] }
            return Array(bytes[Int(offset)...].prefix(count))
        }
    }

    @Test func readsAProgramWithItsInterpreter() throws {
        let program = try ExecutableTests.parse(ExecutableTests.image())
        #expect(program.isMovable)
        #expect(program.segments.count == 2)
        #expect(program.span.low == 0)
        #expect(program.span.high == 0x8000)
        #expect(program.headers == 64)
        #expect(program.interpreter == Array("/lib64/ld-linux-x86-64.so.2".utf8))
    }

    /// Not as test arguments: each would be printed, byte by byte.
    static let noPrograms: [[UInt8]] = [
        ExecutableTests.image(type: 1), ExecutableTests.image(type: 4), ExecutableTests.image(machine: 3),
        ExecutableTests.image(entry: 0x9000), ExecutableTests.image(headers: []),
        // Segments that overlap, run over the end of the address space, or whose offset and address do not fit.
        ExecutableTests.image(headers: [[1, 5, 0, 0, 4096, 8192, 4096], [1, 5, 0, 4096, 4096, 4096, 4096]]),
        ExecutableTests.image(headers: [[1, 5, 0, 0, 1, UInt64.max, 4096]]),
        ExecutableTests.image(headers: [[1, 5, 0, 0x7FFF_FFFF_F000, 4096, 4096, 4096]]),
        ExecutableTests.image(headers: [[1, 5, 1, 0, 4096, 4096, 4096]]),
        ExecutableTests.image(headers: [[1, 5, 0, 0, 8192, 4096, 4096]]),
        // Fixed in the zero page, or where the loader lies.
        ExecutableTests.image(type: 2, headers: [[1, 5, 0, 0, 8192, 8192, 4096]]),
        ExecutableTests.image(
            type: 2, headers: [[1, 5, 0, 0x2000_0000_0000, 4096, 4096, 4096]], entry: 0x2000_0000_0000),
        // An interpreter without an end, and one that lies beyond the file.
        ExecutableTests.image(headers: [[3, 4, 0x400, 0, 5, 5, 1], [1, 5, 0, 0, 0x1100, 0x1100, 4096]]),
        ExecutableTests.image(headers: [[3, 4, 1 << 62, 0, 5, 5, 1], [1, 5, 0, 0, 0x1100, 0x1100, 4096]]),
        Array("\u{7F}ELF".utf8), [],
    ]

    @Test func refusesWhatIsNoProgram() {
        for bytes in ExecutableTests.noPrograms {
            #expect(throws: Errno.execFormatError) { try ExecutableTests.parse(bytes) }
        }
    }

    @Test func survivesEveryFlippedByte() {
        let image = ExecutableTests.image()
        for index in 0..<232 {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = image
                bytes[index] = value
                _ = try? ExecutableTests.parse(bytes)
            }
        }
        for count in 0..<512 { _ = try? ExecutableTests.parse(Array(image.prefix(count))) }
    }

    @Test(
        arguments: [
            ("#!/bin/sh\necho", "/bin/sh", nil), ("#! /bin/sh -e -x \n", "/bin/sh", "-e -x"),
            ("#!/usr/bin/env python3", "/usr/bin/env", "python3"), ("#!\t/bin/sh\t\n", "/bin/sh", nil),
        ] as [(String, String, String?)])
    func readsAnInterpreterLine(_ line: String, _ path: String, _ argument: String?) throws {
        let found = try #require(try Executable.interpreterLine(Array(line.utf8)))
        #expect(found.path == Array(path.utf8))
        #expect(found.argument == argument.map { Array($0.utf8) })
    }

    @Test func anInterpreterLineHasToNameOne() throws {
        #expect(throws: Errno.execFormatError) { try Executable.interpreterLine(Array("#! \n".utf8)) }
        #expect(try Executable.interpreterLine(Array("echo".utf8)) == nil)
    }
}
