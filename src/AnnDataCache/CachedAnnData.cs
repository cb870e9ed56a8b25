using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Slicing;
using AnnDataCache.Store;
using AnnDataCache.Summaries;

namespace AnnDataCache;

/// <summary>One AnnData file seen through a cache: its elements, each mapped from a part that all processes share.</summary>
/// <remarks>
/// Always fresh: every call compares the file with what the kernel said of it before, and starts anew when it was rewritten.
/// Elements that were pinned before keep their old, consistent bytes. Calls may run in parallel, but not with
/// <see cref="Dispose"/>. Closing does not unpin: a <see cref="PinnedElement"/> is valid until it is disposed itself.
/// </remarks>
/// <example><code>
/// using var pbmc = cache.Open("pbmc3k.h5ad");
/// using var pca = pbmc.Pin("obsm/X_pca");
/// ReadOnlyTensorSpan&lt;float&gt; values = pca.Dense&lt;float&gt;();    // 2,700 × 50
/// </code></example>
public sealed partial class CachedAnnData : IDisposable
{
    /// <summary>A file that is rewritten again and again while it is read is given up after so many attempts.</summary>
    private const int MaxAttempts = 4;

    private readonly Loader _loader;
    private readonly PinTables _pins;
    private readonly TwinBuilder _twins;
    private readonly Lock _lock = new();
    private Snapshot _snapshot;
    private bool _disposed;

    internal CachedAnnData(Loader loader, PinTables pins, TwinBuilder twins, string path, CancellationToken cancellation)
    {
        (_loader, _pins, _twins) = (loader, pins, twins);
        _snapshot = TakeSnapshot(path, cancellation);
    }

    /// <summary>Canonical path of the file.</summary>
    public string Path => _snapshot.Source.Path;

    /// <summary>The tree of all elements as of now, without data.</summary>
    /// <exception cref="SourceException">The file is gone, or is not AnnData any more.</exception>
    public ElementInfo Tree => Current(CancellationToken.None).Tree;

    /// <summary>Number of observations (cells): rows of <c>obs</c>, else of <c>X</c>.</summary>
    public long ObsCount => AxisLength("obs", 0);

    /// <summary>Number of variables (genes): rows of <c>var</c>, else columns of <c>X</c>.</summary>
    public long VarCount => AxisLength("var", 1);

    /// <summary>Maps one element and keeps it from eviction. Decodes it first if no tier holds it.</summary>
    /// <param name="element">
    /// Path as AnnData writes it: <c>X</c>, <c>obs</c>, <c>obs/cell_type</c>, <c>layers/counts</c>, <c>obsm/X_pca</c>,
    /// <c>uns</c>. A column of a dataframe pins the dataframe, a scalar the dict that holds it.
    /// </param>
    /// <param name="progress">Told how far a load is, from several threads; not called for a hit.</param>
    /// <param name="cancellation">Honoured between chunks, and between the pieces of large ones; a half-built part is deleted, never sealed.</param>
    /// <returns>Owned by the caller: dispose it to unpin.</returns>
    /// <exception cref="ElementException">No such element, or it cannot be read; the others can.</exception>
    /// <exception cref="SourceException">The file is gone, unreadable, or keeps changing.</exception>
    /// <exception cref="StoreException">No tier has room: the message gives need, free, pinned and budget.</exception>
    public PinnedElement Pin(string element, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(element);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return PinCurrent(element, new LoadRequest(progress, cancellation));
    }

    private PinnedElement PinCurrent(string element, LoadRequest request) =>
        OnCurrent(snapshot => PinOf(snapshot, element, request), request.Cancellation);

    private PinnedElement PinOf(Snapshot snapshot, string element, LoadRequest request)
    {
        if (snapshot.Held.TryGet(element) is not { } held) { return LoadOrMakeRoom(snapshot, element, request); }
        CacheMetrics.Hits.Add(1);
        return new PinnedElement(held.Info, held.Pin, loaded: false);
    }

    /// <summary>Does what needs one version of the file, again when the file changes meanwhile.</summary>
    private T OnCurrent<T>(Func<Snapshot, T> action, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return action(Current(cancellation));
            }
            catch (SourceChangedException changed) when (attempt < MaxAttempts)
            {
                _ = changed; // the next round takes a new snapshot, under whose names nothing is stale
            }
            catch (SourceChangedException changed)
            {
                throw new SourceException(
                    CacheError.SourceChanged, $"{changed.Message} It was tried {MaxAttempts} times; ask again when it is written.", changed);
            }
        }
    }

    /// <summary>Maps one element on a thread of the pool, since a load takes as long as the file is large.</summary>
    /// <inheritdoc cref="Pin(string, IProgress{LoadProgress}?, CancellationToken)"/>
    public Task<PinnedElement> PinAsync(
        string element, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default) =>
        Task.Run(() => Pin(element, progress, cancellation), cancellation);

    /// <summary>Says where an element's part is, and if it is in no tier, why: evicted for what, of another version, never loaded.</summary>
    /// <param name="element">As for <see cref="Pin"/>.</param>
    /// <returns>A finding for each tier. Nothing is loaded, and nothing counts as a hit.</returns>
    /// <exception cref="ElementException">No such element.</exception>
    public IReadOnlyList<Finding> Explain(string element)
    {
        ArgumentNullException.ThrowIfNull(element);
        ObjectDisposedException.ThrowIf(_disposed, this);
        Snapshot snapshot = Current(CancellationToken.None);
        ElementInfo info = Find(snapshot.Tree, element) ?? throw NotFound(snapshot, element);
        return _loader.Explain(snapshot.Source, info.PartPath);
    }

    /// <summary>Mean, variance and fraction expressed of genes, over all cells or for each group of them: the numbers of a dot plot.</summary>
    /// <param name="genes">Names in the index of var; null for all genes.</param>
    /// <param name="groupBy">A column of obs, such as <c>cell_type</c>; null for all cells as one group.</param>
    /// <param name="element">The matrix: <c>X</c>, <c>layers/counts</c>, <c>raw/X</c>.</param>
    /// <param name="cutoff">A cell expresses a gene when its value is above this.</param>
    /// <param name="cancellation">Honoured between stripes of cells.</param>
    /// <returns>Numbers in private memory. How sums are rounded and what NaN does: <see cref="GeneSummary"/>.</returns>
    /// <exception cref="ElementException">No such element, column or gene; an ambiguous gene; more than 32,767 groups.</exception>
    /// <exception cref="SourceException">The file is gone, unreadable, or keeps changing.</exception>
    /// <exception cref="StoreException">No tier has room for what must be loaded.</exception>
    public GeneSummary SummarizeGenes(
        IReadOnlyList<string>? genes = null, string? groupBy = null, string element = "X", double cutoff = 0, CancellationToken cancellation = default) =>
        AnnDataSummaries.Genes(this, genes, groupBy, element, cutoff, Workers, cancellation);

    /// <summary>A histogram of a column of numbers, or the counts of a column of categories, strings or bools.</summary>
    /// <param name="column">Path: <c>obs/n_genes</c>, <c>var/highly_variable</c>, <c>obsm/X_umap</c>.</param>
    /// <param name="bins">Bins of the histogram, up to 1,000,000.</param>
    /// <param name="item">Which number of each row, where a row has several.</param>
    /// <param name="cancellation">Honoured between stripes of rows.</param>
    /// <returns>Numbers in private memory.</returns>
    /// <exception cref="ElementException">No such column, or it is neither numbers nor at most 32,767 distinct values.</exception>
    /// <exception cref="SourceException">The file is gone, unreadable, or keeps changing.</exception>
    /// <exception cref="StoreException">No tier has room for what must be loaded.</exception>
    public ColumnSummary SummarizeColumn(string column, int bins = 50, long item = 0, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(column);
        using PinnedElement pinned = Pin(column, null, cancellation);
        return ColumnSummaries.Summarize(pinned, item, bins, Workers, cancellation);
    }

    /// <summary>Mini-batches of cells for training, in an order that follows from a seed and the epoch.</summary>
    /// <param name="options">Default: all cells and genes of X, shuffled.</param>
    /// <param name="cancellation">Honoured while the matrix is loaded.</param>
    /// <returns>Owned by the caller: it keeps the matrix pinned until it is disposed.</returns>
    /// <exception cref="ElementException">No such element, column or gene; no matrix of numbers; weights that are none.</exception>
    /// <exception cref="ArgumentException">Options that make no sense.</exception>
    /// <exception cref="SourceException">The file is gone, unreadable, or keeps changing.</exception>
    /// <exception cref="StoreException">No tier has room for what must be loaded.</exception>
    public BatchReader Batches(BatchOptions? options = null, CancellationToken cancellation = default) =>
        BatchReader.Open(this, options ?? new BatchOptions(), cancellation);

    /// <summary>Closes the file. Parts stay in the store, and pinned elements stay valid.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) { return; }
            _disposed = true;
            _snapshot.Dispose();
        }
    }

    /// <summary>What this process keeps mapped without using it must not be what leaves no room.</summary>
    private PinnedElement LoadOrMakeRoom(Snapshot snapshot, string element, LoadRequest request)
    {
        try
        {
            return Load(snapshot, element, request);
        }
        catch (StoreException full) when (full.Error == CacheError.NoRoom)
        {
            _pins.DropAll();
            _loader.FinishColdCopies();
            return Load(snapshot, element, request);
        }
    }

    private PinnedElement Load(Snapshot snapshot, string element, LoadRequest request)
    {
        ElementInfo info = Find(snapshot.Tree, element) ?? throw NotFound(snapshot, element);
        if (info.Kind == ElementKind.Refused)
        {
            throw new ElementException(CacheError.ElementUnreadable, $"'{element}' of '{Path}' cannot be read: {info.Reason}");
        }

        ElementInfo whole = info.PartPath == info.Path ? info : snapshot.Tree.Find(info.PartPath)!;
        PartPin pin = _loader.Pin(snapshot.Source, whole, request, out bool loaded);
        snapshot.Held.Keep(element, info, pin);
        if (loaded && TwinPolicy == TwinPolicy.WithLoad) { StartTwinOfGenes(snapshot, info, pin); }
        PinnedElement pinned = new(info, pin, loaded);
        if (info.Path != whole.Path && whole.Kind is ElementKind.DataFrame or ElementKind.RecArray && pinned.RefusedColumns.ContainsKey(info.Name))
        {
            using (pinned) { pinned.Column(info.Name); } // throws with the reason
        }

        return pinned;
    }

    /// <summary>Files of anndata before 0.7 name the members of raw flatly: what is <c>raw/X</c> today is <c>raw.X</c> there.</summary>
    private static ElementInfo? Find(ElementInfo tree, string element)
    {
        if (tree.Find(element) is { } found) { return found; }
        int raw = element.StartsWith("mod/", StringComparison.Ordinal) ? element.IndexOf('/', 4) + 1 : 0;
        return element.AsSpan(raw).StartsWith("raw/") ? tree.Find($"{element[..raw]}raw.{element[(raw + 4)..]}") : null;
    }

    private static ElementException NotFound(Snapshot snapshot, string element)
    {
        int cut = element.LastIndexOf('/');
        ElementInfo parent = (cut > 0 ? snapshot.Tree.Find(element[..cut]) : null) ?? snapshot.Tree;
        string present = parent.Children.Count > 0
            ? $"It has: {string.Join(", ", parent.Children.Take(40).Select(child => child.Path))}"
            : parent.Path.Length > 0 ? $"Its '{parent.Path}' is empty" : "It has no elements";
        return new ElementException(CacheError.ElementNotFound, $"'{snapshot.Source.Path}' has no element '{element}'. {present}.");
    }

    private long AxisLength(string frame, int axis)
    {
        ElementInfo tree = Tree;
        if (tree.Find(frame) is { Shape: [long rows, ..] }) { return rows; }
        return tree.Find("X") is { Shape: { Count: > 1 } shape } ? shape[axis] : 0;
    }

    /// <summary>The snapshot of the file as it is now. One <c>stat</c> when it has not changed.</summary>
    private Snapshot Current(CancellationToken cancellation)
    {
        Snapshot snapshot = Volatile.Read(ref _snapshot); // written under _lock by whoever sees the change first
        if (snapshot.IsCurrent()) { return snapshot; }
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_snapshot.IsCurrent()) { return _snapshot; }
            Snapshot fresh = TakeSnapshot(_snapshot.Source.Path, cancellation);
            _snapshot.Dispose();
            Volatile.Write(ref _snapshot, fresh);
            return fresh;
        }
    }

    private Snapshot TakeSnapshot(string path, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            AnnDataSource source = _loader.Find(path);
            try
            {
                using PinnedElement tree = new(
                    new ElementInfo(ElementDecoder.TreePath, ElementKind.Dict), _loader.PinTree(source, cancellation), loaded: false);
                return new Snapshot(source, tree.Tree, _pins.Add());
            }
            catch (SourceChangedException changed)
            {
                source.Dispose();
                if (attempt < MaxAttempts) { continue; }
                throw new SourceException(CacheError.SourceChanged, $"{changed.Message} Ask again when it is written.", changed);
            }
            catch
            {
                source.Dispose();
                throw;
            }
        }
    }

    /// <summary>One version of the file: its tree, and the parts this object keeps mapped of it.</summary>
    private sealed record Snapshot(AnnDataSource Source, ElementInfo Tree, PinTable Held) : IDisposable
    {
        internal bool IsCurrent() => Source.IsCurrent();

        public void Dispose()
        {
            Held.Dispose();
            Source.Dispose();
        }
    }
}
