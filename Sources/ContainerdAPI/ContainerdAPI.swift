// ContainerdAPI
