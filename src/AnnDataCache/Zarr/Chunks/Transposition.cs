using System.Runtime.InteropServices;
using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>From a chunk whose axes stand in another order to C order.</summary>
internal static class Transposition
{
    // Rows and columns of a block are both short enough to stay in the nearest cache.
    private const long Block = 64;

    /// <param name="source">The chunk as stored: its axis i is the array's axis <c>order[i]</c>.</param>
    /// <param name="target">The chunk in C order; as long as the source.</param>
    /// <param name="shape">Of the chunk, by the array's axes.</param>
    /// <param name="order">Not the identity.</param>
    /// <param name="size">Bytes of a value.</param>
    internal static void Undo(ReadOnlySpan<byte> source, Span<byte> target, long[] shape, int[] order, int size)
    {
        switch (size)
        {
            case 1: Undo(source, target, shape, order); break;
            case 2: Undo(MemoryMarshal.Cast<byte, ushort>(source), MemoryMarshal.Cast<byte, ushort>(target), shape, order); break;
            case 4: Undo(MemoryMarshal.Cast<byte, uint>(source), MemoryMarshal.Cast<byte, uint>(target), shape, order); break;
            case 8: Undo(MemoryMarshal.Cast<byte, ulong>(source), MemoryMarshal.Cast<byte, ulong>(target), shape, order); break;
            case 16: Undo(MemoryMarshal.Cast<byte, UInt128>(source), MemoryMarshal.Cast<byte, UInt128>(target), shape, order); break;
            default: UndoBytes(source, target, shape, order, size); break;
        }
    }

    /// <summary>Values between neighbours of each of the array's axes in a stored chunk.</summary>
    internal static long[] Strides(long[] shape, int[]? order)
    {
        long[] strides = new long[shape.Length];
        long stride = 1;
        for (int i = shape.Length - 1; i >= 0; i--)
        {
            int axis = order?[i] ?? i;
            strides[axis] = stride;
            stride *= shape[axis];
        }

        return strides;
    }

    private static void Undo<T>(ReadOnlySpan<T> source, Span<T> target, long[] shape, int[] order)
        where T : unmanaged
    {
        long[] strides = Strides(shape, order);
        int last = shape.Length - 1;
        long columns = shape[last], rows = shape[last - 1], plane = rows * columns, planes = target.Length / plane;
        long rowStep = strides[last - 1], columnStep = strides[last];
        for (long number = 0; number < planes; number++)
        {
            long start = Start(number, shape, strides, last - 1);
            Span<T> to = target.Slice((int)(number * plane), (int)plane);
            for (long row = 0; row < rows; row += Block)
            {
                for (long column = 0; column < columns; column += Block)
                {
                    long rowEnd = Math.Min(rows, row + Block), columnEnd = Math.Min(columns, column + Block);
                    for (long r = row; r < rowEnd; r++)
                    {
                        long from = start + (r * rowStep) + (column * columnStep);
                        for (long c = column; c < columnEnd; c++, from += columnStep) { to[(int)((r * columns) + c)] = source[(int)from]; }
                    }
                }
            }
        }
    }

    private static void UndoBytes(ReadOnlySpan<byte> source, Span<byte> target, long[] shape, int[] order, int size)
    {
        long[] strides = Strides(shape, order);
        long count = ChunkGrid.Product(shape);
        for (long number = 0; number < count; number++)
        {
            source.Slice((int)(Start(number, shape, strides, shape.Length) * size), size).CopyTo(target[(int)(number * size)..]);
        }
    }

    /// <summary>Where the value with this number, in C order of the first axes, is stored.</summary>
    private static long Start(long number, long[] shape, long[] strides, int axes)
    {
        long start = 0;
        for (int i = axes - 1; i >= 0; i--)
        {
            (number, long at) = Math.DivRem(number, shape[i]);
            start += at * strides[i];
        }

        return start;
    }
}
