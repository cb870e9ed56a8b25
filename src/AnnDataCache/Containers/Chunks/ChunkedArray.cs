using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>An array that is stored in chunks, whatever the format: how it is cut, and who decodes. Shared by all threads.</summary>
/// <param name="grid">How the array is cut.</param>
/// <param name="fill">What stands where nothing was written.</param>
internal abstract class ChunkedArray(ChunkGrid grid, FillValue fill)
{
    internal ChunkGrid Grid => grid;

    internal FillValue Fill => fill;

    /// <summary>A decoder for one thread.</summary>
    internal abstract ChunkDecoder OpenDecoder();
}

/// <summary>Reads and decodes one chunk at a time into memory of its own. One thread's.</summary>
internal abstract unsafe class ChunkDecoder : IDisposable
{
    /// <summary>
    /// Address of the chunk's little-endian values in C order, valid until the next call; null when it was never written.
    /// The chunk last decoded is still there.
    /// </summary>
    internal abstract byte* Decode(long number);

    /// <summary>Decodes the start of a chunk straight to its place, where its form allows that; else does nothing.</summary>
    internal abstract bool TryDecodeInto(long number, Span<byte> values);

    /// <summary>Decodes a chunk that is too large to stand in memory, piece by piece to its place; else does nothing.</summary>
    /// <param name="number">Of the chunk, which is one run of the array.</param>
    /// <param name="target">Gets whole values.</param>
    /// <param name="offset">Of the chunk's first byte in the target.</param>
    /// <param name="bytes">Of the chunk's bytes those inside the array.</param>
    /// <param name="context">How many threads may work at it, who stops them between pieces, and who is told of each.</param>
    internal virtual bool TryDecodeTo(long number, ByteTarget target, long offset, long bytes, ReadContext context) => false;

    public abstract void Dispose();
}
