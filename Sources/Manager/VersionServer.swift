import ContainerdAPI
import GRPC
import Host
import SwiftProtobuf

/// The version service.
struct VersionServer {
    /// The release of containerd whose API is spoken, and this program's own version.
    static let version = "v1.6.20+ukontainer.\(Version.text)"

    func register(on server: GRPCServer) {
        server.register(VersionService.version) { _, _ in
            var response = Containerd_Services_Version_V1_VersionResponse()
            response.version = Self.version
            return response
        }
    }
}
