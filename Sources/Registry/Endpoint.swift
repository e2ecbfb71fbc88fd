import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OCISpec
import RPC

/// One server of a registry: finds out whether it speaks TLS, proves who asks, and tries again what may be tried again.
actor Endpoint {
    nonisolated let host: RegistryHost
    private let credentials: Credentials?
    private let transport = HTTPTransport.shared
    private var scheme: String?
    private var authorizations: [String: String] = [:]
    /// The header that answered the server's basic challenge; good for everything there.
    private var basic: String?

    /// Attempts at a request that fails for no reason of its own.
    private static let attempts = 4

    init(host: RegistryHost, credentials: Credentials?) {
        self.host = host
        self.credentials = credentials
        switch host.scheme {
        case .http: scheme = "http"
        case .https: scheme = "https"
        case .either: scheme = nil
        }
    }

    /// The URL of a path under the API's own (`/manifests/latest`).
    func url(_ path: String) async throws -> String {
        "\(try await chosenScheme())://\(host.authority)\(host.path)\(path)"
    }

    /// The URL that a `Location` header means.
    func url(location: String, to base: String) async throws -> String {
        if location.hasPrefix("http://") || location.hasPrefix("https://") { return location }
        let scheme = try await chosenScheme()
        if location.hasPrefix("//") { return "\(scheme):\(location)" }
        if location.hasPrefix("/") { return "\(scheme)://\(host.authority)\(location)" }
        let plain = base.prefix { $0 != "?" }
        return plain[...(plain.lastIndex(of: "/") ?? plain.startIndex)] + location
    }

    /// Sends a request; answers 401 by proving who asks, and tries again what failed on the way or at a busy server.
    ///
    /// - Parameters:
    ///   - scopes: what a token has to allow, such as `repository:library/busybox:pull`.
    ///   - body: makes the body, for each attempt anew.
    /// - Returns: the answer, whatever its status but 401.
    /// - Throws: `RPCError`: `unavailable` when the server cannot be reached, `unauthenticated` when it wants to know
    ///   who asks and is not content with what it was told.
    func send(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders = [:], scopes: [String] = [],
        body: (@Sendable () -> HTTPClientRequest.Body)? = nil
    ) async throws -> HTTPClientResponse {
        let scope = scopes.sorted().joined(separator: " ")
        var proved = false
        var attempt = 1
        // The credentials are this server's, not those of one that a Location header names.
        let isOwn = url.hasPrefix("https://\(host.authority)/") || url.hasPrefix("http://\(host.authority)/")
        while true {
            var request = HTTPClientRequest(url: url)
            request.method = method
            request.headers = headers
            request.headers.add(name: "User-Agent", value: "ukontainer/0.2")
            for header in host.headers { request.headers.add(name: header.name, value: header.value) }
            if isOwn, let authorization = authorizations[scope] ?? basic {
                request.headers.replaceOrAdd(name: "Authorization", value: authorization)
            }
            request.body = body?()
            let response: HTTPClientResponse
            do {
                response = try await transport.execute(request, tls: host.tls)
            } catch {
                guard attempt < Self.attempts, HTTPTransport.isTransient(error) else {
                    throw HTTPTransport.describe(error, url)
                }
                try await Self.pause(attempt, nil)
                attempt += 1
                continue
            }
            switch response.status.code {
            case 401 where isOwn:
                let problem = await Self.problem(response)
                guard !proved else {
                    throw RPCError(.unauthenticated, "\(method) \"\(url)\": \(problem ?? "unauthorized")")
                }
                proved = true
                authorizations[scope] = nil
                try await prove(response.headers["WWW-Authenticate"], scopes: scopes, scope, url, problem)
            case 408, 429, 500, 502, 503, 504:
                guard attempt < Self.attempts else { return response }
                _ = await Self.problem(response)
                try await Self.pause(attempt, response.headers.first(name: "Retry-After"))
                attempt += 1
            default: return response
            }
        }
    }

    /// Asks whether the server is there and lets the caller in (distribution specification, "Determining Support").
    func ping() async throws {
        let url = try await url("/")
        let response = try await send(.GET, url)
        guard response.status.code < 400 else { throw await Self.error(response, url) }
        _ = try? await response.body.collect(upTo: 1 << 20)
    }

    // MARK: HTTP or HTTPS

    private func chosenScheme() async throws -> String {
        if let scheme { return scheme }
        // No credentials go out with this: a server with TLS answers plain HTTP with 400 or closes the connection.
        var request = HTTPClientRequest(url: "http://\(host.authority)\(host.path)/")
        request.headers.add(name: "User-Agent", value: "ukontainer/0.2")
        let found: String
        do {
            let response = try await transport.execute(request, tls: host.tls)
            found = response.status == .badRequest ? "https" : "http"
            _ = try? await response.body.collect(upTo: 1 << 16)
        } catch {
            guard HTTPTransport.isTransient(error) else { throw HTTPTransport.describe(error, request.url) }
            found = "https"
        }
        scheme = found
        return found
    }

    // MARK: Proving who asks

    private func prove(
        _ headers: [String], scopes: [String], _ scope: String, _ url: String, _ problem: String?
    ) async throws {
        let challenges = headers.flatMap(Challenge.parse)
        if let token = credentials?.registryToken {
            authorizations[scope] = "Bearer \(token)"
        } else if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
            authorizations[scope] = "Bearer " + (try await token(challenge, scopes: scopes))
        } else if challenges.contains(where: { $0.scheme == "basic" }) {
            guard let credentials, credentials.isBasic else {
                throw RPCError(.unauthenticated, "Get \"\(url)\": no basic auth credentials")
            }
            basic = credentials.basic
        } else {
            throw RPCError(.unauthenticated, "Get \"\(url)\": \(problem ?? "unauthorized: authentication required")")
        }
    }

    private struct Token: Decodable {
        var token: String?
        // swift-format-ignore
        var access_token: String?
    }

    /// Fetches a token: distribution's token authentication specification, and its OAuth2 form for refresh tokens.
    private func token(_ challenge: Challenge, scopes: [String]) async throws -> String {
        guard let realm = challenge.parameters["realm"], realm.hasPrefix("http://") || realm.hasPrefix("https://")
        else {
            throw RPCError(.unauthenticated, "\(host.authority) names no token server in its challenge")
        }
        var wanted = scopes
        for scope in challenge.parameters["scope"]?.split(separator: " ").map(String.init) ?? []
        where !wanted.contains(scope) { wanted.append(scope) }
        var fields = wanted.map { ("scope", $0) }
        if let service = challenge.parameters["service"] { fields.append(("service", service)) }
        var request: HTTPClientRequest
        if let refresh = credentials?.identityToken, !refresh.isEmpty {
            request = HTTPClientRequest(url: realm)
            request.method = .POST
            fields = [("scope", wanted.joined(separator: " "))] + fields.filter { $0.0 == "service" }
            fields += [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", "ukontainer")]
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: Query.form(fields)))
        } else {
            if let user = credentials?.user, !user.isEmpty { fields.append(("account", user)) }
            request = HTTPClientRequest(url: realm + (realm.contains("?") ? "&" : "?") + Query.form(fields))
            if let credentials, credentials.isBasic {
                request.headers.add(name: "Authorization", value: credentials.basic)
            }
        }
        request.headers.add(name: "User-Agent", value: "ukontainer/0.2")
        let response: HTTPClientResponse
        do {
            response = try await transport.execute(request, tls: host.tls)
        } catch {
            throw HTTPTransport.describe(error, realm)
        }
        guard response.status == .ok else {
            let problem = await Self.problem(response)
            throw RPCError(
                .unauthenticated,
                "token from \(realm): \(problem ?? "unauthorized: authentication required") (\(response.status.code))")
        }
        let bytes = try await response.body.collect(upTo: 1 << 20)
        let answer = try? JSON.decode(Token.self, from: Array(bytes.readableBytesView))
        guard let token = answer?.token ?? answer?.access_token, !token.isEmpty else {
            throw RPCError(.unauthenticated, "token from \(realm): the answer holds none")
        }
        return token
    }

    // MARK: Errors

    private static func pause(_ attempt: Int, _ retryAfter: String?) async throws {
        let asked = retryAfter.flatMap { Double($0) } ?? 0
        try await Task.sleep(for: .seconds(min(10, max(asked, 0.2 * Double(1 << (attempt - 1))))))
    }

    private struct Problems: Decodable {
        var errors: [Problem]?

        struct Problem: Decodable {
            var code: String?
            var message: String?
        }
    }

    /// What the body of an error answer says, in the words of docker's clients: `manifest unknown: manifest unknown`.
    static func problem(_ response: HTTPClientResponse) async -> String? {
        guard let body = try? await response.body.collect(upTo: 1 << 16),
            let first = (try? JSON.decode(Problems.self, from: Array(body.readableBytesView)))?.errors?.first
        else { return nil }
        let code = first.code?.lowercased().split(separator: "_").joined(separator: " ") ?? "unknown"
        return "\(code): \(first.message ?? code)"
    }

    /// The error that an answer stands for.
    static func error(_ response: HTTPClientResponse, _ url: String) async -> RPCError {
        let problem = await problem(response)
        let text = problem ?? "unexpected status from \(url): \(response.status.code) \(response.status.reasonPhrase)"
        switch response.status.code {
        case 401: return RPCError(.unauthenticated, text)
        case 403: return RPCError(.permissionDenied, text)
        case 404: return RPCError(.notFound, text)
        case 400: return RPCError(.invalidArgument, text)
        case 405, 501: return RPCError(.unimplemented, text)
        case 408, 429, 500...: return RPCError(.unavailable, text)
        default: return RPCError(.unknown, text)
        }
    }
}
