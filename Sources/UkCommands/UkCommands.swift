// UkCommands
