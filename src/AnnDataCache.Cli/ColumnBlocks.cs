namespace AnnDataCache.Cli;

/// <summary>A run of a column's numbers: bytes as AnnData stores them, little-endian, a whole byte for each bool.</summary>
/// <param name="firstRow">Row of the first number.</param>
internal delegate void BlockAction(long firstRow, Span<byte> bytes);

/// <summary>Reads columns of any length in blocks, so that memory stays bounded.</summary>
internal static class ColumnBlocks
{
    private const int BlockBytes = 1 << 20;

    /// <summary>All numbers of a column of numbers or bools, in C order. The action may change the block: it is a copy.</summary>
    internal static void Read(PinnedColumn column, BlockAction action, CancellationToken cancellation)
    {
        int rowBytes = checked((int)Math.Min(column.IsBitmap ? 1 : column.Width * column.Type.Size(), int.MaxValue));
        byte[] block = new byte[(int)Math.Min(Math.Max(BlockBytes / Math.Max(rowBytes, 1), 1) * (long)rowBytes, BlockBytes)];
        if (column.IsBitmap) { ReadBits(column.Values, column.Rows, block, action, cancellation); }
        else { ReadBytes(column.Values, Math.Max(rowBytes, 1), block, action, cancellation); }
    }

    /// <summary>The bytes of a buffer as they are.</summary>
    internal static void Read(PinnedBuffer buffer, Action<ReadOnlySpan<byte>> action, CancellationToken cancellation)
    {
        for (long start = 0; start < buffer.ByteLength; start += BlockBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            action(buffer.Span<byte>(start, (int)Math.Min(BlockBytes, buffer.ByteLength - start)));
        }
    }

    private static void ReadBytes(PinnedBuffer values, int rowBytes, byte[] block, BlockAction action, CancellationToken cancellation)
    {
        for (long start = 0; start < values.ByteLength; start += block.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(block.Length, values.ByteLength - start));
            values.Span<byte>(start, bytes.Length).CopyTo(bytes);
            action(start / rowBytes, bytes);
        }
    }

    private static void ReadBits(PinnedBuffer bits, long rows, byte[] block, BlockAction action, CancellationToken cancellation)
    {
        for (long row = 0; row < rows; row += block.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(block.Length, rows - row));
            ReadOnlySpan<byte> packed = bits.Span<byte>(row / 8, (bytes.Length + 7) / 8); // row is a multiple of BlockBytes
            for (int i = 0; i < bytes.Length; i++) { bytes[i] = (byte)((packed[i >> 3] >> (i & 7)) & 1); }
            action(row, bytes);
        }
    }
}
