import Manager

await ManagerCommand.launch()
