using System.Buffers.Binary;
using System.Text;
using AnnDataCache.Interop;

namespace AnnDataCache.Parts;

/// <summary>Where everything of a part will lie, before a byte of it is written.</summary>
/// <remarks>
/// The file: magic, schema, a dictionary batch for each column with categories, one record batch, end mark, footer. Bodies
/// are written by whoever fills the part, in any order; the framing last, when nulls and flags are known. Its length does
/// not depend on them: counts are fixed-size in FlatBuffers, and the JSON is padded with spaces.
/// </remarks>
internal sealed class PartPlan
{
    /// <summary>The magic and two zeros.</summary>
    private const int MagicLength = 8;

    private const int EndMarkLength = 8;

    /// <summary>Stands for a body's length that is not known yet: FlatBuffers leaves a zero out, and the message would be shorter.</summary>
    private const long AnyLength = 1;

    private readonly List<(ColumnLayout Column, int Id, ArrowMessages.Block Block)> _dictionaries = [];
    private ArrowMessages.Block _batch;
    private long _footerStart;
    private int _jsonLength;

    private PartPlan(PartLayout layout) => Layout = layout;

    internal PartLayout Layout { get; }

    /// <summary>Bytes of the finished part.</summary>
    internal long FileLength { get; private set; }

    /// <summary>Of those, the bytes of the footer and its ending.</summary>
    internal long FooterLength => FileLength - _footerStart;

    /// <summary>Sets the offset of every buffer of the layout; their lengths must be set.</summary>
    /// <exception cref="ArgumentException">A length is not what rows and type demand.</exception>
    internal static PartPlan Create(PartLayout layout)
    {
        if (LayoutRules.FindProblem(layout) is { } problem) { throw new ArgumentException($"Cannot lay out '{layout.Element}': {problem}.", nameof(layout)); }
        PartPlan plan = new(layout);
        plan.PlaceAll();
        return plan;
    }

    private void PlaceAll()
    {
        byte[] schema = ArrowMessages.Schema(Layout);
        long at = MagicLength + ArrowMessages.Frame(schema, MagicLength, BufferLengths.Alignment).Length;
        for (int id = 0; id < Layout.Columns.Count; id++)
        {
            if (Layout.Columns[id].Categories is not { } categories) { continue; }
            ArrowMessages.Block block = PlaceBatch(ref at, [categories], content => ArrowMessages.Dictionary(id, content, AnyLength));
            _dictionaries.Add((categories, id, block));
        }

        _batch = PlaceBatch(ref at, Layout.Columns, content => ArrowMessages.Batch(content, AnyLength));
        at += EndMarkLength;
        _footerStart = at;
        _jsonLength = LongestJson();
        FileLength = at + Footer(new string(' ', _jsonLength)).Length + sizeof(int) + ArrowMessages.Magic.Length;
    }

    /// <summary>Places a batch's metadata and its buffers; moves the position to the end of the body.</summary>
    private static ArrowMessages.Block PlaceBatch(
        ref long at, IReadOnlyList<ColumnLayout> columns, Func<ArrowMessages.BatchContent, byte[]> message)
    {
        bool large = columns.Any(column => Math.Max(column.Values.Length, column.Indices.Length) >= BufferLengths.LargeBuffer);
        int alignment = large ? BufferLengths.PageAlignment : BufferLengths.Alignment;
        int metadata = ArrowMessages.Frame(message(Content(columns, 0)), at, alignment).Length;
        long start = at + metadata, end = start;
        foreach (ColumnLayout column in columns) { PlaceBuffers(ref end, column); }
        end = BufferLengths.AlignUp(end, BufferLengths.Alignment);
        ArrowMessages.Block block = new(at, metadata, end - start);
        at = end;
        return block;
    }

    private static void PlaceBuffers(ref long end, ColumnLayout column)
    {
        column.Validity = Place(ref end, column.Validity.Length);
        column.Offsets = Place(ref end, column.Offsets.Length);
        column.Indices = Place(ref end, column.Indices.Length);
        column.Values = Place(ref end, column.Values.Length);
        if (column.Items is { } items) { PlaceBuffers(ref end, items); }
    }

    private static BufferRange Place(ref long end, long length)
    {
        if (length == 0) { return default; }
        long start = BufferLengths.AlignUp(end, length >= BufferLengths.LargeBuffer ? BufferLengths.PageAlignment : BufferLengths.Alignment);
        end = checked(start + length);
        return new BufferRange(start, length);
    }

    private static ArrowMessages.BatchContent Content(IReadOnlyList<ColumnLayout> columns, long bodyStart)
    {
        ArrowMessages.BatchContent content = new() { Rows = columns.Count > 0 ? columns[0].Rows : 0 };
        foreach (ColumnLayout column in columns) { content.Add(column, bodyStart); }
        return content;
    }

    /// <summary>The JSON can only become shorter: here all values are null and all flags false.</summary>
    private int LongestJson()
    {
        List<ColumnLayout> withNulls = [];
        foreach (ColumnLayout column in Layout.Columns.Concat(Layout.Columns.Select(column => column.Categories).OfType<ColumnLayout>()))
        {
            if (column.Validity.Length == 0 || column.NullCount != 0) { continue; }
            column.NullCount = column.Rows;
            withNulls.Add(column);
        }

        // One byte for each flag that may turn from true to false while the part is filled.
        int flags = Layout.Columns.Sum(column => 1 + (column.Categories is null ? 0 : 1));
        int length = LayoutJson.Write(Layout).Length + flags;
        foreach (ColumnLayout column in withNulls) { column.NullCount = 0; }
        return length;
    }

    /// <summary>Writes everything but the buffers. Call when they are filled and counts and flags are final.</summary>
    internal void WriteFraming(ByteTarget target)
    {
        target.Write(0, [.. ArrowMessages.Magic, 0, 0]);
        target.Write(MagicLength, ArrowMessages.Frame(ArrowMessages.Schema(Layout), MagicLength, BufferLengths.Alignment));
        foreach ((ColumnLayout column, int id, ArrowMessages.Block block) in _dictionaries)
        {
            WriteMessage(target, block, ArrowMessages.Dictionary(id, Content([column], block.Offset + block.MetadataLength), block.BodyLength));
        }

        WriteMessage(target, _batch, ArrowMessages.Batch(Content(Layout.Columns, _batch.Offset + _batch.MetadataLength), _batch.BodyLength));
        foreach ((ColumnLayout column, _, ArrowMessages.Block block) in _dictionaries) { ClearGaps(target, block, [column]); }
        ClearGaps(target, _batch, Layout.Columns);
        Span<byte> end = stackalloc byte[EndMarkLength];
        BinaryPrimitives.WriteInt64LittleEndian(end, 0xFFFFFFFF);
        target.Write(_footerStart - EndMarkLength, end);
        WriteFooter(target);
    }

    /// <summary>Writes zeros between the buffers of a body: the file may have held another part before.</summary>
    private static void ClearGaps(ByteTarget target, ArrowMessages.Block block, IReadOnlyList<ColumnLayout> columns)
    {
        long at = block.Offset + block.MetadataLength;
        foreach (ColumnLayout column in columns) { ClearGaps(target, ref at, column); }
        Clear(target, at, block.Offset + block.MetadataLength + block.BodyLength);
    }

    private static void ClearGaps(ByteTarget target, ref long at, ColumnLayout column)
    {
        foreach (BufferRange range in (ReadOnlySpan<BufferRange>)[column.Validity, column.Offsets, column.Indices, column.Values])
        {
            if (range.Length == 0) { continue; }
            Clear(target, at, range.Offset);
            at = range.Offset + range.Length;
        }

        if (column.Items is { } items) { ClearGaps(target, ref at, items); }
    }

    private static void Clear(ByteTarget target, long start, long end)
    {
        Span<byte> zeros = stackalloc byte[BufferLengths.PageAlignment];
        zeros.Clear();
        if (end > start) { target.Write(start, zeros[..(int)(end - start)]); }
    }

    private static void WriteMessage(ByteTarget target, ArrowMessages.Block block, byte[] metadata)
    {
        byte[] framed = ArrowMessages.Frame(metadata, block.Offset, BufferLengths.Alignment);
        if (framed.Length > block.MetadataLength) { throw new InvalidOperationException($"A message of {framed.Length} bytes has outgrown its place of {block.MetadataLength} at {block.Offset}, body {block.BodyLength}."); }
        Array.Resize(ref framed, block.MetadataLength);
        BinaryPrimitives.WriteInt32LittleEndian(framed.AsSpan(4), framed.Length - ArrowMessages.PrefixLength);
        target.Write(block.Offset, framed);
    }

    private void WriteFooter(ByteTarget target)
    {
        byte[] json = LayoutJson.Write(Layout);
        if (json.Length > _jsonLength) { throw new InvalidOperationException("A layout has outgrown its place."); }
        byte[] footer = Footer(Encoding.UTF8.GetString(json) + new string(' ', _jsonLength - json.Length));
        byte[] tail = new byte[footer.Length + sizeof(int) + ArrowMessages.Magic.Length];
        footer.CopyTo(tail, 0);
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(footer.Length), footer.Length);
        ArrowMessages.Magic.CopyTo(tail.AsSpan(footer.Length + sizeof(int)));
        if (_footerStart + tail.Length != FileLength) { throw new InvalidOperationException("A footer has outgrown its place."); }
        target.Write(_footerStart, tail);
    }

    private byte[] Footer(string json) =>
        ArrowMessages.Footer(Layout, json, [.. _dictionaries.Select(dictionary => dictionary.Block)], _batch);
}
