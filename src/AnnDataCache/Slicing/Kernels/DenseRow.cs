using System.Numerics;
using System.Runtime.CompilerServices;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>One row of a sparse part as dense numbers: a gene of a twin, a cell of a csr.</summary>
/// <remarks>
/// Entries of one place are added up in the source's type, in their order, onto zero: bit for bit what scipy's
/// <c>toarray</c> gives, also of duplicates, of negative zeros and of bools.
/// </remarks>
internal static unsafe class DenseRow
{
    /// <summary>Entries that are widened at a time.</summary>
    private const int Block = 1024;

    /// <param name="view">The part.</param>
    /// <param name="row">A row of it.</param>
    /// <param name="wanted">The type of its values, float32 or float64.</param>
    /// <param name="destination">Room for <see cref="SparseView.Minor"/> numbers; what it holds is overwritten.</param>
    internal static void Read(in SparseView view, long row, DType wanted, byte* destination)
    {
        // Two entries of one place must be added before they are rounded.
        if (wanted == view.ValueType || view.Canonical) { Scatter(view, row, wanted, destination); return; }
        using NativeBuffer exact = new(view.Minor * view.ValueType.Size());
        Scatter(view, row, view.ValueType, exact.Address);
        ConvertAll(view.ValueType, exact.Address, wanted, destination, view.Minor);
    }

    /// <summary>Converts any number of numbers.</summary>
    internal static void ConvertAll(DType from, byte* source, DType to, byte* destination, long count)
    {
        const int Piece = 1 << 16;
        for (long start = 0; start < count; start += Piece)
        {
            int here = (int)Math.Min(Piece, count - start);
            Numbers.Convert(
                from, new ReadOnlySpan<byte>(source + (start * from.Size()), here * from.Size()),
                to, new Span<byte>(destination + (start * to.Size()), here * to.Size()));
        }
    }

    /// <summary>One row of a dense array, or some of its numbers.</summary>
    /// <param name="row">Its first number.</param>
    /// <param name="type">Type of the numbers.</param>
    /// <param name="width">Numbers in the row.</param>
    /// <param name="columns">Positions in it, already checked; null for all.</param>
    /// <param name="wanted">The type, float32 or float64.</param>
    /// <param name="destination">Room for the numbers.</param>
    internal static void Pick(byte* row, DType type, long width, long[]? columns, DType wanted, byte* destination)
    {
        if (columns is null) { ConvertAll(type, row, wanted, destination, width); return; }
        int size = type.Size();
        for (int i = 0; i < columns.Length; i++)
        {
            Numbers.Convert(
                type, new ReadOnlySpan<byte>(row + (columns[i] * size), size), wanted, new Span<byte>(destination + ((long)i * wanted.Size()), wanted.Size()));
        }
    }

    internal static void Clear(byte* destination, long bytes)
    {
        const int Piece = 1 << 30;
        for (long start = 0; start < bytes; start += Piece) { new Span<byte>(destination + start, (int)Math.Min(Piece, bytes - start)).Clear(); }
    }

    private static void Scatter(in SparseView view, long row, DType wanted, byte* destination)
    {
        Clear(destination, view.Minor * wanted.Size());
        (long start, long end) = view.Row(row);
        byte* widened = stackalloc byte[Block * sizeof(Complex)];
        for (long at = start; at < end; at += Block)
        {
            int count = (int)Math.Min(Block, end - at);
            byte* values = view.Values + (at * view.StoredType.Size());
            if (wanted != view.StoredType)
            {
                Numbers.Convert(view.StoredType, new ReadOnlySpan<byte>(values, count * view.StoredType.Size()), wanted, new Span<byte>(widened, count * wanted.Size()));
                values = widened;
            }

            AddTask task = new(view, at, count, values, destination);
            Numbers.Run(wanted, ref task);
        }
    }

    private readonly struct AddTask(SparseView view, long at, int count, byte* values, byte* destination) : INumberTask
    {
        public void Run<T>() where T : unmanaged, IAdditionOperators<T, T, T>
        {
            switch (view.IndexType)
            {
                case DType.UInt8: Add<byte, T>(); break;
                case DType.UInt16: Add<ushort, T>(); break;
                case DType.Int32: Add<int, T>(); break;
                default: Add<long, T>(); break;
            }
        }

        private void Add<TIndex, T>() where TIndex : unmanaged, IBinaryInteger<TIndex> where T : unmanaged, IAdditionOperators<T, T, T>
        {
            TIndex* indices = (TIndex*)view.Indices + at;
            T* numbers = (T*)values, sums = (T*)destination;
            ulong limit = (ulong)view.Minor;
            for (int i = 0; i < count; i++)
            {
                ulong index = ulong.CreateTruncating(indices[i]);
                if (index >= limit) { throw SparseView.OutOfRange((long)index, view.Minor); }
                sums[index] += numbers[i];
            }
        }
    }
}
