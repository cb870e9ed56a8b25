using System.Buffers.Binary;
using System.Text;

namespace AnnDataCache.Parts;

/// <summary>Compares a part's Arrow framing with its layout: an Arrow reader must see the values that readers of the layout see.</summary>
/// <remarks>
/// What the framing says follows from the layout alone, so it is made again and compared byte by byte. Schema and footer may
/// hold more in parts of other versions of the program: they are compared where the layout has nothing that is unknown here.
/// </remarks>
internal sealed class FramingCheck
{
    private const int MagicLength = 8;

    private readonly PartView _view;
    private readonly PartLayout _layout;
    private readonly List<ArrowMessages.Block> _dictionaries = [];
    private long _at = MagicLength;

    private FramingCheck(PartView view) => (_view, _layout) = (view, view.Layout);

    /// <summary>What an Arrow reader would read otherwise, or null.</summary>
    internal static string? FindProblem(PartView view) => new FramingCheck(view).Find();

    private string? Find()
    {
        (long jsonStart, int jsonLength) = FindJson();
        if (jsonStart == 0) { return "its layout is not a string of its Arrow footer"; }
        string json = Encoding.UTF8.GetString(_view.Mapping.Span(jsonStart, jsonLength));
        bool isKnown = json.AsSpan().TrimEnd(' ').SequenceEqual(Encoding.UTF8.GetString(LayoutJson.Write(_layout)));
        if (!Same(0, [.. ArrowMessages.Magic, 0, 0])) { return "it does not begin as an Arrow file does"; }
        if (isKnown && !SameMessage(ArrowMessages.Schema(_layout))) { return Differs("schema"); }
        if (!TrySkipMetadata(out _)) { return Differs("schema"); }
        for (int id = 0; id < _layout.Columns.Count; id++)
        {
            if (_layout.Columns[id].Categories is not { } categories) { continue; }
            if (CheckBatch([categories], (content, body) => ArrowMessages.Dictionary(id, content, body)) is not { } block)
            {
                return Differs($"dictionary of column '{_layout.Columns[id].Name}'");
            }

            _dictionaries.Add(block);
        }

        if (CheckBatch(_layout.Columns, ArrowMessages.Batch) is not { } batch) { return Differs("record batch"); }
        if (!Same(_at, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])) { return "its batches do not end where its layout's buffers do"; }
        return !isKnown || Same(_at + MagicLength, ArrowMessages.Footer(_layout, json, _dictionaries, batch)) ? null : Differs("footer");
    }

    private static string Differs(string what) => $"its Arrow {what} is not what its layout says: Arrow readers would read other values";

    /// <summary>The layout's place: FlatBuffers writes a string behind its length.</summary>
    private (long Start, int Length) FindJson()
    {
        int footer = BinaryPrimitives.ReadInt32LittleEndian(_view.Mapping.Span(_view.Mapping.Length - 10, sizeof(int))); // checked when it was opened
        long footerStart = _view.Mapping.Length - 10 - footer;
        int at = _view.Mapping.Span(footerStart, footer).LastIndexOf(LayoutJson.Marker);
        if (at < sizeof(int)) { return default; }
        int length = BinaryPrimitives.ReadInt32LittleEndian(_view.Mapping.Span(footerStart + at - sizeof(int), sizeof(int)));
        return length > 0 && length <= footer - at ? (footerStart + at, length) : default;
    }

    /// <summary>Compares the message at the position, and moves behind its body; null when it differs.</summary>
    private ArrowMessages.Block? CheckBatch(IReadOnlyList<ColumnLayout> columns, Func<ArrowMessages.BatchContent, long, byte[]> message)
    {
        long start = _at;
        if (!TrySkipMetadata(out int metadata)) { return null; }
        long body = _at, end = body;
        ArrowMessages.BatchContent content = new() { Rows = columns.Count > 0 ? columns[0].Rows : 0 };
        foreach (ColumnLayout column in columns)
        {
            content.Add(column, body);
            end = Math.Max(end, EndOf(column));
        }

        ArrowMessages.Block block = new(start, metadata, BufferLengths.AlignUp(end, BufferLengths.Alignment) - body);
        _at = start;
        if (!SameMessage(message(content, block.BodyLength))) { return null; }
        _at = body + block.BodyLength;
        return block;
    }

    private static long EndOf(ColumnLayout column)
    {
        long end = column.Items is { } items ? EndOf(items) : 0;
        foreach (BufferRange range in (ReadOnlySpan<BufferRange>)[column.Validity, column.Offsets, column.Indices, column.Values])
        {
            if (range.Length > 0) { end = Math.Max(end, range.Offset + range.Length); }
        }

        return end;
    }

    private bool TrySkipMetadata(out int length)
    {
        length = 0;
        if (_at > _view.Mapping.Length - ArrowMessages.PrefixLength) { return false; }
        int metadata = BinaryPrimitives.ReadInt32LittleEndian(_view.Mapping.Span(_at + 4, sizeof(int)));
        if (metadata < 0 || metadata > _view.Mapping.Length - _at - ArrowMessages.PrefixLength) { return false; }
        length = ArrowMessages.PrefixLength + metadata;
        _at += length;
        return true;
    }

    /// <summary>True when the message at the position has this metadata, padded with zeros. Does not move.</summary>
    private bool SameMessage(byte[] metadata)
    {
        long start = _at;
        bool isWhole = TrySkipMetadata(out int length) && length >= ArrowMessages.PrefixLength + metadata.Length;
        _at = start;
        return isWhole && Same(start, [0xFF, 0xFF, 0xFF, 0xFF]) && Same(start + ArrowMessages.PrefixLength, metadata)
            && !_view.Mapping.Span(start + ArrowMessages.PrefixLength + metadata.Length, length - ArrowMessages.PrefixLength - metadata.Length).ContainsAnyExcept((byte)0);
    }

    private bool Same(long at, ReadOnlySpan<byte> bytes) => at <= _view.Mapping.Length - bytes.Length && _view.Mapping.Span(at, bytes.Length).SequenceEqual(bytes);
}
