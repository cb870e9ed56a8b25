using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AnnDataCache.Cli.Checksum;

/// <summary>SHA-256 of what an element holds, in the forms that make files of any layout comparable.</summary>
internal static class ContentHash
{
    private const int BlockEntries = 1 << 16;

    internal static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    internal static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    /// <summary>The bytes of a buffer.</summary>
    internal static string Of(PinnedBuffer buffer, CancellationToken cancellation)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ColumnBlocks.Read(buffer, bytes => hash.AppendData(bytes), cancellation);
        return End(hash);
    }

    /// <summary>Numbers or bools, each in its type; where a value is missing, zero when <paramref name="zeroNulls"/>.</summary>
    internal static string OfNumbers(PinnedColumn column, bool zeroNulls, CancellationToken cancellation)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int size = column.Type.Size();
        bool zero = zeroNulls && column.NullCount > 0;
        ColumnBlocks.Read(column, (firstRow, bytes) =>
        {
            for (int i = 0; zero && i < bytes.Length / size; i++)
            {
                if (column.IsNull(firstRow + i)) { bytes.Slice(i * size, size).Clear(); }
            }

            hash.AppendData(bytes);
        }, cancellation);
        return End(hash);
    }

    /// <summary>Strings, each followed by a zero byte; a missing one is empty when <paramref name="emptyNulls"/>.</summary>
    internal static string OfStrings(PinnedColumn column, bool emptyNulls, CancellationToken cancellation)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockEntries];
        int filled = 0;
        for (long row = 0; row < column.Rows; row++)
        {
            if ((row & 0xFFFF) == 0) { cancellation.ThrowIfCancellationRequested(); }
            ReadOnlySpan<byte> text = emptyNulls && column.IsNull(row) ? [] : column.GetUtf8(row);
            if (text.Length >= block.Length - filled)
            {
                hash.AppendData(block.AsSpan(0, filled));
                filled = 0;
            }

            if (text.Length >= block.Length) { hash.AppendData(text); }
            else
            {
                text.CopyTo(block.AsSpan(filled));
                filled += text.Length;
            }

            block[filled++] = 0;
        }

        hash.AppendData(block.AsSpan(0, filled));
        return End(hash);
    }

    /// <summary>A byte for each row: 1 where the value is missing.</summary>
    internal static string OfMask(PinnedColumn column, CancellationToken cancellation) =>
        OfRows(column.Rows, 1, (row, bytes) => bytes[0] = column.IsNull(row) ? (byte)1 : (byte)0, cancellation);

    /// <summary>Codes as int32, -1 where a value is missing.</summary>
    internal static string OfCodes(PinnedColumn column, CancellationToken cancellation) =>
        OfRows(column.Rows, sizeof(int), (row, bytes) => BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)column.GetCode(row)), cancellation);

    /// <summary>Offsets or indices as another integer type, which is the one they were stored in or int64.</summary>
    internal static string OfIntegers(PinnedBuffer buffer, DType type, CancellationToken cancellation)
    {
        if (type == buffer.Type) { return Of(buffer, cancellation); }
        int size = type.Size();
        return OfRows(buffer.Count, size, (row, bytes) =>
        {
            Span<byte> wide = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(wide, buffer.GetIndex(row));
            wide[..size].CopyTo(bytes); // little-endian: the low bytes are the narrower number
        }, cancellation);
    }

    private static string OfRows(long rows, int size, BlockAction write, CancellationToken cancellation)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[(int)Math.Min(BlockEntries, rows) * size];
        for (long row = 0; row < rows; row += BlockEntries)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(BlockEntries, rows - row);
            for (int i = 0; i < count; i++) { write(row + i, block.AsSpan(i * size, size)); }
            hash.AppendData(block.AsSpan(0, count * size));
        }

        return End(hash);
    }

    private static string End(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());
}
