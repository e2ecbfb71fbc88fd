// ContainerdClient
