using System.Numerics;
using AnnDataCache.Interop;

namespace AnnDataCache.Slicing;

/// <summary>Cells that were read or scanned into private memory, as dense numbers or in another order.</summary>
internal static unsafe class SliceRows
{
    internal static void Dense(SparseSlice slice, DType wanted, byte* destination, int workers, CancellationToken cancellation)
    {
        long bytes = slice.Columns * wanted.Size();
        using Memory memory = new(slice);
        SparseView view = memory.View;
        RowGather.ForRows((int)slice.Rows, workers, i => DenseRow.Read(view, i, wanted, destination + (i * bytes)), cancellation);
    }

    internal static void Block(SparseSlice slice, long[] columns, DType wanted, byte* destination, int workers, CancellationToken cancellation)
    {
        using Memory memory = new(slice);
        long[] rows = new long[slice.Rows];
        for (int i = 0; i < rows.Length; i++) { rows[i] = i; }
        RowGather.Block(memory.View, rows, columns, wanted, destination, workers, cancellation);
    }

    /// <summary>Rows of a slice, in any order, also repeated.</summary>
    internal static SparseSlice Take(SparseSlice slice, long[] rows)
    {
        using Memory memory = new(slice);
        return RowGather.Sparse(memory.View, rows, 1, CancellationToken.None);
    }

    /// <summary>A slice's arrays, held in place for as long as they are looked at as a part is.</summary>
    private sealed class Memory : IDisposable
    {
        private readonly System.Buffers.MemoryHandle _offsets, _indices;
        private System.Runtime.InteropServices.GCHandle _values;

        internal Memory(SparseSlice slice)
        {
            (_offsets, _indices) = (slice.Offsets.Pin(), slice.Indices.Pin());
            _values = System.Runtime.InteropServices.GCHandle.Alloc(slice.Data, System.Runtime.InteropServices.GCHandleType.Pinned);
            View = SparseView.Of(slice, (byte*)_offsets.Pointer, (byte*)_indices.Pointer, (byte*)_values.AddrOfPinnedObject());
        }

        internal SparseView View { get; }

        public void Dispose()
        {
            _offsets.Dispose();
            _indices.Dispose();
            _values.Free();
        }
    }
}
