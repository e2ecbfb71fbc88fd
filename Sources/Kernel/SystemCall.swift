import SystemPackage

/// A system call as this kernel sees it: its number on this machine, its name, and what is done with it.
///
/// The seccomp filter, the dispatcher and `docs/syscalls.md` are all made from these rows.
package struct SystemCall: Sendable {
    package let number: Int
    package let name: String
    package let action: Action
    /// What a reader of `docs/syscalls.md` should know beside the action.
    package let note: String

    package init(_ number: Int, _ name: String, _ action: Action, _ note: String = "") {
        self.number = number
        self.name = name
        self.action = action
        self.note = note
    }

    /// What is done with a call.
    package enum Action: Sendable {
        /// The host's kernel does it at full speed; this kernel never hears of it.
        case native
        /// Answered with an error by the filter itself.
        case refused(Errno)
        /// This kernel is notified and does it.
        case handled(SystemCallHandler)
        /// The first rule whose test holds decides, else `otherwise`. All handlers in one row are the same function.
        indirect case depends([Rule], otherwise: Action)
    }

    /// A test of one argument's register.
    package struct Rule: Sendable {
        package enum Test: Sendable {
            /// The argument's lower 32 bits are one of these.
            case isOne(of: [UInt32])
            /// All 64 bits are zero.
            case isZero
            /// The argument's lower 32 bits are one of these numbers.
            case isWithin(ClosedRange<UInt32>)
            /// The argument's lower 32 bits have a bit of this mask.
            case hasBit(UInt32)
            /// Of the argument's lower 32 bits, those of the mask are one of these.
            case masked(UInt32, isOneOf: [UInt32])
            /// The call comes from the one instruction that the answering code has for it (docs/architecture.md). Anybody
            /// may put an instruction there, so this is for what concerns nobody but the caller.
            case isAnsweringCode
        }
        package let argument: Int
        package let test: Test
        package let action: Action

        package init(_ argument: Int, _ test: Test, _ action: Action) {
            self.argument = argument
            self.test = test
            self.action = action
        }
    }

    /// The function that answers the call's notifications, if it has any.
    package var handler: SystemCallHandler? { SystemCall.handler(of: action) }

    private static func handler(of action: Action) -> SystemCallHandler? {
        switch action {
        case .native, .refused: return nil
        case .handled(let handler): return handler
        case .depends(let rules, let otherwise):
            return handler(of: otherwise) ?? rules.lazy.compactMap { handler(of: $0.action) }.first
        }
    }
}
