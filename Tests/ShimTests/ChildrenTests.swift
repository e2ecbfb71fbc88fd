import Shim
import Testing

@Suite struct ChildrenTests {
    @Test func anEndThatComesBeforeItsPidIsToldIsKept() {
        let children = Children()
        children.beginClaim()
        children.ended(5, 256)
        var status: CInt?
        children.expect(5) { status = $0 }
        children.endClaim()
        #expect(status == 256)
    }

    @Test func anEndThatNobodyCanAskForIsForgotten() {
        let children = Children()
        children.ended(5, 256)
        children.beginClaim()
        children.endClaim()
        var status: CInt?
        children.expect(5) { status = $0 }
        #expect(status == nil)
        children.ended(5, 9)
        #expect(status == 9)
    }

    @Test func aPidIsUsedAgainWithoutMixUp() {
        let children = Children()
        var seen: [CInt] = []
        for status in 1...3 as ClosedRange<CInt> {
            children.expect(7) { seen.append($0) }
            children.ended(7, status)
        }
        #expect(seen == [1, 2, 3])
    }
}
