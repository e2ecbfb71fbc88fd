/// A socket that is served beside the API's, and who may connect to it.
package struct SocketSettings: Sendable, Equatable {
    /// An absolute path or `HOST:PORT`; nil: it is not served.
    package var address: String?
    /// Who may connect beside the manager's own user and root.
    package var user: UInt32?
    /// The group whose members may connect.
    package var group: UInt32?

    /// None.
    package init() {}
}
