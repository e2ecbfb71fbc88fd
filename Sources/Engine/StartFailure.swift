/// Why a container or an exec could not be started, in the field's exit codes: 127 for a command that is not there, 126 for one
/// that cannot be executed, 128 for the rest.
struct StartFailure {
    var code: Int
    var message: String
    var error: any Error

    init(_ error: any Error) {
        let base = EngineError.from(error)
        message = "\(base)"
        let text = message.lowercased()
        if text.contains("executable file not found") || text.contains("no such file or directory") {
            code = 127
        } else if text.contains("permission denied") || text.contains("is a directory")
            || text.contains("not a directory")
            || text.contains("exec format error")
        {
            code = 126
        } else {
            code = 128
        }
        if let engine = base as? EngineError, code != 128 {
            self.error = EngineError(400, engine.message)
        } else {
            self.error = base
        }
    }
}
