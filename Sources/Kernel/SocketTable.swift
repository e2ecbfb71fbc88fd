/// The sockets that this kernel keeps a duplicate of.
package final class SocketTable {
}
