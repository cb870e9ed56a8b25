namespace AnnDataCache.Cli;

/// <summary>Single numbers of a buffer.</summary>
internal static class Numbers
{
    /// <summary>A number as an object of its own type.</summary>
    internal static object GetValue(this PinnedBuffer buffer, long position) =>
        buffer.Type.FromBytes(buffer.Span<byte>(position * buffer.Type.Size(), buffer.Type.Size()));

    /// <summary>An offset or index.</summary>
    internal static long GetIndex(this PinnedBuffer buffer, long position) =>
        buffer.Type == DType.Int32 ? buffer.Span<int>(position, 1)[0] : buffer.Span<long>(position, 1)[0];
}
