using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Lists of unequal length: offsets into the column of their items, which may be lists themselves.</summary>
internal sealed class ListFiller : ColumnFiller
{
    private readonly ListColumn _column;
    private readonly ColumnFiller _items;

    internal ListFiller(ListColumn column, long rows, ReadContext context, StringRules rules)
    {
        _column = column;
        _items = Of(column.Items, column.Items.Rows, isIndex: true, context, rules);
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.List,
            Rows = rows,
            Encoding = column.Info.EncodingType,
            Offsets = new BufferRange(0, checked((rows + 1) * sizeof(long))),
            Items = _items.Layout,
        };
    }

    internal override ColumnLayout Layout { get; }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        using (RisingOffsets offsets = RisingOffsets.Read(
            _column.Offsets, Layout.Rows, _items.Layout.Rows, $"'{_column.Offsets.Path}'", context.Cancellation))
        {
            offsets.Write(target, Layout.Offsets, DType.Int64);
        }

        _items.Fill(target, context);
    }
}

/// <summary>Strings whose offsets and bytes are arrays of the source, as an awkward array has them.</summary>
internal sealed class TextFiller : ColumnFiller
{
    private readonly TextColumn _column;

    internal TextFiller(TextColumn column, long rows)
    {
        _column = column;
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.String,
            Rows = rows,
            Offsets = new BufferRange(0, checked((rows + 1) * sizeof(long))),
            Values = new BufferRange(0, column.Bytes.Count),
        };
    }

    internal override ColumnLayout Layout { get; }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        using (RisingOffsets offsets = RisingOffsets.Read(
            _column.Offsets, Layout.Rows, _column.Bytes.Count, $"'{_column.Offsets.Path}'", context.Cancellation))
        {
            offsets.Write(target, Layout.Offsets, DType.Int64);
        }

        _column.Bytes.Read(new OffsetTarget(target, Layout.Values.Offset, Layout.Values.Length), context);
    }
}
