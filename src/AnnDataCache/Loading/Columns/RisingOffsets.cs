using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Offsets of rows into their entries, as int64 in memory, checked: from 0 to the number of entries, never decreasing.</summary>
internal sealed class RisingOffsets : IDisposable
{
    private readonly NativeBuffer _offsets;
    private readonly long _count;

    private RisingOffsets(NativeBuffer offsets, long count) => (_offsets, _count) = (offsets, count);

    /// <summary>8 bytes for each row and one more.</summary>
    internal NativeBuffer Memory => _offsets;

    /// <param name="stored">Of any integer type, at least <paramref name="rows"/> + 1 long.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="entries">Where the last row must end.</param>
    /// <param name="what">For the message: whose offsets these are.</param>
    /// <param name="cancellation">Looked at between blocks.</param>
    /// <exception cref="DamagedContainerException">They do not rise so.</exception>
    internal static RisingOffsets Read(ContainerArray stored, long rows, long entries, string what, CancellationToken cancellation)
    {
        NativeBuffer memory = new(checked((rows + 1) * sizeof(long)));
        RisingOffsets offsets = new(memory, rows + 1);
        try
        {
            offsets.Fill(stored, entries, what, cancellation);
            return offsets;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private void Fill(ContainerArray stored, long entries, string what, CancellationToken cancellation)
    {
        DType type = stored.Type.Number!.Value;
        byte[] block = new byte[(int)Math.Min(ColumnFiller.BlockRows, _count) * type.Size()];
        long previous = 0;
        for (long row = 0; row < _count; row += ColumnFiller.BlockRows)
        {
            cancellation.ThrowIfCancellationRequested();
            int rows = (int)Math.Min(ColumnFiller.BlockRows, _count - row);
            stored.ReadRows(row, rows, block.AsSpan(0, rows * type.Size()));
            Span<long> values = MemoryMarshal.Cast<byte, long>(_offsets.Span(row * sizeof(long), rows * sizeof(long)));
            IntegerConversion.Widen(block.AsSpan(0, rows * type.Size()), type, values);
            foreach (long offset in values)
            {
                if (offset < previous || offset > entries || (row == 0 && values[0] != 0)) { throw Bad(offset, previous); }
                previous = offset;
            }
        }

        if (previous != entries) { throw Bad(previous, entries); }

        DamagedContainerException Bad(long offset, long other) =>
            new($"{what} must rise from 0 to {entries:N0}, but has {offset:N0} beside {other:N0}");
    }

    /// <summary>Writes them as int32 or int64.</summary>
    internal void Write(ByteTarget target, BufferRange range, DType type)
    {
        int size = type.Size();
        byte[] block = new byte[(int)Math.Min(ColumnFiller.BlockRows, _count) * size];
        for (long row = 0; row < _count; row += ColumnFiller.BlockRows)
        {
            int rows = (int)Math.Min(ColumnFiller.BlockRows, _count - row);
            IntegerConversion.Convert(_offsets.Span(row * sizeof(long), rows * sizeof(long)), DType.Int64, block, type, long.MaxValue);
            target.Write(range.Offset + (row * size), block.AsSpan(0, rows * size));
        }
    }

    public void Dispose() => _offsets.Dispose();
}
