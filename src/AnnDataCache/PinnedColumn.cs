using System.Text;
using AnnDataCache.Parts;

namespace AnnDataCache;

/// <summary>One column of a part: numbers, bools, strings, a categorical, or a sparse matrix's entries.</summary>
/// <remarks>Valid until the <see cref="PinnedElement"/> it came from is disposed. Reading from several threads is safe.</remarks>
public sealed unsafe class PinnedColumn
{
    private readonly PinnedElement _owner;
    private readonly ColumnLayout _layout;

    internal PinnedColumn(PinnedElement owner, ColumnLayout layout)
    {
        (_owner, _layout) = (owner, layout);
        Categories = layout.Categories is { } categories ? new PinnedColumn(owner, categories) : null;
        Items = layout.Items is { } items ? new PinnedColumn(owner, items) : null;
    }

    /// <summary>Name as stored; <c>X</c> for the only column of an array.</summary>
    public string Name => _layout.Name;

    /// <summary>What AnnData calls it.</summary>
    public ElementKind Kind => _layout.Kind switch
    {
        ColumnKind.Categorical => ElementKind.Categorical,
        ColumnKind.String => HasNulls ? ElementKind.NullableStringArray : ElementKind.StringArray,
        ColumnKind.Bool => HasNulls ? ElementKind.NullableBoolean : ElementKind.Dense,
        ColumnKind.Number => HasNulls ? ElementKind.NullableInteger : ElementKind.Dense,
        ColumnKind.Sparse => _owner.Info.Kind,
        ColumnKind.List => ElementKind.AwkwardArray,
        _ => ElementKind.Dict,
    };

    /// <summary>Type of the numbers: of a categorical its codes, of bools <see cref="DType.Bool"/>, of strings meaningless.</summary>
    public DType Type => _layout.Type;

    /// <summary>Type of the codes, indices or indptr in the source, where the part holds another one; else null.</summary>
    /// <param name="buffer"><c>codes</c>, <c>indices</c> or <c>indptr</c>.</param>
    public DType? StoredType(string buffer) =>
        _layout.Stored is { } stored && stored.TryGetValue(buffer, out string? name) ? DTypes.Parse(name) : null;

    /// <summary>Rows; of a sparse matrix its rows (columns of a csc).</summary>
    public long Rows => _layout.Rows;

    /// <summary>Numbers in each row: 1 for a plain column, n_vars for a dense matrix.</summary>
    public long Width => _layout.Width;

    /// <summary>True for an ordered categorical.</summary>
    public bool Ordered => _layout.Ordered;

    /// <summary>Missing values.</summary>
    public long NullCount => _layout.NullCount;

    /// <summary>True when the column can have missing values.</summary>
    public bool HasNulls => _layout.Validity.Length > 0;

    /// <summary>True when a sparse matrix's indices increase strictly in every row: sorted, without duplicates.</summary>
    public bool Canonical => _layout.Canonical;

    /// <summary>Distinct values of a categorical, or of strings that are stored by code; else null.</summary>
    public PinnedColumn? Categories { get; }

    /// <summary>Of lists: all their items, one after the other; <see cref="Offsets"/> say where each list starts. Else null.</summary>
    public PinnedColumn? Items { get; }

    /// <summary>True for bools that are packed eight to a byte, least significant bit first.</summary>
    public bool IsBitmap => _layout.Kind == ColumnKind.Bool;

    /// <summary>Numbers (rows × width, C order), codes, UTF-8 bytes, or packed bools.</summary>
    public PinnedBuffer Values => Buffer(_layout.Values, _layout.Kind switch
    {
        ColumnKind.String when Categories is null => DType.UInt8,
        ColumnKind.Json or ColumnKind.Bool => DType.UInt8,
        _ => _layout.Type,
    });

    /// <summary>Of strings and lists: rows + 1 int64 offsets into the bytes or items. Of a sparse matrix: indptr. Else empty.</summary>
    public PinnedBuffer Offsets => Buffer(_layout.Offsets, _layout.Kind == ColumnKind.Sparse ? _layout.OffsetType : DType.Int64);

    /// <summary>Of a sparse matrix: the position of each entry on the other axis. Else empty.</summary>
    public PinnedBuffer Indices => Buffer(_layout.Indices, _layout.IndexType);

    /// <summary>One bit a row, least significant bit first, 1 = present; empty when nothing can be missing.</summary>
    public PinnedBuffer Validity => Buffer(_layout.Validity, DType.UInt8);

    /// <summary>True when the row's value is missing.</summary>
    public bool IsNull(long row)
    {
        CheckRow(row);
        return HasNulls && (Validity.Address[row >> 3] & (1 << (int)(row & 7))) == 0;
    }

    /// <summary>UTF-8 bytes of a row's string, whether stored plainly or by code. A missing value has some bytes or none.</summary>
    /// <exception cref="InvalidOperationException">Not a column of strings.</exception>
    public ReadOnlySpan<byte> GetUtf8(long row)
    {
        CheckRow(row);
        if (_layout.Kind == ColumnKind.Json) { return Values.Span<byte>(); }
        if (_layout.Kind != ColumnKind.String) { throw new InvalidOperationException($"'{Name}' is a {Kind}, not strings."); }
        if (Categories is not null) { return Categories.GetUtf8(((int*)Values.Address)[row]); }
        long* offsets = (long*)Offsets.Address;
        long start = offsets[row], end = offsets[row + 1];
        return start >= 0 && end >= start && end <= _layout.Values.Length && end - start <= int.MaxValue
            ? new ReadOnlySpan<byte>(Values.Address + start, (int)(end - start))
            : throw Damaged(row);
    }

    /// <summary>A row's string.</summary>
    /// <exception cref="InvalidOperationException">Not a column of strings.</exception>
    public string GetString(long row) => Encoding.UTF8.GetString(GetUtf8(row));

    /// <summary>A categorical's code in a row; -1 when it is missing, as AnnData and pandas have it.</summary>
    /// <exception cref="InvalidOperationException">Not a categorical.</exception>
    public long GetCode(long row)
    {
        if (_layout.Kind != ColumnKind.Categorical) { throw new InvalidOperationException($"'{Name}' is a {Kind}, not a categorical."); }
        if (IsNull(row)) { return -1; }
        return Type switch
        {
            DType.Int8 => ((sbyte*)Values.Address)[row],
            DType.Int16 => ((short*)Values.Address)[row],
            _ => ((int*)Values.Address)[row],
        };
    }

    /// <summary>A value as an object: string, bool, number of <see cref="Type"/>, a category, an array of a list's items, or null when it is missing.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <param name="item">Position in the row, below <see cref="Width"/>.</param>
    public object? GetValue(long row, long item = 0)
    {
        if (IsNull(row)) { return null; }
        ArgumentOutOfRangeException.ThrowIfNegative(item);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(item, Width);
        switch (_layout.Kind)
        {
            case ColumnKind.String or ColumnKind.Json: return GetString(row);
            case ColumnKind.Categorical: return Categories!.GetValue(GetCode(row));
            case ColumnKind.Bool: return (Values.Address[row >> 3] & (1 << (int)(row & 7))) != 0;
            case ColumnKind.Number:
                int size = Type.Size();
                return Type.FromBytes(new ReadOnlySpan<byte>(Values.Address + (((row * Width) + item) * size), size));
            case ColumnKind.List: return List(row);
            default: throw new InvalidOperationException($"'{Name}' is sparse; take it with Sparse<T>().");
        }
    }

    private object?[] List(long row)
    {
        long* offsets = (long*)Offsets.Address;
        (long start, long end) = (offsets[row], offsets[row + 1]);
        if (start < 0 || end < start || end > Items!.Rows || end - start > Array.MaxLength) { throw Damaged(row); }
        object?[] items = new object?[end - start];
        for (int i = 0; i < items.Length; i++) { items[i] = Items.GetValue(start + i); }
        return items;
    }

    private StoreException Damaged(long row) => new(
        CacheError.StoreUnusable, $"Column '{Name}' of a part has damaged offsets in row {row}. Run 'anndata-cache verify'.");

    private PinnedBuffer Buffer(BufferRange range, DType type) => new(_owner, _owner.Address(range), range.Length, type);

    private void CheckRow(long row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
    }
}
