using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Slicing;
using AnnDataCache.Store;

namespace AnnDataCache;

// What slices need of a file: its parts and the parts that are derived from them, each of the version that the file has now.
public sealed partial class CachedAnnData
{
    /// <summary>A scan of fewer entries takes a tenth of a millisecond: no twin is begun for that.</summary>
    private const long FewEntries = 1 << 18;

    /// <summary>A matrix of the file by genes, cells and blocks, without loading or copying all of it.</summary>
    /// <param name="element">A sparse matrix, or a dense array of two axes: <c>X</c>, <c>layers/counts</c>, <c>raw/X</c>, <c>mod/rna/X</c>, <c>obsm/X_umap</c>.</param>
    /// <returns>Cheap, and valid as long as this object is open; it holds nothing itself.</returns>
    /// <exception cref="ElementException">No such element, or it is no matrix.</exception>
    /// <exception cref="SourceException">The file is gone, or is not AnnData any more.</exception>
    public MatrixSlices Slices(string element = "X")
    {
        ArgumentNullException.ThrowIfNull(element);
        ElementInfo info = Describe(element);
        return info.Kind is ElementKind.Csr or ElementKind.Csc || (info.Kind == ElementKind.Dense && info.Shape.Count == 2)
            ? new MatrixSlices(this, info.Path)
            : throw new ElementException(
                CacheError.ElementUnreadable, $"'{element}' of '{Path}' is a {info.Kind.Name()} of {info.Shape.Count} axes; slices are taken of matrices.");
    }

    internal int Workers => _loader.Derived.Workers;

    internal TwinPolicy TwinPolicy => _loader.Derived.Twins;

    /// <summary>The description of an element as of now.</summary>
    internal ElementInfo Describe(string element)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Snapshot snapshot = Current(CancellationToken.None);
        ElementInfo info = Find(snapshot.Tree, element) ?? throw NotFound(snapshot, element);
        return info.Kind != ElementKind.Refused
            ? info
            : throw new ElementException(CacheError.ElementUnreadable, $"'{element}' of '{Path}' cannot be read: {info.Reason}");
    }

    /// <summary>The element's part when a tier has it, else null: nothing is loaded.</summary>
    internal PinnedElement? TryPin(string element) => TryPin(element, null);

    /// <summary>A part that is derived from the element's when a tier has it, else null: nothing is made.</summary>
    internal PinnedElement? TryPin(string element, string? derived)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Snapshot snapshot = Current(CancellationToken.None);
        string key = derived is null ? element : KeyOf(element, derived);
        if (snapshot.Held.TryGet(key) is { } held) { return new PinnedElement(held.Info, held.Pin, loaded: false); }
        ElementInfo info = Find(snapshot.Tree, element) ?? throw NotFound(snapshot, element);
        PartPin? pin = derived is null
            ? _loader.Derived.TryFind(snapshot.Source, info.PartPath)
            : _loader.Derived.TryFind(snapshot.Source, info.PartPath, derived);
        if (pin is null) { return null; }
        snapshot.Held.Keep(key, info, pin);
        return new PinnedElement(info, pin, loaded: false);
    }

    /// <summary>A part that is derived from the element's; made of it by the first asker of the machine, who loads the element if need be.</summary>
    /// <param name="element">Path of the element.</param>
    /// <param name="derived">What is wanted of it.</param>
    /// <param name="draft">Plans it from the element's part.</param>
    /// <param name="cancellation">Honoured between blocks; nothing half done stays.</param>
    internal PinnedElement PinDerived(
        string element, string derived, Func<PinnedElement, ReadContext, PartDraft> draft, CancellationToken cancellation)
    {
        if (TryPin(element, derived) is { } present) { return present; }
        return OnCurrent(
            snapshot =>
            {
                using PinnedElement whole = PinOf(snapshot, element, new LoadRequest(null, cancellation));
                PartPin pin = _loader.Derived.Pin(
                    snapshot.Source, whole.Info.PartPath, derived, context => draft(whole, context), out bool made, cancellation, cancellation);
                snapshot.Held.Keep(KeyOf(element, derived), whole.Info, pin);
                return new PinnedElement(whole.Info, pin, made);
            },
            cancellation);
    }

    /// <summary>The element's part, loaded if need be, of the shape by which the caller has measured its memory.</summary>
    internal PinnedElement PinShape(ElementInfo info, CancellationToken cancellation) => RequireShape(Pin(info.Path, null, cancellation), info);

    /// <exception cref="SourceException">The file was rewritten meanwhile with another shape; the part is unpinned.</exception>
    internal PinnedElement RequireShape(PinnedElement part, ElementInfo info)
    {
        if (part.Layout.Shape.SequenceEqual(info.Shape)) { return part; }
        part.Dispose();
        throw new SourceException(CacheError.SourceChanged, $"'{Path}' changed while '{info.Path}' was read: its shape is another one. Ask again.");
    }

    /// <summary>Begins the twin of a matrix of which a slice was scanned: it is built behind the asker's back.</summary>
    internal void StartTwin(PinnedElement whole, in SparseView view)
    {
        if (TwinPolicy == TwinPolicy.Never || view.Entries < FewEntries || !TwinDraft.IsWorthwhile(view)) { return; }
        Snapshot snapshot = Current(CancellationToken.None);
        if (_loader.Derived.NameOf(snapshot.Source, whole.Info.PartPath) == whole.Part.Name) { _twins.Start(_loader.Derived, snapshot.Source, whole.Part); }
    }

    /// <summary>A few cells of a csr matrix that no tier has, straight from the source; null when it is better loaded.</summary>
    internal SparseSlice? TryReadRows(ElementInfo info, long[] cells, CancellationToken cancellation) =>
        ReadSource(info, content => content is SparseContent sparse && sparse.Info.Kind == ElementKind.Csr && sparse.Info.Shape.SequenceEqual(info.Shape)
            ? SourceRows.TryRead(sparse, cells, cancellation) : null);

    /// <summary>A few rows of a dense array that no tier has, straight from the source; null when it is better loaded.</summary>
    internal byte[]? TryReadDenseRows(ElementInfo info, long[] cells, CancellationToken cancellation) =>
        ReadSource(info, content => content is DenseContent dense && dense.Info.Shape.SequenceEqual(info.Shape) ? SourceRows.TryRead(dense, cells, cancellation) : null);

    private T? ReadSource<T>(ElementInfo info, Func<ElementContent, T?> read) where T : class
    {
        Snapshot snapshot = Current(CancellationToken.None);
        using AnnDataSource.Rented rented = snapshot.Source.Rent();
        try
        {
            T? result = read(ContentReader.Read(TenXMatrix.AsAnnData(rented.Container.Root), info, []));
            return rented.Container.IsUnchanged() ? result : null; // the load that follows looks at the file anew
        }
        catch (Exception damage) when (ContainerException.IsDamage(damage))
        {
            return null; // the load that follows finds it too, and says so
        }
        catch (SourceReadException)
        {
            return null;
        }
    }

    /// <summary>Of a matrix whose columns are genes, not of one between cells.</summary>
    private void StartTwinOfGenes(Snapshot snapshot, ElementInfo info, PartPin pin)
    {
        if (info.Kind is not (ElementKind.Csr or ElementKind.Csc) || GeneFrame.Of(info.Path) is null) { return; }
        if (TwinDraft.IsWorthwhile(SparseView.Of(pin.View))) { _twins.Start(_loader.Derived, snapshot.Source, pin); }
    }

    private static string KeyOf(string element, string derived) => $"{element}\0{derived}";
}
