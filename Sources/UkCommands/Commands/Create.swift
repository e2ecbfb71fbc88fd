import ArgumentParser
import EngineClient

/// `uk create`
struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create a new container.", usage: "uk create [OPTIONS] IMAGE [COMMAND] [ARG...]", helpNames: .long)

    @OptionGroup var options: ContainerOptions
    @OptionGroup var image: ImageAndCommand

    func run() async throws {
        do {
            let streams: Set<String> = options.interactive ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"]
            Console.print(
                try await Creation(
                    client: try Engine.client(), options: options, image: image.name, command: image.command,
                    attached: streams
                ).create())
        } catch let error as EngineError {
            throw StartFailure.explain(error, command: "create", otherwise: 1)
        }
    }
}
