using System.Buffers.Binary;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>A categorical: Arrow's dictionary, with code 0 and a cleared validity bit where a value is missing.</summary>
internal sealed class CategoricalFiller : ColumnFiller
{
    private readonly CategoricalColumn _column;
    private readonly ColumnFiller _categories;
    private readonly long _categoryCount;

    internal CategoricalFiller(CategoricalColumn column, long rows, ReadContext context, StringRules rules)
    {
        _column = column;
        _categoryCount = column.Categories.Rows;
        _categories = Of(column.Categories, _categoryCount, isIndex: true, context, rules);
        DType stored = column.Codes.Type.Number!.Value, type = CodeType(stored, _categoryCount);
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.Categorical,
            Type = type,
            Rows = rows,
            Ordered = column.Info.Ordered,
            Encoding = column.Info.EncodingType ?? "categorical",
            Shape = ShapeOf(column.Info),
            Stored = stored == type ? null : new Dictionary<string, string> { ["codes"] = stored.Name() },
            Values = new BufferRange(0, checked(rows * type.Size())),
            Validity = new BufferRange(0, ValidityBitmap.Bytes(rows)),
            Categories = _categories.Layout,
        };
    }

    internal override ColumnLayout Layout { get; }

    /// <summary>Arrow readers know signed keys of up to 32 bits: the stored type where it is one, else the smallest that fits.</summary>
    private static DType CodeType(DType stored, long categories) => stored switch
    {
        DType.Int8 or DType.Int16 or DType.Int32 => stored,
        _ when categories <= sbyte.MaxValue => DType.Int8,
        _ when categories <= short.MaxValue => DType.Int16,
        _ => DType.Int32,
    };

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        _categories.Fill(target, context);
        int rows = (int)Math.Min(BlockRows, Math.Max(Layout.Rows, 1));
        DType stored = _column.Codes.Type.Number!.Value;
        byte[] source = new byte[rows * stored.Size()], codes = new byte[rows * Layout.Type.Size()];
        long[] wide = new long[rows];
        byte[] missing = new byte[rows], bits = new byte[ValidityBitmap.Bytes(rows)];
        FlatRows reader = new(_column.Codes);
        long valid = 0;
        for (long row = 0; row < Layout.Rows; row += rows)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(rows, Layout.Rows - row);
            reader.Read(row, count, source);
            IntegerConversion.Widen(source.AsSpan(0, count * stored.Size()), stored, wide);
            for (int i = 0; i < count; i++)
            {
                long code = wide[i];
                if (code >= _categoryCount || (code < 0 && stored == DType.UInt64)) { throw OutOfRange(row + i, code); }
                missing[i] = code < 0 ? (byte)1 : (byte)0;
                WriteCode(codes.AsSpan(i * Layout.Type.Size()), Layout.Type, Math.Max(code, 0));
            }

            valid += ValidityBitmap.Pack(missing.AsSpan(0, count), bits, invert: true);
            target.Write(Layout.Values.Offset + (row * Layout.Type.Size()), codes.AsSpan(0, count * Layout.Type.Size()));
            target.Write(Layout.Validity.Offset + (row / 8), bits.AsSpan(0, (int)ValidityBitmap.Bytes(count)));
            context.Progress?.Invoke(count * (long)Layout.Type.Size());
        }

        Layout.NullCount = Layout.Rows - valid;
    }

    private DamagedContainerException OutOfRange(long row, long code) => new(
        $"'{_column.Info.Path}' has code {code} in row {row:N0}, but only {_categoryCount:N0} categories (codes 0 … {_categoryCount - 1})");

    private static void WriteCode(Span<byte> bytes, DType type, long code)
    {
        switch (type)
        {
            case DType.Int8: bytes[0] = (byte)code; break;
            case DType.Int16: BinaryPrimitives.WriteInt16LittleEndian(bytes, (short)code); break;
            default: BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)code); break;
        }
    }
}
