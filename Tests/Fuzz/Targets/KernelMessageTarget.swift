import KernelProtocol

/// Messages on a kernel's control socket.
enum KernelMessageTarget: FuzzTarget {
    static let name = "kernel-messages"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let message = try? Message(decoding: [UInt8](bytes)) else { return }
        let text = message.encoded()
        // Its length stands before it.
        precondition((try? Message(decoding: Array(text.dropFirst(4)))) == message)
    }
}
