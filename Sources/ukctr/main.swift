import Ctr

await CtrProgram.run()
