using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>Rows of a sparse part that is stored by columns, found by reading all its indices in parallel: the answer where there is no twin.</summary>
/// <remarks>
/// Two passes over the columns, which are dealt out to the workers in runs: the first counts each row's entries by run, the
/// second writes them, so that within a row they come in the columns' order, as in scipy's <c>tocsr</c>.
/// </remarks>
internal sealed unsafe class RowScan
{
    private readonly SparseView _view;
    private readonly long[] _cuts;
    private readonly int[] _places; // for each row of the matrix 1 + its place among those that are wanted; 0 for none
    private readonly int[][] _counts;

    private RowScan(in SparseView view, long[] rows, int workers)
    {
        if (view.Minor > Array.MaxLength) { throw new ArgumentException($"The matrix has {view.Minor:N0} rows; a scan takes at most {Array.MaxLength:N0}."); }
        (_view, _cuts, _places) = (view, view.Cut(workers), new int[view.Minor]);
        for (int i = 0; i < rows.Length; i++) { _places[rows[i]] = i + 1; }
        _counts = new int[workers][];
    }

    /// <param name="view">The part.</param>
    /// <param name="rows">Positions on its minor axis, each once.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Looked at between passes.</param>
    internal static SparseSlice Read(in SparseView view, long[] rows, int workers, CancellationToken cancellation)
    {
        RowScan scan = new(view, rows, workers);
        Crew.ForEach(workers, workers, run => scan.Count(run, rows.Length), cancellation);
        long[] offsets = scan.Place(rows.Length);
        (int[] indices, byte[] data) = RowGather.NewEntries(view, offsets[^1]);
        if (view.Major > int.MaxValue) { throw new ArgumentException($"The matrix has {view.Major:N0} columns; a scan takes at most {int.MaxValue:N0}."); }
        Crew.ForEach(workers, workers, run => scan.Fill(run, offsets, indices, data), cancellation);
        return new SparseSlice(rows.Length, scan._view.Major, scan._view.ValueType, offsets, indices, data);
    }

    private void Count(int run, int rows)
    {
        int[] counts = _counts[run] = new int[rows];
        for (long column = _cuts[run]; column < _cuts[run + 1]; column++)
        {
            (long start, long end) = _view.Row(column);
            for (; start < end; start++)
            {
                if (PlaceOf(start) is > 0 and int place) { counts[place - 1]++; }
            }
        }
    }

    private int PlaceOf(long entry)
    {
        long index = _view.IndexType == DType.Int32 ? ((int*)_view.Indices)[entry] : ((long*)_view.Indices)[entry];
        return (ulong)index < (ulong)_places.Length ? _places[index] : throw SparseView.OutOfRange(index, _places.Length);
    }

    /// <summary>Turns counts into where each run's entries of a row start, behind the row's offset.</summary>
    private long[] Place(int rows)
    {
        long[] offsets = new long[rows + 1];
        for (int row = 0; row < rows; row++)
        {
            int inside = 0;
            foreach (int[] counts in _counts) { (counts[row], inside) = (inside, inside + counts[row]); }
            offsets[row + 1] = offsets[row] + inside;
        }

        return offsets;
    }

    private void Fill(int run, long[] offsets, int[] indices, byte[] data)
    {
        int[] inside = _counts[run];
        int size = _view.ValueType.Size();
        for (long column = _cuts[run]; column < _cuts[run + 1]; column++)
        {
            (long start, long end) = _view.Row(column);
            for (; start < end; start++)
            {
                if (PlaceOf(start) is not (> 0 and int place)) { continue; }
                int at = (int)offsets[place - 1] + inside[place - 1]++;
                indices[at] = (int)column;
                new ReadOnlySpan<byte>(_view.Values + (start * size), size).CopyTo(data.AsSpan(at * size));
            }
        }
    }
}
