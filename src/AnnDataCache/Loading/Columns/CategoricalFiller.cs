using System.Buffers.Binary;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
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
        long valid = (_column.Codes.Type.Number!.Value == Layout.Type, Layout.Type) switch
        {
            (true, DType.Int8) => Copy<sbyte>(target, context),
            (true, DType.Int16) => Copy<short>(target, context),
            (true, DType.Int32) => Copy<int>(target, context),
            _ => Convert(target, context),
        };
        Layout.NullCount = Layout.Rows - valid;
    }

    /// <summary>Codes of the type that the part has; returns how many are not missing.</summary>
    private long Copy<T>(ByteTarget target, ReadContext context) where T : unmanaged, IBinaryInteger<T>, ISignedNumber<T>
    {
        T[] codes = new T[RowsOfBlock];
        byte[] bits = new byte[ValidityBitmap.Bytes(codes.Length)];
        FlatRows reader = new(_column.Codes);
        long valid = 0;
        for (long row = 0; row < Layout.Rows; row += codes.Length)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            Span<T> block = codes.AsSpan(0, (int)Math.Min(codes.Length, Layout.Rows - row));
            reader.Read(row, block.Length, MemoryMarshal.AsBytes(block));
            if (long.CreateChecked(TensorPrimitives.Max<T>(block)) >= _categoryCount)
            {
                int at = block.IndexOf(TensorPrimitives.Max<T>(block));
                throw OutOfRange(row + at, long.CreateChecked(block[at]));
            }

            int set = ValidityBitmap.PackSigns<T>(block, bits);
            if (set < block.Length) { TensorPrimitives.Max(block, T.Zero, block); }
            valid += set;
            Write(row, MemoryMarshal.AsBytes(block), bits, block.Length, target, context);
        }

        return valid;
    }

    private long Convert(ByteTarget target, ReadContext context)
    {
        int rows = RowsOfBlock;
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
            Write(row, codes.AsSpan(0, count * Layout.Type.Size()), bits, count, target, context);
        }

        return valid;
    }

    private int RowsOfBlock => (int)Math.Clamp(Layout.Rows, 1, BlockRows);

    private void Write(long row, ReadOnlySpan<byte> codes, byte[] bits, int count, ByteTarget target, ReadContext context)
    {
        target.Write(Layout.Values.Offset + (row * Layout.Type.Size()), codes);
        target.Write(Layout.Validity.Offset + (row / 8), bits.AsSpan(0, (int)ValidityBitmap.Bytes(count)));
        context.Progress?.Invoke(codes.Length);
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
