import Glibc
import UkCommands

exit(await UkMain.run(Array(CommandLine.arguments.dropFirst())))
