using System.Buffers.Binary;
using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>What a first reading of a string column finds: its bytes, or that few distinct values make it up.</summary>
/// <param name="TotalBytes">Bytes of all strings.</param>
/// <param name="Distinct">The distinct strings when the column is to be stored by code, else null.</param>
/// <param name="Ascii">True when no byte exceeds 0x7F.</param>
internal sealed record StringScan(long TotalBytes, StringTable? Distinct, bool Ascii)
{
    /// <summary>After so many strings, more distinct ones than half decide for plain storage.</summary>
    private const int SampleRows = 16_384;

    /// <summary>Beyond these limits the table's memory matters more than what codes save.</summary>
    private const int MaxDistinct = 1 << 20, MaxDistinctBytes = 16 << 20;

    internal static StringScan Of(ContainerArray strings, long rows, bool mayUseCodes, ReadContext context)
    {
        StringTable? distinct = mayUseCodes && rows > 1 ? new StringTable(MaxDistinct, MaxDistinctBytes) : null;
        StringBlock block = new();
        using StringCursor cursor = strings.OpenStrings(0, rows);
        long bytes = 0, seen = 0;
        bool ascii = true;
        while (cursor.Read(block))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            bytes += block.Bytes.Length;
            seen += block.Count;
            ascii = ascii && System.Text.Ascii.IsValid(block.Bytes);
            if (distinct is not null && (!AddAll(distinct, block) || (seen >= SampleRows && 2L * distinct.Count > seen))) { distinct = null; }
        }

        return new StringScan(bytes, distinct is not null && 2L * distinct.Count <= rows ? distinct : null, ascii);
    }

    private static bool AddAll(StringTable distinct, StringBlock block)
    {
        for (int i = 0; i < block.Count; i++)
        {
            if (distinct.Add(block[i]) < 0) { return false; }
        }

        return true;
    }
}

/// <summary>Strings: offsets and bytes, or codes into the distinct ones.</summary>
internal sealed class StringFiller : ColumnFiller
{
    private readonly StringColumn _column;
    private readonly StringTable? _distinct;

    internal StringFiller(StringColumn column, long rows, StringScan scan)
    {
        (_column, _distinct) = (column, scan.Distinct);
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.String,
            Type = _distinct is null ? default : DType.Int32,
            Rows = rows,
            Encoding = column.Info.EncodingType,
            Shape = ShapeOf(column.Info),
            Ascii = scan.Ascii,
            Values = new BufferRange(0, _distinct is null ? scan.TotalBytes : checked(rows * sizeof(int))),
            Offsets = new BufferRange(0, _distinct is null ? checked((rows + 1) * sizeof(long)) : 0),
            Validity = new BufferRange(0, column.Mask is null ? 0 : ValidityBitmap.Bytes(rows)),
            Categories = _distinct is null ? null : new ColumnLayout
            {
                Name = "categories",
                Kind = ColumnKind.String,
                Rows = _distinct.Count,
                Ascii = scan.Ascii,
                Values = new BufferRange(0, _distinct.TotalBytes),
                Offsets = new BufferRange(0, (_distinct.Count + 1L) * sizeof(long)),
            },
        };
    }

    internal override ColumnLayout Layout { get; }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        if (_distinct is null) { FillPlain(target, context); }
        else { FillCodes(_distinct, target, context); }
        if (_column.Mask is not null) { Layout.NullCount = ValidityBitmap.FillFromMask(_column.Mask, Layout, target, context); }
    }

    private void FillPlain(ByteTarget target, ReadContext context)
    {
        StringBlock block = new();
        using StringCursor cursor = _column.Values.OpenStrings(0, Layout.Rows);
        byte[] offsets = new byte[StringBlock.Capacity * sizeof(long)];
        long row = 0, end = 0;
        target.Write(Layout.Offsets.Offset, offsets.AsSpan(0, sizeof(long))); // the first offset is 0
        while (cursor.Read(block))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            RequireRoom(row, block.Count, end + block.Bytes.Length, Layout.Values.Length);
            for (int i = 0; i < block.Count; i++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(offsets.AsSpan(i * sizeof(long)), end + block.Offsets[i + 1]);
            }

            target.Write(Layout.Values.Offset + end, block.Bytes);
            target.Write(Layout.Offsets.Offset + ((row + 1) * sizeof(long)), offsets.AsSpan(0, block.Count * sizeof(long)));
            row += block.Count;
            end += block.Bytes.Length;
            context.Progress?.Invoke(block.Bytes.Length + (block.Count * sizeof(long)));
        }

        RequireSame(row, end, Layout.Values.Length);
    }

    private void FillCodes(StringTable distinct, ByteTarget target, ReadContext context)
    {
        WriteCategories(distinct, Layout.Categories!, target);
        StringBlock block = new();
        using StringCursor cursor = _column.Values.OpenStrings(0, Layout.Rows);
        int[] codes = new int[StringBlock.Capacity];
        long row = 0;
        while (cursor.Read(block))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            RequireRoom(row, block.Count, 0, 0);
            for (int i = 0; i < block.Count; i++)
            {
                codes[i] = distinct.Add(block[i]);
                if (codes[i] < 0 || codes[i] >= Layout.Categories!.Rows) { throw Changed(); }
            }

            target.Write(Layout.Values.Offset + (row * sizeof(int)), MemoryMarshal.AsBytes(codes.AsSpan(0, block.Count)));
            row += block.Count;
            context.Progress?.Invoke(block.Count * sizeof(int));
        }

        RequireSame(row, 0, 0);
    }

    private static void WriteCategories(StringTable distinct, ColumnLayout layout, ByteTarget target)
    {
        byte[] bytes = new byte[distinct.TotalBytes];
        long[] offsets = new long[distinct.Count + 1];
        for (int i = 0; i < distinct.Count; i++)
        {
            distinct[i].CopyTo(bytes.AsSpan((int)offsets[i]));
            offsets[i + 1] = offsets[i] + distinct[i].Length;
        }

        target.Write(layout.Values.Offset, bytes);
        target.Write(layout.Offsets.Offset, MemoryMarshal.AsBytes(offsets.AsSpan()));
    }

    // The second reading must find what the first has measured: a source that is rewritten between them must not make
    // the strings overrun their place.
    private void RequireRoom(long row, int count, long end, long limit)
    {
        if (count > Layout.Rows - row || end > limit) { throw Changed(); }
    }

    private void RequireSame(long rows, long end, long limit)
    {
        if (rows != Layout.Rows || end != limit) { throw Changed(); }
    }

    private DamagedContainerException Changed() =>
        new($"'{_column.Values.Path}' gave other strings when it was read again: the file is being written, or is damaged");
}
