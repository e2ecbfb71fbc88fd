import ArgumentParser
import Glibc
import Runtime

do {
    var command = try Runu.parseAsRoot(Runu.flags.normalized(CommandLine.arguments.dropFirst()))
    try command.run()
} catch let error as RuntimeError {
    Log.shared.error(error.description)
    exit(error.exitCode)
} catch let code as ExitCode {
    exit(code.rawValue)
} catch  where Runu.exitCode(for: error) == .success {
    // --help and --version.
    print(Runu.fullMessage(for: error))
} catch {
    Log.shared.error(Runu.message(for: error))
    exit(1)
}
