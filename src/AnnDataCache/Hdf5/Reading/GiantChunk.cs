using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>
/// Decodes one chunk that is too large to stand in memory: read, inflated and written in pieces, on two threads where there is a
/// second one. What it takes is the same for a chunk of 10 MB and one of 4 GB.
/// </summary>
/// <remarks>
/// For chunks that are one run of the array and are stored with gzip alone, or with shuffle and gzip. Shuffled bytes come plane by
/// plane (all first bytes, then all second bytes …), so a value is whole only at the end: its bytes are put together in the target's
/// own memory, which is shared and counted already. A target that has no memory cannot take them.
/// </remarks>
internal static unsafe class GiantChunk
{
    // Small while testing, so that small chunks go this way too.
#if DEBUG
    private const long LeastBytes = 2L << 10;
#else
    private const long LeastBytes = 8L << 20;
#endif

    /// <summary>Decodes the chunk into <c>[offset, offset + bytes)</c> of the target, when it is one for this way.</summary>
    /// <param name="array">Its chunks are runs.</param>
    /// <param name="entry">The chunk.</param>
    /// <param name="target">Gets whole values.</param>
    /// <param name="offset">Of the chunk's first byte.</param>
    /// <param name="bytes">Of the chunk's bytes those inside the array.</param>
    /// <param name="context">How many threads may work at it, who stops them between pieces, and who is told of each.</param>
    /// <returns>False when nothing was done.</returns>
    internal static bool TryRead(Hdf5Chunks array, in ChunkEntry entry, ByteTarget target, long offset, long bytes, ReadContext context)
    {
        if (array.Grid.ChunkBytes < LeastBytes || !HasOnlyGzip(array.Pipeline, entry, out Filter? shuffle)) { return false; }
        PieceSink sink;
        if (shuffle is null)
        {
            sink = new RunSink(array.Type.Size, array.Type.ToLittleEndian, target, offset, bytes);
        }
        else
        {
            int size = array.Type.Size;
            bool isOfValues = shuffle.ClientData is not [uint first, ..] || first == 0 || first == size;
            if (!isOfValues || !PlaneStore.Takes(size) || target.Map(offset, size) is var memory && memory is null) { return false; }
            sink = new PlaneSink(array, target, memory, offset, bytes);
        }

        Run(array, entry, sink, bytes, context);
        return true;
    }

    private static bool HasOnlyGzip(FilterPipeline pipeline, in ChunkEntry entry, out Filter? shuffle)
    {
        uint mask = entry.FilterMask;
        Filter[] filters = [.. pipeline.Filters.Where((_, i) => (mask >> i & 1) == 0)];
        shuffle = filters is [{ Id: Filter.Shuffle }, ..] ? filters[0] : null;
        return filters is [{ Id: Filter.Deflate }] or [{ Id: Filter.Shuffle }, { Id: Filter.Deflate }];
    }

    private static void Run(Hdf5Chunks array, ChunkEntry entry, PieceSink sink, long bytes, ReadContext context)
    {
        using PiecePipe pipe = new(sink, $"The chunk at {entry.Address:N0}", array.Grid.ChunkBytes, bytes, context);
        long at = 0;
        InflatePump pump = new(
            stored =>
            {
                int here = (int)Math.Min(stored.Length, entry.Length - at);
                array.Source.Read(entry.Address + at, stored[..here]);
                at += here;
                return here;
            },
            pipe.Add);
        pump.Zlib();
        pipe.Complete();
    }

    /// <summary>Puts each value together from its bytes, plane by plane.</summary>
    private sealed class PlaneSink(Hdf5Chunks array, ByteTarget target, byte* memory, long offset, long bytes)
        : PieceSink(valueSize: 1)
    {
        private readonly long _perPlane = array.Grid.ChunkBytes / array.Type.Size, _inside = bytes / array.Type.Size;
        private long _done;

        internal override void Take(Span<byte> piece)
        {
            while (piece.Length > 0)
            {
                (long plane, long first) = Math.DivRem(_done, _perPlane);
                int here = (int)Math.Min(piece.Length, _perPlane - first);
                int inside = (int)Math.Clamp(_inside - first, 0, here);
                if (plane == 0 && inside > 0) { target.Map(offset + (first * array.Type.Size), (long)inside * array.Type.Size); } // pages first
                PlaneStore.Put(piece[..inside], memory + (first * array.Type.Size), array.Type.Size, (int)plane);
                _done += here;
                piece = piece[here..];
            }
        }

        internal override void Finish()
        {
            int step = PieceBytes / array.Type.Size * array.Type.Size;
            for (long at = 0; at < bytes; at += step) { array.Type.ToLittleEndian(new Span<byte>(memory + at, (int)Math.Min(step, bytes - at))); }
        }
    }
}
