import Kernel

KernelMain.run(arguments: CommandLine.arguments)
