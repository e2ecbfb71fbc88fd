// UnionFileSystem
