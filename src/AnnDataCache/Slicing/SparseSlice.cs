using System.Runtime.InteropServices;

namespace AnnDataCache;

/// <summary>Some cells of a sparse matrix as a CSR matrix in memory of its own. Immutable.</summary>
/// <remarks>Rows are the cells that were asked for, in that order, each with its entries as stored; scipy takes the three arrays as they are.</remarks>
public sealed class SparseSlice
{
    internal SparseSlice(long rows, long columns, DType type, long[] offsets, int[] indices, byte[] data)
    {
        (Rows, Columns, Type, Offsets, Indices) = (rows, columns, type, offsets, indices);
        Data = data;
    }

    /// <summary>Cells.</summary>
    public long Rows { get; }

    /// <summary>Genes: the whole axis.</summary>
    public long Columns { get; }

    /// <summary>Type of the values, the source's.</summary>
    public DType Type { get; }

    /// <summary>AnnData's indptr: where the entries of each row start, and the end. <see cref="Rows"/> + 1 numbers.</summary>
    public ReadOnlyMemory<long> Offsets { get; }

    /// <summary>Gene of each entry.</summary>
    public ReadOnlyMemory<int> Indices { get; }

    internal byte[] Data { get; }

    /// <summary>Values of the entries.</summary>
    /// <typeparam name="T">The type that matches <see cref="Type"/>, or <see cref="byte"/> for the bytes.</typeparam>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is another type.</exception>
    public ReadOnlySpan<T> Values<T>() where T : unmanaged
    {
        if (typeof(T) != typeof(byte)) { DTypes.Require<T>(Type); }
        return MemoryMarshal.Cast<byte, T>(Data);
    }
}
