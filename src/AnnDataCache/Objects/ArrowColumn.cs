using System.Runtime.InteropServices;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using Apache.Arrow;
using Apache.Arrow.Arrays;
using Apache.Arrow.Types;

namespace AnnDataCache.Objects;

/// <summary>One column of an Arrow table: its layout, and its buffers written to their places.</summary>
internal abstract class ArrowColumn(string name, IArrowArray array)
{
    protected const int BlockRows = 1 << 16;

    internal abstract ColumnLayout Layout { get; }

    protected string Name { get; } = name;

    protected IArrowArray Array { get; } = array;

    protected BufferRange Validity { get; } = new(0, array.NullCount > 0 ? BufferLengths.Bitmap(array.Length) : 0);

    /// <summary>Null when columns of its type are not kept.</summary>
    internal static ArrowColumn? Of(string name, IArrowArray array) => array switch
    {
        BooleanArray bools => new BoolArrowColumn(name, bools),
        LargeStringArray or StringArray => new StringArrowColumn(name, array),
        DictionaryArray dictionary => DictionaryArrowColumn.TryCreate(name, dictionary),
        FixedSizeListArray { NullCount: 0 } lists when NumberOf(lists.Values.Data.DataType) is { } item && lists.Values.NullCount == 0 =>
            new NumberArrowColumn(name, lists, item, lists.Values, ((FixedSizeListType)lists.Data.DataType).ListSize),
        _ => NumberOf(array.Data.DataType) is { } type ? new NumberArrowColumn(name, array, type, array, 1) : null,
    };

    internal void Fill(ByteTarget target)
    {
        if (Validity.Length > 0) { target.Write(Layout.Validity.Offset, Repack(Array.Data.Buffers[0].Span, Array.Offset, Array.Length)); }
        FillValues(target);
    }

    protected abstract void FillValues(ByteTarget target);

    /// <summary>A bitmap that starts at bit 0 and is clear behind its end, of one that need not.</summary>
    protected static byte[] Repack(ReadOnlySpan<byte> bits, int start, int count)
    {
        byte[] packed = new byte[BufferLengths.Bitmap(count)];
        if (start % 8 == 0) { bits.Slice(start / 8, packed.Length).CopyTo(packed); }
        for (int i = start % 8 == 0 ? count / 8 * 8 : 0; i < count; i++)
        {
            int bit = start + i;
            int mask = 1 << (i & 7);
            packed[i >> 3] = (byte)((bits[bit >> 3] >> (bit & 7) & 1) != 0 ? packed[i >> 3] | mask : packed[i >> 3] & ~mask);
        }

        if (count % 8 != 0) { packed[^1] &= (byte)((1 << (count % 8)) - 1); }
        return packed;
    }

    private static DType? NumberOf(IArrowType type) => type.TypeId switch
    {
        ArrowTypeId.Int8 => DType.Int8,
        ArrowTypeId.Int16 => DType.Int16,
        ArrowTypeId.Int32 => DType.Int32,
        ArrowTypeId.Int64 => DType.Int64,
        ArrowTypeId.UInt8 => DType.UInt8,
        ArrowTypeId.UInt16 => DType.UInt16,
        ArrowTypeId.UInt32 => DType.UInt32,
        ArrowTypeId.UInt64 => DType.UInt64,
        ArrowTypeId.HalfFloat => DType.Float16,
        ArrowTypeId.Float => DType.Float32,
        ArrowTypeId.Double => DType.Float64,
        _ => null,
    };
}

/// <summary>Numbers, a fixed number of them in each row.</summary>
internal sealed class NumberArrowColumn(string name, IArrowArray array, DType type, IArrowArray items, int width) : ArrowColumn(name, array)
{
    internal override ColumnLayout Layout => field ??= new ColumnLayout
    {
        Name = Name, Kind = ColumnKind.Number, Type = type, Rows = Array.Length, Width = width, Validity = Validity,
        Values = new BufferRange(0, (long)Array.Length * width * type.Size()),
    };

    protected override void FillValues(ByteTarget target)
    {
        long first = ((long)Array.Offset * (items == Array ? 1 : width)) + (items == Array ? 0 : items.Offset);
        ReadOnlySpan<byte> values = items.Data.Buffers[1].Span;
        target.Write(Layout.Values.Offset, values.Slice(checked((int)(first * type.Size())), checked((int)Layout.Values.Length)));
    }
}

/// <summary>Bools, packed as they are in Arrow.</summary>
internal sealed class BoolArrowColumn(string name, BooleanArray array) : ArrowColumn(name, array)
{
    internal override ColumnLayout Layout => field ??= new ColumnLayout
    {
        Name = Name, Kind = ColumnKind.Bool, Type = DType.Bool, Rows = Array.Length, Validity = Validity, Values = new BufferRange(0, BufferLengths.Bitmap(Array.Length)),
    };

    protected override void FillValues(ByteTarget target) =>
        target.Write(Layout.Values.Offset, Repack(Array.Data.Buffers[1].Span, Array.Offset, Array.Length));
}

/// <summary>Strings, whose offsets become 64-bit and start at 0.</summary>
internal sealed class StringArrowColumn(string name, IArrowArray array) : ArrowColumn(name, array)
{
    internal override ColumnLayout Layout => field ??= new ColumnLayout
    {
        Name = Name, Kind = ColumnKind.String, Rows = Array.Length, Validity = Validity, Offsets = new BufferRange(0, (Array.Length + 1L) * sizeof(long)),
        Values = new BufferRange(0, OffsetOf(Array.Length) - OffsetOf(0)),
    };

    private long OffsetOf(int row)
    {
        ReadOnlySpan<byte> offsets = Array.Data.Buffers[1].Span;
        if (offsets.IsEmpty) { return 0; } // of no rows there may be none
        int at = Array.Offset + row;
        return Array is LargeStringArray ? MemoryMarshal.Cast<byte, long>(offsets)[at] : MemoryMarshal.Cast<byte, int>(offsets)[at];
    }

    protected override void FillValues(ByteTarget target)
    {
        long[] block = new long[Math.Min(BlockRows, Array.Length + 1)];
        long start = OffsetOf(0);
        for (int row = 0; row <= Array.Length; row += block.Length)
        {
            int count = Math.Min(block.Length, Array.Length + 1 - row);
            for (int i = 0; i < count; i++) { block[i] = OffsetOf(row + i) - start; }
            target.Write(Layout.Offsets.Offset + ((long)row * sizeof(long)), MemoryMarshal.AsBytes(block.AsSpan(0, count)));
        }

        target.Write(Layout.Values.Offset, Array.Data.Buffers[2].Span.Slice(checked((int)start), checked((int)Layout.Values.Length)));
    }
}

/// <summary>A dictionary: a categorical, with the narrowest codes that a part can have.</summary>
internal sealed class DictionaryArrowColumn : ArrowColumn
{
    private readonly DictionaryArray _dictionary;
    private readonly ArrowColumn _categories;

    private DictionaryArrowColumn(string name, DictionaryArray array, ArrowColumn categories) : base(name, array)
    {
        (_dictionary, _categories) = (array, categories);
        int count = array.Dictionary.Length;
        DType type = count <= sbyte.MaxValue ? DType.Int8 : count <= short.MaxValue ? DType.Int16 : DType.Int32;
        Layout = new ColumnLayout
        {
            Name = name, Kind = ColumnKind.Categorical, Type = type, Rows = array.Length, Ordered = ((DictionaryType)array.Data.DataType).Ordered,
            Validity = Validity, Values = new BufferRange(0, (long)array.Length * type.Size()), Categories = categories.Layout,
        };
    }

    internal override ColumnLayout Layout { get; }

    internal static DictionaryArrowColumn? TryCreate(string name, DictionaryArray array) =>
        array.Dictionary.NullCount == 0 && array.Dictionary is not DictionaryArray && Of("categories", array.Dictionary) is { } categories
            ? new DictionaryArrowColumn(name, array, categories)
            : null;

    protected override void FillValues(ByteTarget target)
    {
        int size = Layout.Type.Size();
        byte[] block = new byte[BlockRows * size];
        for (int row = 0; row < Array.Length; row += BlockRows)
        {
            int count = Math.Min(BlockRows, Array.Length - row);
            for (int i = 0; i < count; i++)
            {
                long code = Array.IsValid(row + i) ? CodeOf(row + i) : 0; // a missing value has code 0
                if (code < 0 || code >= Math.Max(_dictionary.Dictionary.Length, 1)) { code = int.MaxValue; } // no category: refused when it is checked
                switch (size)
                {
                    case 1: block[i] = (byte)Math.Min(code, sbyte.MaxValue); break;
                    case 2: MemoryMarshal.Write(block.AsSpan(i * 2), (short)Math.Min(code, short.MaxValue)); break;
                    default: MemoryMarshal.Write(block.AsSpan(i * 4), (int)code); break;
                }
            }

            target.Write(Layout.Values.Offset + ((long)row * size), block.AsSpan(0, count * size));
        }

        _categories.Fill(target);
    }

    private long CodeOf(int row) => _dictionary.Indices switch
    {
        Int8Array codes => codes.GetValue(row)!.Value,
        Int16Array codes => codes.GetValue(row)!.Value,
        Int32Array codes => codes.GetValue(row)!.Value,
        Int64Array codes => codes.GetValue(row)!.Value,
        UInt8Array codes => codes.GetValue(row)!.Value,
        UInt16Array codes => codes.GetValue(row)!.Value,
        UInt32Array codes => codes.GetValue(row)!.Value,
        UInt64Array codes => checked((long)codes.GetValue(row)!.Value),
        _ => -1,
    };
}
