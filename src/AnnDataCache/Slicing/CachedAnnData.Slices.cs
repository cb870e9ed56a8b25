using AnnDataCache.Containers;
using AnnDataCache.Loading;
using AnnDataCache.Parts;
using AnnDataCache.Slicing;
using AnnDataCache.Store;

namespace AnnDataCache;

// What slices need of a file: its parts and the parts that are derived from them, each of the version that the file has now.
public sealed partial class CachedAnnData
{
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
        string element, string derived, Func<PinnedElement, ReadContext, DerivedDraft> draft, CancellationToken cancellation)
    {
        if (TryPin(element, derived) is { } present) { return present; }
        return OnCurrent(
            snapshot =>
            {
                using PinnedElement whole = PinOf(snapshot, element, null, cancellation);
                PartPin pin = _loader.Derived.Pin(
                    snapshot.Source, whole.Info.PartPath, derived, context => draft(whole, context), out bool made, cancellation, cancellation);
                snapshot.Held.Keep(KeyOf(element, derived), whole.Info, pin);
                return new PinnedElement(whole.Info, pin, made);
            },
            cancellation);
    }

    /// <summary>Builds the twin of a matrix behind the asker's back, unless that was begun before.</summary>
    internal void StartTwin(PinnedElement whole)
    {
        Snapshot snapshot = Current(CancellationToken.None);
        _twins.Start(_loader.Derived, snapshot.Source, whole.Part);
    }

    /// <summary>Of a matrix whose columns are genes, not of one between cells.</summary>
    private void StartTwinOfGenes(Snapshot snapshot, ElementInfo info, PartPin pin)
    {
        if (info.Kind is not (ElementKind.Csr or ElementKind.Csc) || GeneFrame.Of(info.Path) is null) { return; }
        if (TwinDraft.IsWorthwhile(SparseView.Of(pin.View))) { _twins.Start(_loader.Derived, snapshot.Source, pin); }
    }

    private static string KeyOf(string element, string derived) => $"{element}\0{derived}";
}
