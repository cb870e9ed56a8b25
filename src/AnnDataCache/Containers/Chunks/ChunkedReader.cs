using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>
/// Decodes all chunks of an array into a target. Three ways, by what the chunks and the target are:
/// chunks that are runs of the array are written one by one; others are scattered straight into the target's memory,
/// or, where there is none, gathered into boxes of neighbouring chunks that are written in long pieces.
/// </summary>
internal static unsafe class ChunkedReader
{
    // What one thread gathers before it writes: long pieces for the target, bounded memory for any array. Small while
    // testing, so that small arrays take several boxes.
#if DEBUG
    private const long GatherBytes = 4L << 10;
#else
    private const long GatherBytes = 16L << 20;
#endif

    internal static void Read(ChunkedArray array, ByteTarget target, ReadContext context)
    {
        ChunkGrid grid = array.Grid;
        if (grid.Count == 0) { return; }
        if (grid.IsRun)
        {
            ReadContext spare = context with { Workers = (int)Math.Max(1, context.Workers / grid.Count) };
            WorkCrew.Run(grid.Count, context, () => new RunWorker(array, target, spare));
        }
        else if (BandAddress(grid, target, 0) is not null)
        {
            WorkCrew.Run(grid.Count, context, () => new ScatterWorker(array, target, context.Progress));
        }
        else
        {
            long[] chunks = ChunksPerBox(grid);
            long boxes = 1;
            for (int i = 0; i < grid.Rank; i++)
            {
                boxes = checked(boxes * ChunkGrid.CountOn(grid.Counts[i], chunks[i]));
            }

            WorkCrew.Run(boxes, context, () => new GatherWorker(array, chunks, target, context.Progress));
        }
    }

    /// <summary>Rows that a band of chunks covers.</summary>
    internal static long BandRows(ChunkGrid grid, long band) =>
        Math.Min(grid.Chunk[0], grid.Shape[0] - (band * grid.Chunk[0]));

    private static byte* BandAddress(ChunkGrid grid, ByteTarget target, long band)
    {
        long row = grid.TotalBytes / grid.Shape[0];
        return target.TryGetAddress(band * grid.Chunk[0] * row, BandRows(grid, band) * row);
    }

    // As many neighbours along the last axis as the memory allows, then along the one before it, when the last is whole.
    private static long[] ChunksPerBox(ChunkGrid grid)
    {
        long[] chunks = new long[grid.Rank];
        Array.Fill(chunks, 1);
        long bytes = grid.ChunkBytes;
        for (int axis = grid.Rank - 1; axis > 0; axis--)
        {
            chunks[axis] = Math.Clamp(GatherBytes / bytes, 1, grid.Counts[axis]);
            if (chunks[axis] < grid.Counts[axis]) { break; }
            bytes = checked(bytes * chunks[axis]);
        }

        return chunks;
    }

    private static long ClippedBytes(ChunkGrid grid, ReadOnlySpan<long> at)
    {
        long values = 1;
        for (int i = 0; i < grid.Rank; i++)
        {
            values *= Math.Min(grid.Chunk[i], grid.Shape[i] - (at[i] * grid.Chunk[i]));
        }

        return values * grid.ElementSize;
    }

    private sealed class RunWorker(ChunkedArray array, ByteTarget target, ReadContext context) : Worker
    {
        private const int FillBytes = 1 << 20;

        private readonly ChunkDecoder _decoder = array.OpenDecoder();
        private readonly long[] _at = new long[array.Grid.Rank];
        private NativeBuffer? _fill;

        internal override void Do(long item)
        {
            ChunkGrid grid = array.Grid;
            grid.Locate(item, _at);
            long offset = 0;
            for (int i = 0; i < grid.Rank; i++) { offset = (offset * grid.Shape[i]) + (_at[i] * grid.Chunk[i]); }
            offset *= grid.ElementSize;
            long bytes = ClippedBytes(grid, _at);
            if (bytes <= int.MaxValue
                && target.TryGetAddress(offset, bytes) is var memory && memory is not null
                && _decoder.TryDecodeInto(item, new Span<byte>(memory, (int)bytes)))
            {
                context.Progress?.Invoke(bytes);
                return;
            }

            if (_decoder.TryDecodeTo(item, target, offset, bytes, context)) { return; }
            if (_decoder.Decode(item) is var chunk && chunk is not null)
            {
                target.Write(offset, new ReadOnlySpan<byte>(chunk, (int)bytes));
            }
            else
            {
                WriteFill(offset, bytes);
            }

            context.Progress?.Invoke(bytes);
        }

        public override void Dispose()
        {
            _decoder.Dispose();
            _fill?.Dispose();
        }

        private void WriteFill(long offset, long bytes)
        {
            int size = array.Grid.ElementSize;
            if (_fill is null)
            {
                _fill = new NativeBuffer(Math.Max(size, FillBytes / size * size));
                array.Fill.Fill(_fill.Span(0, (int)_fill.Length));
            }

            for (long done = 0; done < bytes; done += _fill.Length)
            {
                target.Write(offset + done, _fill.Span(0, (int)Math.Min(_fill.Length, bytes - done)));
            }
        }
    }

    private sealed class ScatterWorker(ChunkedArray array, ByteTarget target, Action<long>? progress) : Worker
    {
        private readonly ChunkDecoder _decoder = array.OpenDecoder();
        private readonly long[] _at = new long[array.Grid.Rank];

        internal override void Do(long item)
        {
            ChunkGrid grid = array.Grid;
            grid.Locate(item, _at);
            byte* chunk = _decoder.Decode(item);
            byte* memory = BandAddress(grid, target, _at[0]);
            if (memory is null)
            {
                throw new InvalidOperationException(
                    "The target gave an address for its first rows, but not for others.");
            }

            Region.Rows(grid, _at[0] * grid.Chunk[0], BandRows(grid, _at[0])).Gather(_at, chunk, memory, array.Fill);
            progress?.Invoke(ClippedBytes(grid, _at));
        }

        public override void Dispose() => _decoder.Dispose();
    }

    private sealed class GatherWorker(
        ChunkedArray array, long[] chunks, ByteTarget target, Action<long>? progress) : Worker
    {
        private readonly ChunkDecoder _decoder = array.OpenDecoder();
        private NativeBuffer? _memory;

        internal override void Do(long item)
        {
            ChunkGrid grid = array.Grid;
            long[] first = new long[grid.Rank], counts = new long[grid.Rank];
            long[] start = new long[grid.Rank], length = new long[grid.Rank];
            for (int i = grid.Rank - 1; i >= 0; i--)
            {
                (item, long box) = Math.DivRem(item, ChunkGrid.CountOn(grid.Counts[i], chunks[i]));
                first[i] = box * chunks[i];
                counts[i] = Math.Min(chunks[i], grid.Counts[i] - first[i]);
                start[i] = first[i] * grid.Chunk[i];
                length[i] = Math.Min(counts[i] * grid.Chunk[i], grid.Shape[i] - start[i]);
            }

            Region region = new(grid, start, length);
            long bytes = region.Bytes;
            if (_memory is null || _memory.Length < bytes)
            {
                _memory?.Dispose();
                _memory = null;
                _memory = new NativeBuffer(bytes);
            }

            GatherAll(region, first, counts);
            region.WriteTo(target, _memory.Address);
            progress?.Invoke(bytes);
        }

        public override void Dispose()
        {
            _decoder.Dispose();
            _memory?.Dispose();
        }

        private void GatherAll(Region region, long[] first, long[] counts)
        {
            long[] at = new long[first.Length];
            long total = ChunkGrid.Product(counts);
            for (long n = 0; n < total; n++)
            {
                long rest = n;
                for (int i = at.Length - 1; i >= 0; i--)
                {
                    (rest, long step) = Math.DivRem(rest, counts[i]);
                    at[i] = first[i] + step;
                }

                region.Gather(at, _decoder.Decode(array.Grid.Number(at)), _memory!.Address, array.Fill);
            }
        }
    }
}
