import Testing
import UkCommands

@Suite struct DetachTests {
    @Test func keysAreNamedAsDockerNamesThem() {
        #expect(DetachKeys(text: "ctrl-p,ctrl-q")?.bytes == [16, 17])
        #expect(DetachKeys(text: "a,ctrl-@,ctrl-[")?.bytes == [97, 0, 27])
        for bad in ["", "ctrl-", "ctrl-1", "ab", "a,,b"] { #expect(DetachKeys(text: bad) == nil) }
    }

    @Test func theKeysDetachWhereverTheyAreCut() {
        var filter = DetachFilter(keys: .standard)
        #expect(filter.filter([97, 16]) == ([97], false))
        #expect(filter.filter([17, 98]) == ([], true))
    }

    @Test func keysThatTurnOutToBeOthersAreNotLost() {
        var filter = DetachFilter(keys: .standard)
        #expect(filter.filter([16]) == ([], false))
        #expect(filter.filter([97]) == ([16, 97], false))
        #expect(filter.filter([16, 16]) == ([16], false))
        #expect(filter.filter([17]) == ([], true))
    }

    @Test func oneKeyAloneDetaches() {
        var filter = DetachFilter(keys: DetachKeys(text: "ctrl-x")!)
        #expect(filter.filter([97, 24]) == ([97], true))
    }
}
