import KernelProtocol
import OCISpec

/// Capabilities by name: capabilities(7), numbered after linux/capability.h.
enum CapabilityNames {
    /// Names as a bit mask. A name that is not known is passed over, as config.md asks for where a capability cannot be
    /// granted.
    static func mask(_ names: [String]?) -> UInt64 {
        (names ?? []).reduce(0) { mask, name in
            let upper = name.uppercased()
            let full = upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
            return RuntimeSpec.allCapabilities.firstIndex(of: full).map { mask | 1 << UInt64($0) } ?? mask
        }
    }
}

extension Capabilities {
    /// The sets that a config.json names; none at all where it is silent.
    package init(_ sets: RuntimeSpec.CapabilitySets?) {
        self.init(
            bounding: CapabilityNames.mask(sets?.bounding), effective: CapabilityNames.mask(sets?.effective),
            inheritable: CapabilityNames.mask(sets?.inheritable), permitted: CapabilityNames.mask(sets?.permitted),
            ambient: CapabilityNames.mask(sets?.ambient))
    }
}
