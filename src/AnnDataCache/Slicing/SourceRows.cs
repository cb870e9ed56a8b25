using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Loading;

namespace AnnDataCache.Slicing;

/// <summary>Rows straight from the source's chunks, for a few of a matrix that no tier has: loading all of it would take longer.</summary>
/// <remarks>
/// Few is: the chunks that hold the rows are at most an eighth of all chunks, and 64 MB when they are decoded. Neighbouring rows
/// are read in one piece, and in the order of the file, so that each chunk is decoded once.
/// </remarks>
internal static class SourceRows
{
    private const int MostShare = 8;

    private const long MostBytes = 64 << 20;

    /// <summary>The cells of a csr matrix; null when they are not few.</summary>
    /// <exception cref="ContainerException">The source is damaged.</exception>
    internal static SparseSlice? TryRead(SparseContent content, long[] cells, CancellationToken cancellation)
    {
        long[] order = [.. cells.Distinct().Order()];
        if (order.Length > content.Info.Shape[0] / MostShare || content.Info.Shape[1] > int.MaxValue) { return null; }
        if (!AreFew(content.Offsets, Runs(order.Select(cell => (cell, cell + 2))))) { return null; }
        (long Start, long End)[] ranges = ReadRanges(content, order, cancellation);
        List<(long Start, long End)> runs = Runs(ranges);
        if (!AreFew(content.Indices, runs) || !AreFew(content.Values, runs)) { return null; }

        long[] offsets = new long[order.Length + 1];
        for (int i = 0; i < order.Length; i++) { offsets[i + 1] = offsets[i] + ranges[i].End - ranges[i].Start; }
        int[] indices = new int[offsets[^1]];
        DType stored = content.Indices.Type.Number!.Value;
        byte[] raw = ReadRuns(content.Indices, runs, offsets[^1], cancellation);
        if (!IntegerConversion.Convert(raw, stored, MemoryMarshal.AsBytes(indices.AsSpan()), DType.Int32, content.Info.Shape[1]))
        {
            throw new DamagedContainerException($"'{content.Info.Path}' has an index outside 0 … {content.Info.Shape[1] - 1:N0}, the length of its other axis");
        }

        byte[] values = ReadRuns(content.Values, runs, offsets[^1], cancellation);
        SparseSlice slice = new(order.Length, content.Info.Shape[1], content.Values.Type.Number!.Value, offsets, indices, values);
        return order.SequenceEqual(cells) ? slice : SliceRows.Take(slice, [.. cells.Select(cell => (long)Array.BinarySearch(order, cell))]);
    }

    /// <summary>Whole rows of a dense array in its own type; null when they are not few.</summary>
    internal static byte[]? TryRead(DenseContent content, long[] cells, CancellationToken cancellation)
    {
        long[] order = [.. cells.Distinct().Order()];
        List<(long Start, long End)> runs = Runs(order.Select(cell => (cell, cell + 1)));
        if (!AreFew(content.Values, runs)) { return null; }
        int rowBytes = checked((int)(content.Info.Shape[1] * content.Values.Type.Size));
        byte[] rows = ReadRuns(content.Values, runs, order.Length, cancellation);
        if (order.SequenceEqual(cells)) { return rows; }
        byte[] result = new byte[(long)cells.Length * rowBytes];
        for (int i = 0; i < cells.Length; i++)
        {
            rows.AsSpan(Array.BinarySearch(order, cells[i]) * rowBytes, rowBytes).CopyTo(result.AsSpan(i * rowBytes));
        }

        return result;
    }

    /// <summary>Positions of each cell's entries, checked against the arrays.</summary>
    private static (long Start, long End)[] ReadRanges(SparseContent content, long[] cells, CancellationToken cancellation)
    {
        DType type = content.Offsets.Type.Number!.Value;
        byte[] pair = new byte[2 * type.Size()];
        long[] wide = new long[2];
        (long, long)[] ranges = new (long, long)[cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            content.Offsets.ReadRows(cells[i], 2, pair);
            IntegerConversion.Widen(pair, type, wide);
            if (wide[0] < 0 || wide[1] < wide[0] || wide[1] > content.Values.Count)
            {
                throw new DamagedContainerException($"'{content.Info.Path}': indptr must rise from 0 to {content.Values.Count:N0}, but has {wide[0]:N0} beside {wide[1]:N0}");
            }

            ranges[i] = (wide[0], wide[1]);
        }

        return ranges;
    }

    /// <summary>Joins ranges that touch or overlap; they come in the file's order.</summary>
    private static List<(long Start, long End)> Runs(IEnumerable<(long Start, long End)> ranges)
    {
        List<(long Start, long End)> runs = [];
        foreach ((long start, long end) in ranges)
        {
            if (start == end) { continue; }
            if (runs.Count > 0 && start <= runs[^1].End) { runs[^1] = (runs[^1].Start, Math.Max(end, runs[^1].End)); }
            else { runs.Add((start, end)); }
        }

        return runs;
    }

    private static bool AreFew(ContainerArray array, List<(long Start, long End)> runs)
    {
        long rows = array.Shape.Count > 0 ? array.Shape[0] : 1, chunk = array.Storage.Chunk is [long length, ..] ? length : 1;
        long touched = 0, next = 0;
        foreach ((long start, long end) in runs)
        {
            (long first, long last) = (Math.Max(start / chunk, next), (end - 1) / chunk);
            touched += Math.Max(0, last - first + 1);
            next = Math.Max(next, last + 1);
        }

        UInt128 bytes = (UInt128)(ulong)touched * (ulong)chunk * (ulong)Math.Max(array.Count / Math.Max(rows, 1), 1) * (uint)array.Type.Size;
        return bytes <= MostBytes && touched <= Math.Max(rows / chunk / MostShare, 1);
    }

    private static byte[] ReadRuns(ContainerArray array, List<(long Start, long End)> runs, long rows, CancellationToken cancellation)
    {
        long rowBytes = array.Count / Math.Max(array.Shape[0], 1) * array.Type.Size;
        byte[] bytes = new byte[checked(rows * rowBytes)];
        int at = 0;
        foreach ((long start, long end) in runs)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = (int)((end - start) * rowBytes);
            array.ReadRows(start, end - start, bytes.AsSpan(at, length));
            at += length;
        }

        return bytes;
    }
}
