using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Strings of which few are distinct: those, and a code for each row, in the order of their first appearance.</summary>
internal sealed class CodedStringFiller : ColumnFiller
{
    private readonly StringColumn _column;
    private readonly DistinctStrings _distinct;

    internal CodedStringFiller(StringColumn column, long rows, DistinctStrings distinct, bool ascii)
    {
        (_column, _distinct) = (column, distinct);
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.String,
            Type = DType.Int32,
            Rows = rows,
            Encoding = column.Info.EncodingType,
            Shape = ShapeOf(column.Info),
            Ascii = ascii,
            Values = new BufferRange(0, checked(rows * sizeof(int))),
            Validity = new BufferRange(0, column.Mask is null ? 0 : ValidityBitmap.Bytes(rows)),
            Categories = new ColumnLayout
            {
                Name = "categories",
                Kind = ColumnKind.String,
                Rows = distinct.Count,
                Ascii = ascii,
                Values = new BufferRange(0, distinct.TotalBytes),
                Offsets = new BufferRange(0, (distinct.Count + 1L) * sizeof(long)),
            },
        };
    }

    internal override ColumnLayout Layout { get; }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        if (_distinct.Kept is { } kept)
        {
            WriteKept(kept.Codes, target, context);
            WriteCategories(kept.Strings, target);
        }
        else
        {
            WriteCategories(WriteAgain(target, context), target);
        }

        if (_column.Mask is not null) { Layout.NullCount = ValidityBitmap.FillFromMask(_column.Mask, Layout, target, context); }
    }

    private void WriteKept(byte[] known, ByteTarget target, ReadContext context)
    {
        int[] codes = new int[StringBlock.Capacity];
        for (int row = 0; row < known.Length; row += codes.Length)
        {
            int count = Math.Min(codes.Length, known.Length - row);
            TensorPrimitives.ConvertTruncating<byte, int>(known.AsSpan(row, count), codes);
            Write(codes, row, count, target, context);
        }
    }

    /// <summary>Reads the strings again, which gives the same codes.</summary>
    private StringTable WriteAgain(ByteTarget target, ReadContext context)
    {
        StringTable table = StringTable.ForColumn();
        using StringBlock block = new();
        using StringCursor cursor = _column.Values.OpenStrings(0, Layout.Rows);
        int[] codes = new int[StringBlock.Capacity];
        long row = 0;
        for (; cursor.Read(block); row += block.Count)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (block.Count > Layout.Rows - row) { throw StringFiller.Changed(_column); }
            for (int i = 0; i < block.Count; i++)
            {
                codes[i] = table.Add(block, i);
                if (codes[i] < 0 || codes[i] >= _distinct.Count) { throw StringFiller.Changed(_column); }
            }

            Write(codes, row, block.Count, target, context);
        }

        return row == Layout.Rows && (table.Count, table.TotalBytes) == (_distinct.Count, _distinct.TotalBytes)
            ? table
            : throw StringFiller.Changed(_column);
    }

    private void Write(int[] codes, long row, int count, ByteTarget target, ReadContext context)
    {
        target.Write(Layout.Values.Offset + (row * sizeof(int)), MemoryMarshal.AsBytes(codes.AsSpan(0, count)));
        context.Progress?.Invoke(count * sizeof(int));
    }

    private void WriteCategories(StringTable distinct, ByteTarget target)
    {
        ColumnLayout layout = Layout.Categories!;
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
}
