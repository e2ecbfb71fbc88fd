import RPC

/// A program that turns a layer of one media type into another: an entry of containerd's `stream_processors`.
///
/// It gets the layer at its standard input, the media type in `STREAM_PROCESSOR_MEDIATYPE` and, at descriptor 3, what the
/// client passes on to it; it writes the other layer to its standard output, and on a failure says why at its standard
/// error and exits with another code than 0.
package struct StreamProcessor: Sendable, Equatable {
    /// By which a client's payload names it.
    package var id: String
    /// The media types that it takes.
    package var accepts: [String]
    /// The media type that it gives.
    package var returns: String
    /// The program: a path, or a name that is looked for on PATH.
    package var path: String
    /// Arguments after the program's name.
    package var arguments: [String]
    /// `NAME=value` strings, beside the manager's own environment.
    package var environment: [String]

    /// A processor by its fields.
    package init(
        id: String, accepts: [String], returns: String, path: String, arguments: [String] = [],
        environment: [String] = []
    ) {
        (self.id, self.accepts, self.returns, self.path) = (id, accepts, returns, path)
        (self.arguments, self.environment) = (arguments, environment)
    }

    /// The programs, in their order, that make a layer which is unpacked here of one of type `mediaType`. A processor comes
    /// before what is known here without one.
    ///
    /// - Throws: `RPCError`: not implemented when no way leads there, failed precondition when they lead in a circle.
    static func steps(from mediaType: String, among processors: [StreamProcessor]) throws -> [StreamProcessor] {
        var (type, steps): (String, [StreamProcessor]) = (mediaType, [])
        while let next = processors.first(where: { $0.accepts.contains(type) }) {
            guard !steps.contains(next) else {
                throw RPCError.failedPrecondition("stream processors of \(mediaType) lead in a circle at \(next.id)")
            }
            steps.append(next)
            type = next.returns
            if type == LayerMediaType.tar { break }
        }
        guard LayerMediaType.isLayer(type) else {
            throw RPCError.unimplemented("unsupported diff media type: \(type)")
        }
        return steps
    }
}
