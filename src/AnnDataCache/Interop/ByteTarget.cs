namespace AnnDataCache.Interop;

/// <summary>Where decoded bytes go: a part that is being filled, a block of memory, or a converter before one of them.</summary>
/// <remarks>Disjoint ranges may be written from several threads at once; nothing is written twice.</remarks>
internal abstract class ByteTarget
{
    /// <summary>Stores the bytes at <paramref name="offset"/> of the target.</summary>
    /// <exception cref="PosixException">The file system is full.</exception>
    internal abstract void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Address of <c>[offset, offset + length)</c> when the target is memory that may be stored into directly, else null.
    /// The address is valid until the target is sealed or disposed.
    /// </summary>
    internal virtual unsafe byte* TryGetAddress(long offset, long length) => null;

    /// <summary>
    /// The same for whoever must read back what it has stored: also where storing is not the fastest way to write. Null when there
    /// is no memory behind the target.
    /// </summary>
    internal virtual unsafe byte* Map(long offset, long length) => TryGetAddress(offset, length);

    /// <summary>The same for a range of which nothing was written yet, and which is stored into in no order: its pages are taken at once.</summary>
    internal virtual unsafe byte* MapNew(long offset, long length) => Map(offset, length);
}

/// <summary>Memory that the caller keeps alive for as long as it is written to.</summary>
internal sealed unsafe class MemoryTarget(byte* start, long length) : ByteTarget
{
    internal override void Write(long offset, ReadOnlySpan<byte> bytes) =>
        bytes.CopyTo(new Span<byte>(TryGetAddress(offset, bytes.Length), bytes.Length));

    internal override byte* TryGetAddress(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length - count);
        return start + offset;
    }
}

/// <summary>A window into another target, so that an array can be written from offset 0.</summary>
internal sealed unsafe class OffsetTarget(ByteTarget inner, long start, long length) : ByteTarget
{
    internal override void Write(long offset, ReadOnlySpan<byte> bytes) => inner.Write(Check(offset, bytes.Length), bytes);

    internal override byte* TryGetAddress(long offset, long count) => inner.TryGetAddress(Check(offset, count), count);

    internal override byte* Map(long offset, long count) => inner.Map(Check(offset, count), count);

    internal override byte* MapNew(long offset, long count) => inner.MapNew(Check(offset, count), count);

    private long Check(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length - count);
        return start + offset;
    }
}
