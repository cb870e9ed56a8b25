using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using AnnDataCache.Elements;
using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Apache.Arrow;

namespace AnnDataCache;

/// <summary>An element whose part is mapped and kept from eviction until this is disposed. Dispose it.</summary>
/// <remarks>
/// All views (spans, tensors, columns, matrices) point into memory that every process shares; they are read-only and die
/// with this object. A <see cref="RecordBatch"/> is the exception: it holds the part itself. Reading is thread-safe.
/// </remarks>
public sealed unsafe class PinnedElement : IDisposable
{
    private readonly PartPin _pin;
    private PinnedColumn[]? _columns;
    private ElementInfo? _tree;
    private volatile bool _disposed; // read by every view before it touches memory that Dispose may unmap

    internal PinnedElement(ElementInfo info, PartPin pin, bool loaded) => (Info, _pin, Loaded) = (info, pin, loaded);

    /// <summary>What the element is, its shape and type.</summary>
    public ElementInfo Info { get; }

    /// <summary>True when this call decoded it from the source, false when a tier had it.</summary>
    public bool Loaded { get; }

    /// <summary><c>hot</c> or <c>cold</c>: where the mapped part lies.</summary>
    public string Tier => _pin.Tier == TierKind.Hot ? "hot" : "cold";

    /// <summary>Bytes of the part.</summary>
    public long Bytes => _pin.Length;

    /// <summary>Absolute path of the part, an Arrow IPC file. It stays there while this is pinned: other programs may map it.</summary>
    public string PartFile => _pin.Path;

    internal PartLayout Layout => _pin.View.Layout;

    internal PartPin Part => _pin;

    /// <summary>Columns: of a dataframe all that could be read, the index first; of an array or matrix the only one.</summary>
    public IReadOnlyList<PinnedColumn> Columns
    {
        get
        {
            ThrowIfDisposed();
            if (_columns is null)
            {
                IEnumerable<ColumnLayout> layouts = IsColumnOfFrame ? Layout.Columns.Where(column => column.Name == Info.Name) : Layout.Columns;
                _columns = [.. layouts.Select(layout => new PinnedColumn(this, layout))];
            }

            return _columns;
        }
    }

    /// <summary>Columns of a dataframe that could not be read, with their reasons.</summary>
    public IReadOnlyDictionary<string, string> RefusedColumns =>
        Layout.Refused.ToDictionary(column => column.Name, column => column.Reason, StringComparer.Ordinal);

    /// <summary>A column by name.</summary>
    /// <exception cref="ElementException">There is none, or it could not be read.</exception>
    public PinnedColumn Column(string name)
    {
        foreach (PinnedColumn column in Columns)
        {
            if (column.Name == name) { return column; }
        }

        throw RefusedColumns.TryGetValue(name, out string? reason)
            ? new ElementException(CacheError.ElementUnreadable, $"'{Layout.Element}/{name}' of '{Layout.Source}' cannot be read: {reason}")
            : new ElementException(
                CacheError.ElementNotFound, $"'{Info.Path}' has no column '{name}'. It has: {string.Join(", ", Columns.Select(column => column.Name))}.");
    }

    /// <summary>All numbers of a dense array, with its shape, in C order.</summary>
    /// <typeparam name="T">The type that matches <see cref="ElementInfo.Type"/>; <see cref="byte"/> for bools.</typeparam>
    /// <exception cref="InvalidOperationException">Not a dense array.</exception>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is another type.</exception>
    public ReadOnlyTensorSpan<T> Dense<T>() where T : unmanaged
    {
        ThrowIfDisposed();
        if (Layout.Kind != PartKind.Dense) { throw Wrong("a dense array"); }
        ColumnLayout column = Layout.Columns[0];
        DTypes.Require<T>(column.Type);
        nint[] lengths = [.. Layout.Shape.Select(length => (nint)length)];
        return new ReadOnlyTensorSpan<T>((T*)Address(column.Values), (nint)(column.Values.Length / sizeof(T)), lengths, []);
    }

    /// <summary>A CSR or CSC matrix.</summary>
    /// <typeparam name="T">The type that matches <see cref="ElementInfo.Type"/>.</typeparam>
    /// <exception cref="InvalidOperationException">Not a sparse matrix.</exception>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is another type.</exception>
    public SparseMatrix<T> Sparse<T>() where T : unmanaged
    {
        if (Layout.Kind is not (PartKind.Csr or PartKind.Csc)) { throw Wrong("a sparse matrix"); }
        DTypes.Require<T>(Layout.Columns[0].Type);
        return new SparseMatrix<T>(Columns[0], Layout.Kind == PartKind.Csr ? ElementKind.Csr : ElementKind.Csc, Layout.Shape[0], Layout.Shape[1]);
    }

    /// <summary>A dict (such as <c>uns</c>) or scalar with its values. Arrays below it have parts of their own.</summary>
    /// <exception cref="InvalidOperationException">Neither a dict nor a scalar.</exception>
    public ElementInfo Tree
    {
        get
        {
            ThrowIfDisposed();
            if (Layout.Kind != PartKind.Json || Layout.Object is not null) { throw Wrong("a dict or a scalar of a file"); }
            if (_tree is null)
            {
                BufferRange text = Layout.Columns[0].Values;
                ElementInfo whole = TreeJson.Read(new ReadOnlySpan<byte>(Address(text), checked((int)text.Length)));
                _tree = whole.Find(Info.Path) ?? whole;
            }

            return _tree;
        }
    }

    /// <summary>The value of an object of plain data, as .NET's JSON nodes. A copy: it stays valid.</summary>
    /// <exception cref="InvalidOperationException">Not an object of plain data.</exception>
    public JsonNode? Json()
    {
        ThrowIfDisposed();
        if (Layout.Kind != PartKind.Json || Layout.Object is null) { throw Wrong("an object of plain data"); }
        BufferRange text = Layout.Columns[0].Values;
        return JsonNode.Parse(new ReadOnlySpan<byte>(Address(text), checked((int)text.Length)));
    }

    /// <summary>The part as an Arrow record batch over the shared memory, for a dataframe or any other element.</summary>
    /// <returns>Owned by the caller. It keeps the part mapped, also when this object is disposed first.</returns>
    /// <exception cref="InvalidOperationException">The part exceeds 2 GiB, which Apache.Arrow for .NET cannot address.</exception>
    public RecordBatch ToRecordBatch()
    {
        ThrowIfDisposed();
        return ArrowBatch.Read(_pin);
    }

    /// <summary>Writes the part, an Arrow IPC file, to a stream.</summary>
    public void CopyTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ThrowIfDisposed();
        const int Piece = 4 << 20;
        for (long offset = 0; offset < Bytes; offset += Piece)
        {
            stream.Write(_pin.View.Mapping.Span(offset, (int)Math.Min(Piece, Bytes - offset)));
        }
    }

    /// <summary>Unpins the part. Views that were taken from it must not be used any more.</summary>
    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        _pin.Dispose();
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    internal byte* Address(BufferRange range)
    {
        ThrowIfDisposed();
        return _pin.View.Address(range);
    }

    private bool IsColumnOfFrame => Layout.Kind is PartKind.Frame or PartKind.Records && Info.Path != Layout.Element;

    private InvalidOperationException Wrong(string wanted) => new($"'{Info.Path}' is a {Info.Kind}, not {wanted}.");
}
