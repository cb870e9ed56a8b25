using System.Buffers.Binary;
using System.Runtime.InteropServices;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>A chunk that blosc alone has compressed, decoded some blocks at a time and written from memory that stays in the cache.</summary>
/// <remarks>
/// Blocks know nothing of each other, so a chunk of any size takes the memory of a piece, and several threads may share one.
/// Small chunks are read whole; of large ones the blocks are read by their places, which may stand in any order.
/// </remarks>
internal sealed class BloscChunk : IDisposable
{
    // Small while testing, so that small chunks take several pieces and are read by block.
#if DEBUG
    private const int PieceBytes = 1 << 10, WholeBytes = 1 << 10;
#else
    private const int PieceBytes = 256 << 10, WholeBytes = 4 << 20;
#endif

    private readonly ZarrChunks _array;
    private readonly GrowingBuffer _stored = new(), _piece = new();

    internal BloscChunk(ZarrChunks array) => _array = array;

    /// <summary>Decodes the chunk to its place when it is of the first version and its blocks are whole values.</summary>
    /// <param name="place">The chunk's bytes.</param>
    /// <param name="target">Gets whole values.</param>
    /// <param name="offset">Of the chunk's first byte in the target.</param>
    /// <param name="bytes">Of the chunk's bytes those inside the array.</param>
    /// <param name="context">How many threads may work at it, who stops them between pieces, and who is told of each.</param>
    /// <returns>False when nothing was done.</returns>
    internal bool TryRead(in StoredRange place, ByteTarget target, long offset, long bytes, ReadContext context)
    {
        Span<byte> whole = place.Length <= WholeBytes ? _stored.Span((int)place.Length) : default;
        place.Read(0, whole);
        if (Plan(place, whole) is not { } plan) { return false; }
        int pieces = (int)((bytes + plan.PieceBytes - 1) / plan.PieceBytes);
        if (context.Workers > 1 && pieces > 1)
        {
            StoredRange shared = place;
            WorkCrew.Run(pieces, context, () => new PieceWorker(_array, plan, shared, target, offset, bytes, context));
            return true;
        }

        for (int piece = 0; piece < pieces; piece++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Write(plan, place, whole, piece, target, offset, bytes, context);
        }

        return true;
    }

    public void Dispose()
    {
        _stored.Dispose();
        _piece.Dispose();
    }

    private BlockPlan? Plan(in StoredRange place, ReadOnlySpan<byte> whole)
    {
        if (place.Length < Blosc.HeaderSize) { throw new CodecException($"A Blosc chunk of {place.Length} bytes is shorter than its {Blosc.HeaderSize}-byte header."); }
        Span<byte> front = stackalloc byte[Blosc.HeaderSize];
        if (whole.Length > 0) { whole[..front.Length].CopyTo(front); } else { place.Read(0, front); }
        if (front[0] > Blosc.Version1) { return null; }
        int size = _array.Grid.ElementSize;
        BloscHeader header = BloscHeader.Read(front, (int)Math.Min(place.Length, int.MaxValue), _array.ChunkBytes);
        if (header.Bytes != _array.ChunkBytes) { throw new CodecException($"A chunk says that it becomes {header.Bytes:N0} bytes; {_array.ChunkBytes:N0} are expected."); }
        bool isCopy = (header.Flags & Blosc.Copied) != 0;
        int block = isCopy ? size : header.BlockBytes;
        if (block < header.Bytes && block % size != 0) { return null; }
        return new BlockPlan(header, isCopy ? [] : Starts(place, whole, header), Math.Max(block, PieceBytes / block * block));
    }

    /// <summary>Where each block starts in the chunk, checked.</summary>
    private static int[] Starts(in StoredRange place, ReadOnlySpan<byte> whole, in BloscHeader header)
    {
        int[] starts = new int[header.BlockCount(Blosc.HeaderSize)];
        Span<byte> bytes = MemoryMarshal.AsBytes(starts.AsSpan());
        if (whole.Length > 0) { whole.Slice(Blosc.HeaderSize, bytes.Length).CopyTo(bytes); } else { place.Read(Blosc.HeaderSize, bytes); }
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
            if (starts[i] < Blosc.HeaderSize || starts[i] > header.StoredBytes)
            {
                throw new CodecException($"Block {i} of a Blosc chunk of {header.StoredBytes:N0} bytes starts at {starts[i]:N0}.");
            }
        }

        return starts;
    }

    private void Write(
        BlockPlan plan, in StoredRange place, ReadOnlySpan<byte> whole, int piece, ByteTarget target, long offset, long bytes, ReadContext context)
    {
        long at = (long)piece * plan.PieceBytes;
        int length = (int)Math.Min(plan.PieceBytes, plan.Header.Bytes - at), inside = (int)Math.Min(length, bytes - at);
        Span<byte> values = _piece.Span(length);
        if (plan.Starts.Length == 0)
        {
            if (plan.Header.StoredBytes - Blosc.HeaderSize < plan.Header.Bytes)
            {
                throw new CodecException($"A copied Blosc chunk holds {plan.Header.StoredBytes - Blosc.HeaderSize:N0} of its {plan.Header.Bytes:N0} bytes.");
            }

            place.Read(Blosc.HeaderSize + at, values);
        }

        for (int done = 0; done < length && plan.Starts.Length > 0; done += plan.Header.BlockBytes)
        {
            int block = (int)((at + done) / plan.Header.BlockBytes);
            Blosc.DecodeBlock(plan.Header, Streams(plan, place, whole, block), values.Slice(done, plan.Header.LengthOf(block)));
        }

        if (_array.Metadata.Codecs.Swaps.Count > 0) { ByteOrder.Swap(values, _array.Grid.ElementSize, _array.Metadata.Codecs.Swaps); }
        target.Write(offset + at, values[..inside]);
        context.Progress?.Invoke(inside);
    }

    /// <summary>The stored bytes of a block, and what stands behind them where the chunk was read whole.</summary>
    private ReadOnlySpan<byte> Streams(BlockPlan plan, in StoredRange place, ReadOnlySpan<byte> whole, int block)
    {
        if (whole.Length > 0) { return whole[plan.Starts[block]..plan.Header.StoredBytes]; }
        Span<byte> streams = _stored.Span(plan.EndOf(block) - plan.Starts[block]);
        place.Read(plan.Starts[block], streams);
        return streams;
    }

    /// <summary>One thread's share of a chunk.</summary>
    private sealed class PieceWorker(
        ZarrChunks array, BlockPlan plan, StoredRange place, ByteTarget target, long offset, long bytes, ReadContext context) : Worker
    {
        private readonly BloscChunk _chunk = new(array);

        internal override void Do(long item) => _chunk.Write(plan, place, default, (int)item, target, offset, bytes, context);

        public override void Dispose() => _chunk.Dispose();
    }

    /// <summary>How a chunk is cut.</summary>
    /// <param name="Header">Its front.</param>
    /// <param name="Starts">Of its blocks; none where the values were copied.</param>
    /// <param name="PieceBytes">Decoded and written at once: whole blocks.</param>
    private sealed record BlockPlan(BloscHeader Header, int[] Starts, int PieceBytes)
    {
        private readonly Lazy<int[]> _sorted = new(() => [.. Starts.Order()]);

        /// <summary>Where the next block in the file starts: several threads may have compressed the chunk, each block when its turn came.</summary>
        internal int EndOf(int block)
        {
            int[] sorted = _sorted.Value;
            int next = Array.BinarySearch(sorted, Starts[block]);
            while (next < sorted.Length && sorted[next] == Starts[block]) { next++; }
            return next < sorted.Length ? sorted[next] : Header.StoredBytes;
        }
    }
}
