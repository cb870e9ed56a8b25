using System.Runtime.InteropServices;
using System.Text;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Slicing;

/// <summary>Plans and fills the look-up table of a dataframe's column: its names in the order of their bytes, each with its row.</summary>
/// <remarks>A part like others, so that no process sorts what another has sorted. Missing values have no entry; numbers are looked up by their text.</remarks>
internal sealed class NameDraft : PartDraft
{
    private const string Prefix = "lookup ";

    private readonly PinnedColumn _column;
    private readonly long[] _rows;
    private readonly ColumnLayout _names, _positions;

    private NameDraft(PinnedElement frame, PinnedColumn column)
    {
        _column = column;
        _rows = Sort(column, out long bytes);
        _names = new ColumnLayout
        {
            Name = "name", Kind = ColumnKind.String, Rows = _rows.Length,
            Offsets = new BufferRange(0, (_rows.Length + 1L) * sizeof(long)), Values = new BufferRange(0, bytes),
        };
        DType position = column.Rows <= int.MaxValue ? DType.Int32 : DType.Int64;
        _positions = new ColumnLayout
        {
            Name = "row", Kind = ColumnKind.Number, Type = position, Rows = _rows.Length, Values = new BufferRange(0, (long)_rows.Length * position.Size()),
        };
        Layout = new PartLayout
        {
            Kind = PartKind.Frame, Element = frame.Layout.Element, Source = frame.Layout.Source, Derived = Option(column.Name),
            Shape = [_rows.Length, 1], Columns = [_names, _positions], IndexName = "name",
        };
    }

    internal override PartLayout Layout { get; }

    /// <summary>What makes the table's name.</summary>
    internal static string Option(string column) => Prefix + column;

    /// <summary>The column of a part that is such a table, else null.</summary>
    internal static string? ColumnOf(string derived) => derived.StartsWith(Prefix, StringComparison.Ordinal) ? derived[Prefix.Length..] : null;

    /// <exception cref="ElementException">No such column, or one that names nothing.</exception>
    internal static NameDraft Of(PinnedElement frame, string column)
    {
        PinnedColumn found = frame.Column(column);
        return found.Width == 1 && found.Items is null && found.Kind is not (ElementKind.Csr or ElementKind.Csc)
            ? new NameDraft(frame, found)
            : throw new ElementException(CacheError.ElementUnreadable, $"Column '{column}' of '{frame.Info.Path}' is a {found.Kind.Name()} and names nothing.");
    }

    internal override void Fill(ByteTarget target, ReadContext context)
    {
        using MemoryStream text = new();
        long[] offsets = new long[_rows.Length + 1];
        bool ascii = true;
        for (int i = 0; i < _rows.Length; i++)
        {
            ReadOnlySpan<byte> name = NameOf(_column, _rows[i]);
            text.Write(name);
            ascii &= Ascii.IsValid(name);
            offsets[i + 1] = text.Length;
        }

        target.Write(_names.Values.Offset, text.GetBuffer().AsSpan(0, (int)text.Length));
        target.Write(_names.Offsets.Offset, MemoryMarshal.AsBytes<long>(offsets));
        target.Write(_positions.Values.Offset, _positions.Type == DType.Int64
            ? MemoryMarshal.AsBytes<long>(_rows)
            : MemoryMarshal.AsBytes<int>(Array.ConvertAll(_rows, row => (int)row)));
        _names.Ascii = ascii;
    }

    /// <summary>UTF-8 bytes of a row's name.</summary>
    internal static ReadOnlySpan<byte> NameOf(PinnedColumn column, long row) => column.Kind switch
    {
        ElementKind.StringArray or ElementKind.NullableStringArray => column.GetUtf8(row),
        ElementKind.Categorical => NameOf(column.Categories!, column.GetCode(row)),
        _ => Encoding.UTF8.GetBytes(NameText.Of(column.GetValue(row))),
    };

    private static long[] Sort(PinnedColumn column, out long bytes)
    {
        List<long> rows = new((int)Math.Min(column.Rows, Array.MaxLength));
        bytes = 0;
        for (long row = 0; row < column.Rows; row++)
        {
            if (column.IsNull(row)) { continue; }
            rows.Add(row);
            bytes += NameOf(column, row).Length;
        }

        if (bytes > Array.MaxLength)
        {
            throw new ElementException(CacheError.ElementUnreadable, $"The names of column '{column.Name}' have {bytes:N0} bytes; {Array.MaxLength:N0} are looked up at most.");
        }

        long[] sorted = [.. rows];
        Array.Sort(sorted, (left, right) =>
        {
            int order = NameOf(column, left).SequenceCompareTo(NameOf(column, right));
            return order != 0 ? order : left.CompareTo(right);
        });
        return sorted;
    }
}
