using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>An array whose values lie side by side: contiguous, compact, or never written.</summary>
internal sealed class FlatArray(FormatSource source, Layout layout, Datatype type, long totalBytes, FillValue fill)
{
    private const int PieceBytes = 256 << 10; // stays in the cache between being read and being written

    /// <summary>Reads little-endian values; offset and length are whole values.</summary>
    internal void ReadAt(long offset, Span<byte> values)
    {
        if (layout.Kind == LayoutKind.Compact)
        {
            layout.CompactData.Span.Slice((int)offset, values.Length).CopyTo(values);
        }
        else if (layout.Address == FormatSource.Undefined)
        {
            fill.Fill(values);
            return;
        }
        else
        {
            source.Read(layout.Address + offset, values);
        }

        type.ToLittleEndian(values);
    }

    internal void Read(ByteTarget target, ReadContext context)
    {
        long piece = Math.Max(1, PieceBytes / type.Size) * type.Size;
        long count = ChunkGrid.CountOn(totalBytes, piece);
        WorkCrew.Run(count, context, () => new PieceWorker(this, target, piece, context.Progress));
    }

    /// <exception cref="DamagedContainerException">The file does not hold as many bytes as the shape wants.</exception>
    internal void Check()
    {
        if (layout.Kind == LayoutKind.Contiguous && layout.Address == FormatSource.Undefined) { return; }
        if (layout.Length >= 0 && layout.Length < totalBytes)
        {
            throw new DamagedContainerException(
                $"The array wants {totalBytes:N0} bytes; {layout.Length:N0} are stored.");
        }

        if (layout.Kind == LayoutKind.Contiguous) { source.Check(layout.Address, totalBytes, "contiguous array"); }
    }

    private sealed class PieceWorker(FlatArray array, ByteTarget target, long piece, Action<long>? progress) : Worker
    {
        private readonly long _total = array.TotalBytes;
        private NativeBuffer? _scratch;

        internal override unsafe void Do(long item)
        {
            long offset = item * piece;
            int bytes = (int)Math.Min(piece, _total - offset);
            if (target.TryGetAddress(offset, bytes) is var memory && memory is not null)
            {
                array.ReadAt(offset, new Span<byte>(memory, bytes));
            }
            else
            {
                _scratch ??= new NativeBuffer(Math.Min(piece, _total));
                Span<byte> values = _scratch.Span(0, bytes);
                array.ReadAt(offset, values);
                target.Write(offset, values);
            }

            progress?.Invoke(bytes);
        }

        public override void Dispose() => _scratch?.Dispose();
    }

    private long TotalBytes => totalBytes;
}
