using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>The second pass: workers walk blocks of rows, range by range, and scatter their entries into the twin (T1 … T3).</summary>
internal sealed unsafe class TwinFill(SparseView source, TwinCounts counts, ColumnLayout column, ByteTarget target)
{
    private const long PieceBytes = 2 << 20;

    internal void FillAll(ReadContext context)
    {
        if (source.Entries == 0) { return; }
        byte* indices = Map(column.Indices, context), values = Map(column.Values, context);
        long width = counts.Blocks.WidthOf(source, column);
        Crew.ForEach(counts.Blocks.Count, context.Workers, block =>
        {
            using TwinLines lines = new(counts.Offsets, column, indices, values, Math.Min(width, source.Minor));
            (uint[] starts, uint[] ends) = counts.PlacesOf(block);
            (long firstRow, long lastRow) = (counts.Blocks.Rows[block], counts.Blocks.Rows[block + 1]);
            using NativeBuffer? cursors = source.Canonical && width < source.Minor ? RowStarts(firstRow, lastRow) : null;
            for (long first = 0; first < source.Minor; first += width)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                lines.Start(starts, ends, first, Math.Min(first + width, source.Minor));
                TwinScatter.Run(source, lines, firstRow, lastRow, (long*)(cursors is null ? null : cursors.Address), context.Cancellation);
                lines.Finish();
            }

            TwinScatter.Fence();
        }, context.Cancellation);
    }

    private NativeBuffer RowStarts(long first, long end)
    {
        NativeBuffer starts = new((end - first) * sizeof(long));
        for (long row = first; row < end; row++) { ((long*)starts.Address)[row - first] = source.Row(row).Start; }
        return starts;
    }

    /// <summary>All workers take the pages of a buffer before anything is stored: one by one, as stores need them, they cost more.</summary>
    private byte* Map(BufferRange range, ReadContext context)
    {
        int pieces = checked((int)(((range.Length - 1) / PieceBytes) + 1));
        Crew.ForEach(pieces, context.Workers, piece =>
        {
            long start = piece * PieceBytes;
            target.MapNew(range.Offset + start, Math.Min(PieceBytes, range.Length - start));
        }, context.Cancellation);
        return target.MapNew(range.Offset, 0);
    }
}
