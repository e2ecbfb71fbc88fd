import GRPC
import RPC
import SwiftProtobuf

/// gRPC's health checking service (grpc.health.v1), by which clients of containerd see that it serves.
///
/// The messages have one field each, so those of protobuf's wrappers stand in for them: `HealthCheckRequest.service` is
/// a string, `HealthCheckResponse.status` an enumeration.
struct HealthServer {
    private static let check = UnaryMethod<Google_Protobuf_StringValue, Google_Protobuf_Int32Value>(
        "/grpc.health.v1.Health/Check")
    /// `ServingStatus.SERVING`
    private static let serving: Int32 = 1

    func register(on server: GRPCServer) {
        server.register(Self.check) { request, _ in
            guard request.value.isEmpty else { throw RPCError(.notFound, "unknown service") }
            return Google_Protobuf_Int32Value(Self.serving)
        }
    }
}
