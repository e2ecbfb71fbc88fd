import Kernel

/// Programs and scripts that a container executes.
enum ElfTarget: FuzzTarget {
    static let name = "elf"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let file = [UInt8](bytes)
        func read(_ offset: UInt64, _ count: Int) -> [UInt8] {
            offset < UInt64(file.count) ? Array(file[Int(offset)...].prefix(count)) : []
        }
        let head = Array(file.prefix(4096))
        _ = try? Executable.interpreterLine(head)
        guard let program = try? Executable(head: head, read: read) else { return }
        let (low, high) = program.span
        precondition(low < high && program.entry >= low && program.entry < high)
    }
}
