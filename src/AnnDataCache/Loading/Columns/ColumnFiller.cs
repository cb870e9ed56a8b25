using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Knows the layout of one column, and writes its buffers once the layout has its offsets.</summary>
internal abstract class ColumnFiller : INamedColumn
{
    /// <summary>Rows that a converting filler handles at a time: a multiple of 64, so that bitmaps meet at whole bytes.</summary>
    internal const int BlockRows = 1 << 16;

    internal abstract ColumnLayout Layout { get; }

    public string Name => Layout.Name;

    /// <summary>Writes all buffers of the column and sets what only the data can tell (nulls, flags).</summary>
    /// <exception cref="ContainerException">The column's data are damaged.</exception>
    internal abstract void Fill(ByteTarget target, ReadContext context);

    /// <summary>Shares of the work that different threads may do at once, in any order: together what <see cref="Fill"/> does.</summary>
    internal virtual int Pieces => 1;

    internal virtual void FillPiece(int piece, ByteTarget target, ReadContext context) => Fill(target, context);

    /// <summary>The filler for a column of a dataframe or one that stands alone.</summary>
    /// <param name="column">Where the data are.</param>
    /// <param name="rows">Rows of the part: the length of the first axis, or all values when it stands alone.</param>
    /// <param name="isIndex">True for row names, which hardly repeat: they are stored plainly.</param>
    /// <param name="context">For the first reading of strings.</param>
    /// <param name="rules">For the same.</param>
    internal static ColumnFiller Of(ColumnContent column, long rows, bool isIndex, ReadContext context, StringRules rules)
    {
        long width = rows == 0 ? 1 : column.Rows / rows;
        return column switch
        {
            StringColumn strings when width == 1 => StringFiller.Of(strings, rows, isIndex, context, rules),
            CategoricalColumn categorical when width == 1 => new CategoricalFiller(categorical, rows, context, rules),
            ListColumn lists => new ListFiller(lists, rows, context, rules),
            TextColumn text => new TextFiller(text, rows),
            NumberColumn { Values.Type.Number: DType.Bool } bools when width == 1 => new BoolFiller(bools, rows),
            NumberColumn numbers when numbers.Mask is null || width == 1 => new NumberFiller(numbers, rows, width),
            _ => throw new UnsupportedContainerException(
                $"'{column.Info.Path}' has {column.Info.Shape.Count} axes, which a column of kind {column.Info.Kind} cannot have"),
        };
    }

    /// <summary>Shape of a standing array that is not one-dimensional; null for a plain column.</summary>
    protected static IReadOnlyList<long>? ShapeOf(ElementInfo info) => info.Shape.Count == 1 ? null : info.Shape;
}

/// <summary>Numbers that go from the source's chunks straight to their final place.</summary>
internal sealed class NumberFiller : ColumnFiller
{
    private readonly ContainerArray _values;
    private readonly ContainerArray? _mask;

    internal NumberFiller(ElementInfo info, ContainerArray values, long rows, long width)
    {
        _values = values;
        Layout = Describe(info, values, rows, width, validityBytes: 0);
    }

    internal NumberFiller(NumberColumn column, long rows, long width)
    {
        (_values, _mask) = (column.Values, column.Mask);
        Layout = Describe(column.Info, column.Values, rows, width, _mask is null ? 0 : ValidityBitmap.Bytes(rows));
    }

    internal override ColumnLayout Layout { get; }

    private static ColumnLayout Describe(ElementInfo info, ContainerArray values, long rows, long width, long validityBytes) => new()
    {
        Name = info.Name.Length == 0 ? "X" : info.Name,
        Kind = ColumnKind.Number,
        Type = values.Type.Number!.Value,
        Rows = rows,
        Width = width,
        Encoding = info.EncodingType,
        Shape = info.Kind == ElementKind.Dense ? null : ShapeOf(info),
        Values = new BufferRange(0, checked(rows * width * values.Type.Size)),
        Validity = new BufferRange(0, validityBytes),
    };

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        _values.Read(new OffsetTarget(target, Layout.Values.Offset, Layout.Values.Length), context);
        if (_mask is not null) { Layout.NullCount = ValidityBitmap.FillFromMask(_mask, Layout, target, context); }
    }
}

/// <summary>Bools of a dataframe, packed to Arrow's bitmap.</summary>
internal sealed class BoolFiller : ColumnFiller
{
    private readonly NumberColumn _column;

    internal BoolFiller(NumberColumn column, long rows)
    {
        _column = column;
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.Bool,
            Type = DType.Bool,
            Rows = rows,
            Encoding = column.Info.EncodingType,
            Shape = ShapeOf(column.Info),
            Values = new BufferRange(0, ValidityBitmap.Bytes(rows)),
            Validity = new BufferRange(0, column.Mask is null ? 0 : ValidityBitmap.Bytes(rows)),
        };
    }

    internal override ColumnLayout Layout { get; }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        ValidityBitmap.Pack(_column.Values, Layout.Rows, Layout.Values, target, invert: false, context);
        if (_column.Mask is not null) { Layout.NullCount = ValidityBitmap.FillFromMask(_column.Mask, Layout, target, context); }
    }
}

/// <summary>A JSON text.</summary>
internal sealed class JsonFiller(byte[] json) : ColumnFiller
{
    internal override ColumnLayout Layout { get; } = new()
    {
        Name = "json",
        Kind = ColumnKind.Json,
        Rows = 1,
        Values = new BufferRange(0, json.Length),
        Offsets = new BufferRange(0, 2 * sizeof(long)),
    };

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        target.Write(Layout.Values.Offset, json);
        Span<byte> offsets = stackalloc byte[2 * sizeof(long)];
        offsets.Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(offsets[sizeof(long)..], json.Length);
        target.Write(Layout.Offsets.Offset, offsets);
    }
}
