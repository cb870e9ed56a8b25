using AnnDataCache.Interop;
using AnnDataCache.Loading;
using AnnDataCache.Objects;
using AnnDataCache.Slicing;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnnDataCache;

/// <summary>A store of AnnData elements that all processes of this machine share. Start here.</summary>
/// <remarks>
/// Nothing runs in the background of the machine: each process opens the same two folders. One per process is enough; all
/// methods may be called from several threads. Dispose it to finish cold copies that are still being written.
/// </remarks>
/// <example><code>
/// using var cache = Cache.Open();
/// using var pbmc = cache.Open("pbmc3k.h5ad");
/// using var x = pbmc.Pin("X");                        // decoded by the first asker of the machine only
/// SparseMatrix&lt;float&gt; counts = x.Sparse&lt;float&gt;();
/// </code></example>
public sealed partial class Cache : IDisposable
{
    private static readonly string[] s_endings = [".h5ad", ".zarr"];

    private readonly PartStore _store;
    private readonly ColdWriter _coldWriter;
    private readonly Loader _loader;
    private readonly PinTables _pins;
    private readonly HeldObjects _objects;
    private readonly CsvLoader _csv;
    private readonly TwinBuilder _twins;
    private bool _disposed;

    private Cache(CacheOptions options, PartStore store, ILogger logger)
    {
        (Options, _store) = (options, store);
        _coldWriter = new ColdWriter(store, logger);
        _pins = new PinTables(store);
        _objects = new HeldObjects(store, _pins);
        _twins = new TwinBuilder(logger);
        _loader = new Loader(store, options, _coldWriter, logger);
        _csv = new CsvLoader(store, _coldWriter);
    }

    /// <summary>The options it was opened with.</summary>
    public CacheOptions Options { get; }

    /// <summary>Opens the store; makes its folders where they are missing.</summary>
    /// <param name="options">Default: <see cref="CacheOptions.FromEnvironment()"/>.</param>
    /// <param name="logger">Told of what was dropped, left out or refused. Default: nobody.</param>
    /// <exception cref="StoreException">A setting makes no sense, or a folder cannot be used or trusted.</exception>
    public static Cache Open(CacheOptions? options = null, ILogger? logger = null)
    {
        options ??= CacheOptions.FromEnvironment();
        logger ??= NullLogger.Instance;
        return new Cache(options, StoreFault.Guard(() => PartStore.Open(options, logger)), logger);
    }

    /// <summary>Opens a source. Its tree of elements comes from the store, or is read now; no data are loaded.</summary>
    /// <param name="path">
    /// A .h5ad file, a .zarr store as a folder or a zip, or a group inside a store: <c>spatial.zarr/tables/table</c>. A relative
    /// name that does not exist in the working folder is looked up in <see cref="CacheOptions.DataFolder"/>, with
    /// <c>.h5ad</c> or <c>.zarr</c> added where it is missing.
    /// </param>
    /// <param name="cancellation">Honoured while another process reads the tree.</param>
    /// <exception cref="SourceException">There is no such file, it may not be read, or it is not AnnData.</exception>
    /// <exception cref="StoreException">The store has no room for the tree.</exception>
    public CachedAnnData Open(string path, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new CachedAnnData(_loader, _pins, _twins, FindSource(path), cancellation);
    }

    /// <summary>Opens a source on a thread of the pool.</summary>
    /// <inheritdoc cref="Open(string, CancellationToken)"/>
    public Task<CachedAnnData> OpenAsync(string path, CancellationToken cancellation = default) =>
        Task.Run(() => Open(path, cancellation), cancellation);

    /// <summary>Budgets, bytes, parts and counters of both tiers.</summary>
    public CacheStatistics Statistics() => StoreFault.Guard(_store.Statistics);

    /// <summary>All sealed parts of both tiers.</summary>
    public IReadOnlyList<StoredPart> List() => StoreFault.Guard(_store.List);

    /// <summary>Removes parts of one source from both tiers; what is pinned stays.</summary>
    /// <param name="path">The source, which need not exist any more.</param>
    /// <param name="elements">Paths of elements; null for all of them and the tree.</param>
    /// <returns>Parts removed, and parts that stayed because some process uses them.</returns>
    public (int Removed, int Pinned) Evict(string path, IReadOnlyCollection<string>? elements = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string found = FindSource(path);
        string source = CanonicalOrFull(found);
        return StoreFault.Guard(
            () => _store.Evict((_, layout) => layout.Source == source && (elements is null || elements.Contains(layout.Element))));
    }

    /// <summary>Removes all parts of both tiers; what is pinned stays.</summary>
    /// <returns>Parts removed, and parts that stayed because some process uses them.</returns>
    public (int Removed, int Pinned) Clear() => StoreFault.Guard(() => _store.Evict((_, _) => true));

    /// <summary>
    /// Audits both tiers: names, owners and modes, locks, left-overs, the structure and content of every part. Parts are made once more
    /// and compared: that takes as long as loading them, and no room.
    /// </summary>
    /// <param name="cancellation">Honoured between chunks.</param>
    /// <returns>Problems; empty when the store is clean.</returns>
    public IReadOnlyList<Finding> Verify(CancellationToken cancellation = default) => StoreFault.Guard<IReadOnlyList<Finding>>(() =>
    {
        IReadOnlyList<Finding> found = _store.Audit(content: true, cancellation);
        SourceAudit sources = new(_store, Options, DerivedComparison.FindDifference);
        return [.. found, .. sources.Run(found.Select(finding => finding.Subject).ToHashSet(), cancellation)];
    });

    /// <summary>Looks at the machine as this cache sees it: tmpfs, limits, huge pages, locks, permissions.</summary>
    /// <param name="options">Default: <see cref="CacheOptions.FromEnvironment()"/>.</param>
    /// <returns>What is, what it means, and the remedy where something is to be done.</returns>
    public static IReadOnlyList<Finding> Diagnose(CacheOptions? options = null) =>
        StoreDoctor.Examine(options ?? CacheOptions.FromEnvironment());

    /// <summary>Waits until twins that were begun are built and cold copies of loaded parts are written.</summary>
    /// <param name="cancellation">Gives up what is not finished yet; nothing is left of it.</param>
    public async Task FlushAsync(CancellationToken cancellation = default)
    {
        await _twins.DrainAsync(cancellation).ConfigureAwait(false);
        await _coldWriter.DrainAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Finishes the twin that is being built and cold copies, and closes the store. Elements that are still pinned stay valid.</summary>
    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        _pins.Dispose();
        _twins.Dispose();
        _coldWriter.Dispose();
        _store.Dispose();
    }

    private static string CanonicalOrFull(string path)
    {
        try { return SourceContainer.CanonicalPath(path); }
        catch (PosixException) { return Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)); }
    }

    private string FindSource(string path)
    {
        if (Path.IsPathRooted(path) || Path.Exists(path) || Options.DataFolder is null) { return path; }
        string inside = Path.Join(Options.DataFolder, path);
        if (Path.Exists(inside)) { return inside; }
        return s_endings.Select(ending => inside + ending).FirstOrDefault(Path.Exists) ?? inside;
    }
}
