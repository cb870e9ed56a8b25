using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Loading;

namespace AnnDataCache.Tests.Loading;

/// <summary>
/// Indices arrive in chunks of any order; what the target says of them must be what one pass over the whole would say.
/// </summary>
public sealed unsafe class IndexTargetTests
{
    [Theory]
    [InlineData(new long[] { 0, 3, 3, 6 }, new int[] { 0, 2, 4, 1, 2, 3 }, true)]
    [InlineData(new long[] { 0, 3, 6 }, new int[] { 0, 4, 2, 1, 2, 3 }, false)]   // a row that is not sorted
    [InlineData(new long[] { 0, 3, 6 }, new int[] { 0, 2, 2, 1, 2, 3 }, false)]   // a duplicate
    [InlineData(new long[] { 0, 6 }, new int[] { 0, 1, 2, 3, 4, 4 }, false)]
    [InlineData(new long[] { 0, 1, 2, 3, 4, 5, 6 }, new int[] { 4, 3, 2, 1, 0, 0 }, true)]
    public void OrderWithinRowsIsFoundHoweverTheChunksAreCut(long[] offsets, int[] indices, bool canonical)
    {
        for (int chunk = 1; chunk <= indices.Length; chunk++)
        {
            using NativeBuffer rows = Rows(offsets);
            int[] written = new int[indices.Length];
            fixed (int* start = written)
            {
                IndexTarget target = new(new MemoryTarget((byte*)start, written.Length * sizeof(int)), DType.Int32, DType.Int32, 5, rows, "X");
                for (int at = (indices.Length - 1) / chunk * chunk; at >= 0; at -= chunk) // last chunk first
                {
                    int count = Math.Min(chunk, indices.Length - at);
                    target.Write(at * sizeof(int), MemoryMarshal.AsBytes(indices.AsSpan(at, count)));
                }

                Assert.Equal(canonical, target.IsCanonical());
            }

            Assert.Equal(indices, written);
        }
    }

    [Theory]
    [InlineData(DType.Int64)]
    [InlineData(DType.UInt16)]
    [InlineData(DType.UInt8)]
    [InlineData(DType.UInt64)]
    public void OtherTypesAreConvertedAtTheirPlace(DType stored)
    {
        using NativeBuffer rows = Rows([0, 4]);
        int[] written = new int[4];
        byte[] source = new byte[4 * stored.Size()];
        for (int i = 0; i < 4; i++) { source[i * stored.Size()] = (byte)(i + 1); }
        fixed (int* start = written)
        {
            IndexTarget target = new(new MemoryTarget((byte*)start, 16), stored, DType.Int32, 5, rows, "X");
            target.Write(2 * stored.Size(), source.AsSpan(2 * stored.Size()));
            target.Write(0, source.AsSpan(0, 2 * stored.Size()));
        }

        Assert.Equal([1, 2, 3, 4], written);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void AnIndexBeyondTheOtherAxisIsRefusedWithItsRange(int index)
    {
        using NativeBuffer rows = Rows([0, 2]);
        int[] written = new int[2];
        fixed (int* start = written)
        {
            IndexTarget target = new(new MemoryTarget((byte*)start, 8), DType.Int32, DType.Int32, 5, rows, "X");
            int[] indices = [1, index];
            DamagedContainerException error = Assert.Throws<DamagedContainerException>(() => target.Write(0, MemoryMarshal.AsBytes(indices.AsSpan())));
            Assert.Contains("0 … 4", error.Message, StringComparison.Ordinal);
        }
    }

    private static NativeBuffer Rows(long[] offsets)
    {
        NativeBuffer buffer = new(offsets.Length * sizeof(long));
        MemoryMarshal.AsBytes(offsets.AsSpan()).CopyTo(buffer.Span(0, offsets.Length * sizeof(long)));
        return buffer;
    }
}
