"""Where bytes lie: the `Storage` protocol, and the storage that is a folder on this machine."""
