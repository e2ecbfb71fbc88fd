import SwiftProtobuf

// Short names for the nouns of the API; requests and responses keep their generated names.

/// A container as the manager records it: `containerd.services.containers.v1.Container`.
public typealias Container = Containerd_Services_Containers_V1_Container
/// A named reference to a descriptor: `containerd.services.images.v1.Image`.
public typealias Image = Containerd_Services_Images_V1_Image
/// A mount in the form that a snapshotter hands out: `containerd.types.Mount`.
public typealias Mount = Containerd_Types_Mount
/// A blob and its labels: `containerd.services.content.v1.Info`.
public typealias ContentInfo = Containerd_Services_Content_V1_Info
/// A blob that is being written: `containerd.services.content.v1.Status`.
public typealias IngestStatus = Containerd_Services_Content_V1_Status
/// A snapshot and its labels: `containerd.services.snapshots.v1.Info`.
public typealias SnapshotInfo = Containerd_Services_Snapshots_V1_Info
/// What a snapshot is: `containerd.services.snapshots.v1.Kind`.
public typealias SnapshotKind = Containerd_Services_Snapshots_V1_Kind
/// A process of a task: `containerd.v1.types.Process`.
public typealias TaskProcess = Containerd_V1_Types_Process
/// The state of a process: `containerd.v1.types.Status`.
public typealias TaskStatus = Containerd_V1_Types_Status
/// An event with its time, namespace and topic: `containerd.types.Envelope`.
public typealias EventEnvelope = Containerd_Types_Envelope
/// What keeps resources from being collected: `containerd.services.leases.v1.Lease`.
public typealias Lease = Containerd_Services_Leases_V1_Lease
/// A resource that a lease keeps: `containerd.services.leases.v1.Resource`.
public typealias LeaseResource = Containerd_Services_Leases_V1_Resource
/// A namespace and its labels: `containerd.services.namespaces.v1.Namespace`.
public typealias Namespace = Containerd_Services_Namespaces_V1_Namespace
/// A part of the server: `containerd.services.introspection.v1.Plugin`.
public typealias Plugin = Containerd_Services_Introspection_V1_Plugin
