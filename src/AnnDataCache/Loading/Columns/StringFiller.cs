using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Loading;

/// <summary>Strings as offsets and bytes, by pieces of rows that several threads may fill.</summary>
internal sealed class StringFiller : ColumnFiller
{
    private readonly StringColumn _column;
    private readonly StringScan _scan;

    internal StringFiller(StringColumn column, long rows, StringScan scan)
    {
        (_column, _scan) = (column, scan);
        Layout = new ColumnLayout
        {
            Name = column.Info.Name,
            Kind = ColumnKind.String,
            Rows = rows,
            Encoding = column.Info.EncodingType,
            Shape = ShapeOf(column.Info),
            Ascii = scan.Ascii,
            Values = new BufferRange(0, scan.Starts[^1]),
            Offsets = new BufferRange(0, checked((rows + 1) * sizeof(long))),
            Validity = new BufferRange(0, column.Mask is null ? 0 : ValidityBitmap.Bytes(rows)),
        };
    }

    internal static ColumnFiller Of(StringColumn column, long rows, bool isIndex, ReadContext context, StringRules rules)
    {
        StringScan scan = StringScan.Of(column.Values, rows, mayUseCodes: !isIndex, context, rules);
        return scan.Distinct is null ? new StringFiller(column, rows, scan) : new CodedStringFiller(column, rows, scan.Distinct, scan.Ascii);
    }

    internal override ColumnLayout Layout { get; }

    internal override int Pieces => _scan.Starts.Length - 1;

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        for (int piece = 0; piece < Pieces; piece++) { FillPiece(piece, target, context); }
    }

    internal override void FillPiece(int piece, ByteTarget target, ReadContext context)
    {
        if (piece == 0)
        {
            target.Write(Layout.Offsets.Offset, stackalloc byte[sizeof(long)]); // the first offset is 0
            if (_column.Mask is not null) { Layout.NullCount = ValidityBitmap.FillFromMask(_column.Mask, Layout, target, context); }
        }

        using StringBlock block = new();
        long row = piece * _scan.PieceRows, last = Math.Min(row + _scan.PieceRows, Layout.Rows);
        long end = _scan.Starts[piece], limit = _scan.Starts[piece + 1];
        using StringCursor cursor = _column.Values.OpenStrings(row, last - row);
        Span<long> ends = stackalloc long[StringBlock.Capacity];
        while (cursor.Read(block))
        {
            context.Cancellation.ThrowIfCancellationRequested();

            // The second reading must find what the first has measured: a source that is rewritten between them must not
            // make the strings overrun their place.
            if (block.Count > last - row || end + block.Bytes.Length > limit) { throw Changed(_column); }
            TensorPrimitives.ConvertTruncating<int, long>(block.Offsets[1..], ends);
            TensorPrimitives.Add(ends[..block.Count], end, ends);
            target.Write(Layout.Values.Offset + end, block.Bytes);
            target.Write(Layout.Offsets.Offset + ((row + 1) * sizeof(long)), MemoryMarshal.AsBytes(ends[..block.Count]));
            if (!System.Text.Ascii.IsValid(block.Bytes)) { Layout.Ascii = false; }
            row += block.Count;
            end += block.Bytes.Length;
            context.Progress?.Invoke(block.Bytes.Length + (block.Count * sizeof(long)));
        }

        if (row != last) { throw Changed(_column); }
        if (end != limit) { throw _scan.IsExact ? Changed(_column) : new ShortStringsException(_column.Values.Path); }
    }

    internal static DamagedContainerException Changed(StringColumn column) =>
        new($"'{column.Values.Path}' gave other strings when it was read again: the file is being written, or is damaged");
}

/// <summary>Strings have fewer bytes than their lengths say, since some end at a NUL. The part needs less room: it is to be made again.</summary>
internal sealed class ShortStringsException(string path) : Exception($"'{path}' has strings that end before their length.");
