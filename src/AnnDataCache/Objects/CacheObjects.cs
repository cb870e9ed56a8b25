using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using AnnDataCache.Objects;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Apache.Arrow;

namespace AnnDataCache;

// Objects: what programs put under a name of their own, beside the elements of files.
public sealed partial class Cache
{
    /// <summary>Puts a table under a name, for every process and language.</summary>
    /// <param name="name">1 to 1,024 bytes of UTF-8. It has nothing to do with files.</param>
    /// <param name="table">Columns of numbers, bools, strings, and dictionaries of strings or numbers. Its bytes are copied; it stays the caller's.</param>
    /// <param name="overwrite">
    /// True to replace an object of this name: at once for all who ask from then on; who uses the old one keeps it. False to fail.
    /// </param>
    /// <param name="cancellation">Nothing is left of a put that was cancelled.</param>
    /// <exception cref="ArgumentException">No object can have this name.</exception>
    /// <exception cref="ElementException">A column is of a type that is not kept, or the object is there.</exception>
    /// <exception cref="StoreException">No tier has room.</exception>
    /// <remarks>
    /// An object is in one tier and has no source: when it is evicted it is gone. Eviction takes what is worth least first, and
    /// an object counts as if it had taken a minute to load, which no element of its size does.
    /// </remarks>
    public PutResult Put(string name, RecordBatch table, bool overwrite = true, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(table);
        return WithRoom(() => ArrowTable.Put(_store, Named(name), table, overwrite, cancellation));
    }

    /// <summary>Puts a dense array.</summary>
    /// <typeparam name="T">A number of <see cref="DType"/>, or <see cref="bool"/>.</typeparam>
    /// <param name="name">As for a table.</param>
    /// <param name="values">All numbers in C order; copied.</param>
    /// <param name="shape">Lengths of the axes, one at least; their product is the number of values.</param>
    /// <param name="overwrite">As for a table.</param>
    /// <exception cref="ArgumentException">No object can have this name, <typeparamref name="T"/> is no number, or the shape is not that of the values.</exception>
    /// <inheritdoc cref="Put(string, RecordBatch, bool, CancellationToken)"/>
    public PutResult Put<T>(string name, ReadOnlySpan<T> values, ReadOnlySpan<long> shape, bool overwrite = true) where T : unmanaged
    {
        PartLayout layout = ObjectLayouts.Dense<T>(Named(name), values.Length, shape);
        using ObjectWriter writer = Reserve(layout, overwrite);
        return ObjectLayouts.Fill(writer, [], [], ObjectLayouts.Bytes(values));
    }

    /// <summary>Puts a CSR or CSC matrix.</summary>
    /// <typeparam name="TIndex"><see cref="int"/> or <see cref="long"/>; from 2^31 entries on <see cref="long"/>.</typeparam>
    /// <typeparam name="T">Type of the values.</typeparam>
    /// <param name="name">As for a table.</param>
    /// <param name="kind"><see cref="ElementKind.Csr"/> or <see cref="ElementKind.Csc"/>.</param>
    /// <param name="rows">Rows (observations).</param>
    /// <param name="columns">Columns (variables).</param>
    /// <param name="offsets">The indptr: one more than rows of a csr, columns of a csc; from 0 to the number of values.</param>
    /// <param name="indices">Position of each value on the other axis.</param>
    /// <param name="values">The values.</param>
    /// <param name="overwrite">As for a table.</param>
    /// <exception cref="ArgumentException">No object can have this name, or a type or a kind is none of those.</exception>
    /// <exception cref="ElementException">Lengths, offsets or indices contradict each other, or the object is there.</exception>
    /// <inheritdoc cref="Put(string, RecordBatch, bool, CancellationToken)"/>
    public PutResult Put<TIndex, T>(
        string name, ElementKind kind, long rows, long columns, ReadOnlySpan<TIndex> offsets, ReadOnlySpan<TIndex> indices, ReadOnlySpan<T> values,
        bool overwrite = true)
        where TIndex : unmanaged
        where T : unmanaged
    {
        PartLayout layout = ObjectLayouts.Sparse<TIndex, T>(Named(name), kind, rows, columns, offsets.Length, indices.Length, values.Length);
        using ObjectWriter writer = Reserve(layout, overwrite);
        return ObjectLayouts.Fill(writer, ObjectLayouts.Bytes(offsets), ObjectLayouts.Bytes(indices), ObjectLayouts.Bytes(values));
    }

    /// <summary>Puts plain data: objects, arrays, strings, numbers, bools, null.</summary>
    /// <param name="name">As for a table.</param>
    /// <param name="value">Up to 256 MiB as JSON, 64 levels deep.</param>
    /// <param name="overwrite">As for a table.</param>
    /// <exception cref="ArgumentException">No object can have this name.</exception>
    /// <exception cref="ElementException">The value is larger or deeper than that, or the object is there.</exception>
    /// <inheritdoc cref="Put(string, RecordBatch, bool, CancellationToken)"/>
    public PutResult Put(string name, JsonNode? value, bool overwrite = true)
    {
        byte[] json = ObjectLayouts.TextOf(name, value);
        using ObjectWriter writer = Reserve(ObjectLayouts.Json(Named(name), json.Length), overwrite);
        return ObjectLayouts.Fill(writer, ObjectLayouts.Bytes<long>([0, json.Length]), [], json);
    }

    /// <summary>Puts what another program has written as one stream (<c>docs/part-format.md</c>): how languages without .NET put objects.</summary>
    /// <param name="name">As for a table.</param>
    /// <param name="stream">Read to its end; stays the caller's.</param>
    /// <param name="overwrite">As for a table.</param>
    /// <param name="cancellation">Nothing is left of a put that was cancelled.</param>
    /// <exception cref="ElementException">The stream is not what it must be, or the object is there: then it is not read.</exception>
    /// <inheritdoc cref="Put(string, RecordBatch, bool, CancellationToken)"/>
    public PutResult PutStream(string name, Stream stream, bool overwrite = true, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return StoreFault.Guard(() => new PutStream(stream, Named(name), cancellation).Put(_store, overwrite));
    }

    /// <summary>Maps an object and keeps it from eviction.</summary>
    /// <param name="name">As it was put.</param>
    /// <returns>
    /// What the name leads to now. It keeps its bytes when the object is overwritten or deleted. Owned by the caller: dispose it to unpin.
    /// </returns>
    /// <exception cref="ElementException">There is no such object: it was never put, or was deleted or evicted.</exception>
    public PinnedElement Get(string name) => TryGet(name, out PinnedElement? found) ? found : throw new ElementException(
        CacheError.ElementNotFound, $"There is no object '{name}': it was never put, or was deleted or evicted. 'anndata-cache ls' lists what is there.");

    /// <summary>Maps an object if there is one.</summary>
    /// <param name="name">As it was put.</param>
    /// <param name="found">As <see cref="Get"/> returns it, or null.</param>
    public bool TryGet(string name, [NotNullWhen(true)] out PinnedElement? found)
    {
        PartName part = ObjectWriter.NameOf(Named(name));
        found = StoreFault.Guard(() => _objects.TryPin(name, part));
        return found is not null;
    }

    /// <summary>True when there is an object of this name. Nothing is mapped, and nothing counts as a hit.</summary>
    public bool Contains(string name)
    {
        PartName part = ObjectWriter.NameOf(Named(name));
        return StoreFault.Guard(() => _store.Objects.Contains(part));
    }

    /// <summary>Says where an object is, and if it is in no tier, why: evicted for what, deleted, damaged, never put.</summary>
    /// <param name="name">As it was put.</param>
    /// <returns>A finding for each tier. Nothing is mapped, and nothing counts as a hit.</returns>
    public IReadOnlyList<Finding> Explain(string name)
    {
        PartName part = ObjectWriter.NameOf(Named(name));
        return StoreFault.Guard(() => _store.Explain(name, part));
    }

    /// <summary>Takes an object away. Who uses it keeps it; nobody finds it any more.</summary>
    /// <returns>False when there was none.</returns>
    public bool Delete(string name)
    {
        PartName part = ObjectWriter.NameOf(Named(name));
        bool deleted = StoreFault.Guard(() => _store.Objects.Delete(part));
        _objects.DropOutdated();
        return deleted;
    }

    /// <summary>Maps a CSV file as a dataframe; parses it first if no tier holds it as it is now.</summary>
    /// <param name="path">
    /// As for <see cref="Open(string, CancellationToken)"/>, a text of UTF-8 with a header and commas. It is a source like any: a rewritten file is parsed again.
    /// </param>
    /// <param name="cancellation">Nothing is left of a load that was cancelled.</param>
    /// <returns>
    /// A dataframe by the rules of <c>pandas.read_csv</c>: columns of int64, uint64, float64 (NaN where missing), bools, else strings. It has no
    /// index, unless the records have one field more than the header. Owned by the caller: dispose it to unpin.
    /// </returns>
    /// <exception cref="SourceException">No such file, it may not be read, or is no table.</exception>
    /// <exception cref="StoreException">No tier has room.</exception>
    public PinnedElement Csv(string path, CancellationToken cancellation = default)
    {
        string source = FindSource(Named(path));
        (PartPin pin, bool loaded) = WithRoom(() => (_csv.Pin(source, cancellation, out bool made), made));
        return new PinnedElement(HeldObjects.Describe(pin.View.Layout), pin, loaded);
    }

    /// <summary>How much of the store is in use: the budgets of both tiers, what they hold, and the objects among it.</summary>
    public (long BudgetBytes, long UsedBytes, long Objects, long ObjectBytes) Usage() => StoreFault.Guard(() =>
    {
        _objects.DropOutdated();
        return _store.Usage();
    });

    private string Named(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name;
    }

    private ObjectWriter Reserve(PartLayout layout, bool overwrite) => WithRoom(() => ObjectWriter.Reserve(_store, layout, overwrite));

    /// <summary>What this process keeps mapped without using it must not be what leaves no room.</summary>
    private T WithRoom<T>(Func<T> action)
    {
        try
        {
            return StoreFault.Guard(action);
        }
        catch (StoreException full) when (full.Error == CacheError.NoRoom)
        {
            _pins.DropAll();
            _loader.FinishColdCopies();
            return StoreFault.Guard(action);
        }
    }
}
