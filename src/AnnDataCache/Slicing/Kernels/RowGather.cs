using System.Numerics;
using System.Numerics.Tensors;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>Rows of a sparse part that is stored by them: as they are, as dense numbers, or some columns of them.</summary>
internal static unsafe class RowGather
{
    private const int PiecesPerWorker = 8;

    /// <summary>The rows' entries as they are stored, widened to the source's types.</summary>
    internal static SparseSlice Sparse(SparseView view, long[] rows, int workers, CancellationToken cancellation)
    {
        long[] offsets = new long[rows.Length + 1];
        for (int i = 0; i < rows.Length; i++)
        {
            (long start, long end) = view.Row(rows[i]);
            offsets[i + 1] = offsets[i] + end - start;
        }

        (int[] indices, byte[] data) = NewEntries(view, offsets[^1]);
        int size = view.ValueType.Size(), stored = view.StoredType.Size();
        ForRows(rows.Length, workers, i =>
        {
            long start = view.Row(rows[i]).Start;
            int count = (int)(offsets[i + 1] - offsets[i]), at = (int)offsets[i];
            CopyIndices(view, start, indices.AsSpan(at, count));
            Numbers.Convert(
                view.StoredType, new ReadOnlySpan<byte>(view.Values + (start * stored), count * stored), view.ValueType, data.AsSpan(at * size, count * size));
        }, cancellation);
        return new SparseSlice(rows.Length, view.Minor, view.ValueType, offsets, indices, data);
    }

    /// <summary>Arrays for so many entries.</summary>
    internal static (int[] Indices, byte[] Data) NewEntries(in SparseView view, long entries)
    {
        if (entries * view.ValueType.Size() > Array.MaxLength || view.Minor > int.MaxValue)
        {
            throw new ArgumentException($"The rows have {entries:N0} entries of {view.ValueType.Name()}, more than one array holds. Take fewer at a time.");
        }

        return (GC.AllocateUninitializedArray<int>((int)entries), GC.AllocateUninitializedArray<byte>((int)entries * view.ValueType.Size()));
    }

    /// <summary>Whole rows as dense numbers.</summary>
    /// <param name="view">The part.</param>
    /// <param name="rows">Its rows, in any order, also repeated.</param>
    /// <param name="wanted">The values' type, float32 or float64.</param>
    /// <param name="destination">Room for rows × <see cref="SparseView.Minor"/> numbers.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Looked at between rows.</param>
    internal static void Dense(SparseView view, long[] rows, DType wanted, byte* destination, int workers, CancellationToken cancellation)
    {
        long bytes = view.Minor * wanted.Size();
        ForRows(rows.Length, workers, i => DenseRow.Read(view, rows[i], wanted, destination + (i * bytes)), cancellation);
    }

    /// <summary>Some columns of some rows as dense numbers.</summary>
    /// <param name="view">The part.</param>
    /// <param name="rows">Its rows, in any order, also repeated.</param>
    /// <param name="columns">Its columns, in any order, also repeated.</param>
    /// <param name="wanted">The values' type, float32 or float64.</param>
    /// <param name="destination">Room for rows × columns numbers, in C order.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="cancellation">Looked at between rows.</param>
    internal static void Block(
        SparseView view, long[] rows, long[] columns, DType wanted, byte* destination, int workers, CancellationToken cancellation)
    {
        (int[] places, int[] repeats) = PlacesOf(view.Minor, columns);
        int size = view.ValueType.Size();
        ForRows(rows.Length, workers, i =>
        {
            byte* output = destination + ((long)i * columns.Length * wanted.Size());
            using NativeBuffer? exact = wanted == view.ValueType ? null : new NativeBuffer((long)columns.Length * size);
            byte* sums = exact is null ? output : exact.Address;
            DenseRow.Clear(sums, (long)columns.Length * size);
            PickTask task = new(view, rows[i], places, sums, repeats);
            Numbers.Run(view.ValueType, ref task);
            if (exact is not null) { DenseRow.ConvertAll(view.ValueType, sums, wanted, output, columns.Length); }
        }, cancellation);
    }

    /// <summary>Deals rows out to the workers in runs.</summary>
    internal static void ForRows(int rows, int workers, Action<int> row, CancellationToken cancellation)
    {
        int pieces = Math.Clamp(workers * PiecesPerWorker, 1, Math.Max(rows, 1));
        Crew.ForEach(pieces, workers, piece =>
        {
            long end = Crew.At(rows, pieces, piece + 1);
            for (long i = Crew.At(rows, pieces, piece); i < end; i++) { row((int)i); }
        }, cancellation);
    }

    internal static void CopyIndices(in SparseView view, long start, Span<int> destination)
    {
        switch (view.IndexType)
        {
            case DType.UInt8: TensorPrimitives.ConvertTruncating(new ReadOnlySpan<byte>(view.Indices + start, destination.Length), destination); break;
            case DType.UInt16: TensorPrimitives.ConvertTruncating(new ReadOnlySpan<ushort>((ushort*)view.Indices + start, destination.Length), destination); break;
            case DType.Int32: new ReadOnlySpan<int>((int*)view.Indices + start, destination.Length).CopyTo(destination); break;
            default: TensorPrimitives.ConvertTruncating(new ReadOnlySpan<long>((long*)view.Indices + start, destination.Length), destination); break;
        }
    }

    /// <summary>For each column of the part 1 + its place in the output, 0 for none; and for each output the one that it repeats, or itself.</summary>
    private static (int[] Places, int[] Repeats) PlacesOf(long minor, long[] columns)
    {
        if (minor > Array.MaxLength) { throw new ArgumentException($"The matrix has {minor:N0} columns; blocks are taken of at most {Array.MaxLength:N0}."); }
        int[] places = new int[minor], repeats = new int[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            ref int place = ref places[columns[i]];
            if (place == 0) { place = i + 1; }
            repeats[i] = place - 1;
        }

        return (places, repeats);
    }

    private readonly struct PickTask(SparseView view, long row, int[] places, byte* destination, int[] repeats) : INumberTask
    {
        private const int Piece = 512;

        public void Run<T>() where T : unmanaged, IAdditionOperators<T, T, T>
        {
            T* sums = (T*)destination;
            T* values = stackalloc T[Piece];
            Span<int> indices = stackalloc int[Piece];
            (long start, long end) = view.Row(row);
            for (long at = start; at < end; at += Piece)
            {
                int count = (int)Math.Min(Piece, end - at);
                CopyIndices(view, at, indices[..count]);
                Numbers.Convert(
                    view.StoredType, new ReadOnlySpan<byte>(view.Values + (at * view.StoredType.Size()), count * view.StoredType.Size()),
                    view.ValueType, new Span<byte>(values, count * sizeof(T)));
                for (int i = 0; i < count; i++)
                {
                    if ((uint)indices[i] >= (uint)places.Length) { throw SparseView.OutOfRange(indices[i], places.Length); }
                    int place = places[indices[i]];
                    if (place != 0) { sums[place - 1] += values[i]; }
                }
            }

            for (int i = 0; i < repeats.Length; i++)
            {
                if (repeats[i] != i) { sums[i] = sums[repeats[i]]; }
            }
        }
    }
}
