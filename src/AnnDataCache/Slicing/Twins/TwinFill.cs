using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Slicing;

/// <summary>The second pass: each worker fills ranges of the twin, one buffer after the other (T1 … T3).</summary>
/// <remarks>
/// A store to one of twenty thousand places misses every cache, and a page of a tmpfs that is stored into is cleared before.
/// So the twin is made range by range: as many positions as one buffer holds are gathered from all rows, and written at once.
/// Of rows in order a range is one run of entries, which starts where the range before it ended: every entry is read once.
/// </remarks>
internal sealed class TwinFill(SparseView source, long[] offsets, ColumnLayout column, ByteTarget target)
{
    /// <summary>Private memory of all workers' buffers together, and of all their cursors.</summary>
    private const long BufferBytes = 40 << 20, CursorBytes = 20 << 20;

    private const long LeastBufferBytes = 1 << 20;

    internal void FillAll(ReadContext context)
    {
        long[] cuts = Cut(context.Workers);
        bool keepsCursors = source.Canonical && source.Minor <= int.MaxValue && source.Major * sizeof(int) * context.Workers <= CursorBytes;
        long bytes = Math.Max(BufferBytes / context.Workers, LeastBufferBytes);
        Crew.ForEach(cuts.Length - 1, context.Workers, span =>
        {
            if (cuts[span] == cuts[span + 1]) { return; }
            using TwinBuffer buffer = new(source, column, bytes);
            int[]? cursors = keepsCursors ? new int[source.Major] : null;
            if (cursors is not null) { TwinScatter.Seek(source, cuts[span], cursors, context.Cancellation); }
            for (long first = cuts[span]; first < cuts[span + 1];)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                long end = RangeFrom(first, cuts[span + 1], buffer.Capacity);
                buffer.Start(offsets, first, end);
                TwinScatter.Run(source, buffer, cursors, target, context.Cancellation);
                buffer.Finish(offsets, target);
                first = end;
            }
        }, context.Cancellation);
    }

    /// <summary>Positions are dealt out in spans of about as many entries.</summary>
    private long[] Cut(int spans)
    {
        long[] cuts = new long[spans + 1];
        for (int i = 1; i < spans; i++) { cuts[i] = Math.Max(cuts[i - 1], FirstAt(Crew.At(source.Entries, spans, i))); }
        cuts[spans] = source.Minor;
        return cuts;
    }

    /// <summary>The positions from the first on whose entries fit a buffer; at least one, whatever it holds.</summary>
    private long RangeFrom(long first, long last, long capacity)
    {
        long end = FirstAt(offsets[first] + capacity + 1) - 1; // the last offset that is not beyond
        return Math.Clamp(end, first + 1, last);
    }

    /// <summary>The first position whose offset is not below the entry.</summary>
    private long FirstAt(long entry)
    {
        int found = Array.BinarySearch(offsets, entry);
        if (found < 0) { return Math.Min(~found, source.Minor + 1); }
        while (found > 0 && offsets[found - 1] == entry) { found--; }
        return found;
    }
}
