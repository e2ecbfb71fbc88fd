import TTRPC

/// Frames on both sides of a ttrpc connection. The first byte says in pieces of which size they come.
enum TTRPCTarget: FuzzTarget {
    static let name = "ttrpc"

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        var (server, client) = (ServerConnection(), ClientConnection())
        _ = try? client.call(Request(service: "s", method: "m", payload: [1]))
        var rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(first) + 1))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            for call in server.receive(piece) { server.respond(call.stream, .success(call.request.payload)) }
            _ = client.receive(piece)
        }
        server.sent(server.output.count)
        precondition(server.open.isEmpty)
    }
}
