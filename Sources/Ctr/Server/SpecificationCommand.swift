import ArgumentParser
import OCISpec

/// `ukctr oci`
struct SpecificationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oci", abstract: "The OCI specifications.", subcommands: [Spec.self])

    struct Spec: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "spec", abstract: "Prints the specification that containers start from.")
        @OptionGroup var options: GlobalOptions

        func run() async throws {
            try printJSON(RuntimeSpec.default(cgroupsPath: "/\(options.chosenNamespace)"))
        }
    }
}
