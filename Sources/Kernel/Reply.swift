import SystemPackage

/// What a handler makes of a system call. A handler that throws `Errno` answers that error.
package enum Reply {
    /// The call's result.
    case value(Int)
    /// The host's kernel is to do the call as it stands. Only for calls whose registers alone decide what is reached:
    /// another thread of the caller can change memory after it was looked at.
    case native
    /// A descriptor of this process, which the caller gets a duplicate of: as `number`, or under the lowest free one.
    /// `closing`: this process's own is closed afterwards.
    case descriptor(CInt, closeOnExec: Bool, closing: Bool = true, number: CInt = -1)
    /// The call is given up for now and done again after the caller handled its signals (ERESTARTSYS).
    case restart
    /// The handler answers later, from any thread, through `CallContext.reply(_:)`.
    case later
}

/// Does one system call. Runs on the kernel's loop thread and never blocks.
package struct SystemCallHandler: Sendable {
    package typealias Body = @Sendable (CallContext) throws(Errno) -> Reply

    package let body: Body
    /// The source file that it stands in, behind the module's name.
    package let file: StaticString

    /// - Parameter file: left to the compiler.
    @inline(__always)
    package init(file: StaticString = #fileID, _ body: @escaping Body) {
        self.body = body
        self.file = file
    }

    @inline(__always)
    package func callAsFunction(_ call: CallContext) throws(Errno) -> Reply { try body(call) }
}
