import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import RPC
import Synchronization

/// HTTP clients, one for each way of checking certificates and each proxy. They share the process' event loops and are never shut
/// down: connections at rest close by themselves.
final class HTTPTransport: Sendable {
    static let shared = HTTPTransport()

    private struct Way: Hashable {
        var tls: TLSSettings
        var proxy: String?
    }

    private let clients = Mutex<[Way: HTTPClient]>([:])

    /// How long a connection may take to come up, looking the name up included.
    private static let connectTimeout = TimeAmount.seconds(8)
    /// How long a server may be silent in the middle of an answer.
    private static let readTimeout = TimeAmount.seconds(60)

    /// Sends a request and returns the head of the answer; its body is read as it comes. Redirects are followed, without
    /// the `Authorization` header when they lead to another server.
    ///
    /// - Throws: `RPCError` (`invalidArgument`) for certificates that cannot be read; the HTTP client's errors.
    func execute(_ request: HTTPClientRequest, tls: TLSSettings) async throws -> HTTPClientResponse {
        // Only silence ends a transfer, not its length.
        try await client(Way(tls: tls, proxy: ProxySettings.current.proxy(for: request.url))).execute(
            request, deadline: .now() + .hours(24))
    }

    private func client(_ way: Way) throws -> HTTPClient {
        try clients.withLock { clients in
            if let client = clients[way] { return client }
            var configuration = HTTPClient.Configuration(
                tlsConfiguration: try Self.configuration(way.tls),
                redirectConfiguration: .follow(max: 8, allowCycles: false),
                timeout: .init(connect: Self.connectTimeout, read: Self.readTimeout))
            configuration.httpVersion = .http1Only
            if let proxy = way.proxy { configuration.proxy = try ProxySettings.client(proxy) }
            // A registry that cannot be reached is to be told of at once.
            configuration.connectionPool.retryConnectionEstablishment = false
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[way] = client
            return client
        }
    }

    private static func configuration(_ tls: TLSSettings) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if tls.skipsVerification { configuration.certificateVerification = .none }
        func wrong(_ path: String, _ error: any Error) -> RPCError {
            RPCError(.invalidArgument, "cannot read the certificate or key \(path): \(error)")
        }
        for path in tls.authorities {
            do {
                configuration.additionalTrustRoots.append(.certificates(try NIOSSLCertificate.fromPEMFile(path)))
            } catch {
                throw wrong(path, error)
            }
        }
        if let identity = tls.identities.first {
            do {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(identity.certificate)
                    .map { .certificate($0) }
                configuration.privateKey = .privateKey(
                    try NIOSSLPrivateKey(file: identity.key ?? identity.certificate, format: .pem))
            } catch {
                throw wrong(identity.certificate, error)
            }
        }
        return configuration
    }

    // MARK: Errors

    /// Whether trying again may help: the connection came up once and broke.
    static func isTransient(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError, is RPCError, is NIOConnectionError, is NIOSSLError: return false
        case let error as HTTPClientError:
            return [
                .remoteConnectionClosed, .readTimeout, .writeTimeout, .uncleanShutdown, .bodyLengthMismatch,
            ].contains(error)
        // A connection that never came up stays down.
        case let error as IOError: return [ECONNRESET, EPIPE, ETIMEDOUT].contains(error.errnoCode)
        case is HTTPParserError, is ChannelError: return true
        default: return false
        }
    }

    /// An error in the words of the field, for what went wrong with a request to `url`.
    static func describe(_ error: any Error, _ url: String) -> any Error {
        switch error {
        case is RPCError, is CancellationError: return error
        case let error as HTTPClientError where error == .cancelled: return CancellationError()
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first {
                let text =
                    (failure.error as? IOError).map { String(cString: strerror($0.errnoCode)).lowercased() }
                    ?? "\(failure.error)"
                return RPCError(
                    .unavailable, "Get \"\(url)\": dial tcp \(error.host):\(error.port): connect: \(text)")
            }
            return RPCError(.unavailable, "Get \"\(url)\": dial tcp: lookup \(error.host): no such host")
        case let error as IOError where !isTransient(error):
            let text = String(cString: strerror(error.errnoCode)).lowercased()
            return RPCError(.unavailable, "Get \"\(url)\": dial tcp: connect: \(text)")
        case let error as HTTPClientError where error == .connectTimeout:
            return RPCError(.unavailable, "Get \"\(url)\": dial tcp: i/o timeout")
        case is NIOSSLError, is NIOSSLExtraError:
            return RPCError(
                .unavailable,
                "Get \"\(url)\": tls: \(error) (a private authority's certificate goes into hosts.toml as `ca`)")
        default: return RPCError(.unavailable, "Get \"\(url)\": \(error)")
        }
    }
}
