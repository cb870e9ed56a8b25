using System.Numerics;
using System.Runtime.InteropServices;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>Columns of a sparse part that is stored by rows, found by reading all its indices in parallel: the answer where there is no twin.</summary>
internal sealed unsafe class ColumnScan
{
    /// <summary>What a piece's results may take when they are converted afterwards.</summary>
    private const long PieceBytes = 4 << 20;

    private const int PiecesPerWorker = 8;

    /// <summary>Of a longer axis no table is made: its columns are scanned one by one.</summary>
    private const long LongestTable = 1 << 26;

    private readonly SparseView _view;
    private readonly long[] _columns;
    private readonly int[]? _outputs; // for each column of the part, 1 + its place among those that are wanted; null for one column
    private readonly DType _wanted;
    private readonly byte* _destination;

    private ColumnScan(in SparseView view, long[] columns, DType wanted, byte* destination)
    {
        (_view, _columns, _wanted) = (view, columns, wanted);
        _destination = destination;
        if (columns.Length <= 1) { return; }
        _outputs = new int[view.Minor];
        for (int i = 0; i < columns.Length; i++) { _outputs[columns[i]] = i + 1; }
    }

    /// <param name="view">The part.</param>
    /// <param name="columns">Positions on its minor axis, each once.</param>
    /// <param name="wanted">The type of its values, float32 or float64.</param>
    /// <param name="destination">Room for columns × <see cref="SparseView.Major"/> numbers, a column after the other.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Looked at between pieces.</param>
    internal static void Read(in SparseView view, long[] columns, DType wanted, byte* destination, int workers, CancellationToken cancellation)
    {
        if (columns.Length > 1 && view.Minor > LongestTable)
        {
            for (int i = 0; i < columns.Length; i++) { Read(view, [columns[i]], wanted, destination + (i * view.Major * wanted.Size()), workers, cancellation); }
            return;
        }

        if (columns.Length == 0 || view.Major == 0) { return; }
        ColumnScan scan = new(view, columns, wanted, destination);
        long most = Math.Max(1, PieceBytes / (columns.Length * view.ValueType.Size()));
        long pieces = Math.Max(workers * PiecesPerWorker, (view.Major + most - 1) / most);
        long[] cuts = view.Cut((int)Math.Clamp(Math.Min(pieces, view.Major), 1, 1 << 20));
        Crew.ForEach(cuts.Length - 1, workers, piece => scan.Read(cuts[piece], cuts[piece + 1], most), cancellation);
    }

    private void Read(long first, long end, long most)
    {
        if (_wanted == _view.ValueType)
        {
            ReadExact(first, end, _destination + (first * _wanted.Size()), _view.Major);
            return;
        }

        int size = _view.ValueType.Size();
        using NativeBuffer exact = new(Math.Min(most, end - first) * _columns.Length * size);
        for (long row = first; row < end; row += most)
        {
            long rows = Math.Min(most, end - row);
            ReadExact(row, row + rows, exact.Address, rows);
            for (int i = 0; i < _columns.Length; i++)
            {
                DenseRow.ConvertAll(_view.ValueType, exact.Address + (i * rows * size), _wanted, _destination + (((i * _view.Major) + row) * _wanted.Size()), rows);
            }
        }
    }

    /// <param name="first">First row.</param>
    /// <param name="end">After the last row.</param>
    /// <param name="output">Where the first row's number of the first column goes.</param>
    /// <param name="stride">Numbers from a column to the next.</param>
    private void ReadExact(long first, long end, byte* output, long stride)
    {
        int size = _view.ValueType.Size();
        for (int i = 0; i < _columns.Length; i++) { DenseRow.Clear(output + (i * stride * size), (end - first) * size); }
        ScanTask task = new(this, first, end, output, stride);
        Numbers.Run(_view.ValueType, ref task);
    }

    private readonly struct ScanTask(ColumnScan scan, long first, long end, byte* output, long stride) : INumberTask
    {
        public void Run<T>() where T : unmanaged, IAdditionOperators<T, T, T>
        {
            bool one = scan._outputs is null;
            if (scan._view.IndexType == DType.Int32)
            {
                if (one) { ScanOne<int, T>((int)scan._columns[0]); } else { ScanMany<int, T>(); }
            }
            else if (one) { ScanOne<long, T>(scan._columns[0]); }
            else { ScanMany<long, T>(); }
        }

        private void ScanOne<TIndex, T>(TIndex column) where TIndex : unmanaged, IBinaryInteger<TIndex> where T : unmanaged, IAdditionOperators<T, T, T>
        {
            T* values = (T*)scan._view.Values, sums = (T*)output;
            for (long row = first; row < end; row++)
            {
                (long start, long stop) = scan._view.Row(row);
                while (start < stop)
                {
                    ReadOnlySpan<TIndex> indices = new((TIndex*)scan._view.Indices + start, (int)Math.Min(stop - start, int.MaxValue));
                    int found = indices.IndexOf(column);
                    if (found < 0) { start += indices.Length; continue; }
                    sums[row - first] += values[start + found];
                    start += found + 1;
                    if (scan._view.Canonical) { break; }
                }
            }
        }

        private void ScanMany<TIndex, T>() where TIndex : unmanaged, IBinaryInteger<TIndex> where T : unmanaged, IAdditionOperators<T, T, T>
        {
            T* values = (T*)scan._view.Values, sums = (T*)output;
            TIndex* indices = (TIndex*)scan._view.Indices;
            ReadOnlySpan<int> outputs = scan._outputs;
            for (long row = first; row < end; row++)
            {
                (long start, long stop) = scan._view.Row(row);
                for (long at = start; at < stop; at++)
                {
                    long index = long.CreateTruncating(indices[at]);
                    if ((ulong)index >= (ulong)outputs.Length) { throw SparseView.OutOfRange(index, outputs.Length); }
                    int place = outputs[(int)index];
                    if (place != 0) { sums[((place - 1) * stride) + row - first] += values[at]; }
                }
            }
        }
    }
}
