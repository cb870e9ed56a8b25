using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>
/// Decodes one chunk that is too large to stand in memory and whose codec knows no blocks: read, decoded and written in pieces,
/// on two threads where there is a second one.
/// </summary>
/// <remarks>
/// For chunks in C order that are stored as they are, or with gzip, zlib or zstd alone. Blosc's are read by its blocks
/// (<see cref="BloscChunk"/>).
/// </remarks>
internal static class StreamedChunk
{
    // Small while testing, so that small chunks go this way too.
#if DEBUG
    private const long LeastBytes = 2L << 10;
#else
    private const long LeastBytes = 8L << 20;
#endif

    /// <summary>Decodes the chunk to its place, when it is one for this way.</summary>
    /// <param name="array">Its chunks are runs.</param>
    /// <param name="place">The chunk's bytes.</param>
    /// <param name="target">Gets whole values.</param>
    /// <param name="offset">Of the chunk's first byte in the target.</param>
    /// <param name="bytes">Of the chunk's bytes those inside the array.</param>
    /// <param name="context">How many threads may work at it, who stops them between pieces, and who is told of each.</param>
    /// <returns>False when nothing was done.</returns>
    internal static bool TryRead(ZarrChunks array, StoredRange place, ByteTarget target, long offset, long bytes, ReadContext context)
    {
        CodecChain codecs = array.Metadata.Codecs;
        if (array.Grid.ChunkBytes < LeastBytes || codecs.Order is not null || !HasStreams(codecs.Steps)) { return false; }
        int size = array.Grid.ElementSize;
        Action<Span<byte>> order = codecs.Swaps.Count == 0 ? static _ => { } : values => ByteOrder.Swap(values, size, codecs.Swaps);
        RunSink sink = new(size, order, target, offset, bytes);
        using PiecePipe pipe = new(sink, "A chunk", array.Grid.ChunkBytes, bytes, context);
        long at = 0;
        int Read(Span<byte> stored)
        {
            int here = (int)Math.Min(stored.Length, place.Length - at);
            place.Read(at, stored[..here]);
            at += here;
            return here;
        }

        switch (codecs.Steps)
        {
            case [{ Codec: ByteCodec.Zlib }]: new InflatePump(Read, pipe.Add).Zlib(); break;
            case [{ Codec: ByteCodec.Gzip }]: new InflatePump(Read, pipe.Add).Gzip(); break;
            case [_]: new ZstdPump(Read, pipe.Add, array.Grid.ChunkBytes).Run(); break;
            default: Copy(Read, pipe); break;
        }

        pipe.Complete();
        return true;
    }

    private static bool HasStreams(IReadOnlyList<ByteStep> steps) =>
        steps is [] or [{ Codec: ByteCodec.Zlib or ByteCodec.Gzip or ByteCodec.Zstd }];

    private static void Copy(InflatePump.ReadStored read, PiecePipe pipe)
    {
        byte[] piece = new byte[256 << 10];
        for (int got = read(piece); got > 0; got = read(piece)) { pipe.Add(piece.AsSpan(0, got)); }
    }
}
