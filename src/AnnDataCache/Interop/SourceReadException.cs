namespace AnnDataCache.Interop;

/// <summary>The kernel could not read a source that is there: the disk, or the server behind it, has failed.</summary>
internal sealed class SourceReadException(string path, Exception cause) : IOException($"'{path}' cannot be read: {cause.Message}", cause);
