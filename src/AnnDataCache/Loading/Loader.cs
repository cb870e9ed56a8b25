using System.Diagnostics;
using AnnDataCache.Containers;
using AnnDataCache.Elements;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Loading;

// Where the two towers meet: an element of a source becomes a part of the store.
//
//   hit      PartStore.TryPin(name); the name holds the source's version, so what is found is fresh
//   enter    PartStore.EnterLoad(name): one process loads, the others wait and then hit
//   plan     ContentReader finds the arrays, PartDraft their final lengths, PartPlan every offset
//   reserve  PartStore.Reserve: the whole file, before a byte of it is written
//   fill     chunks are decoded by all workers straight into their place; no intermediate array exists
//   check    the source is compared with what it was: a changed one starts again under its new name (L1)
//   seal     one rename makes the part visible
//
// L1  No part is sealed whose source changed between naming and sealing.     Readers: a name never lies.
// L2  A failed load leaves nothing: the reservation unlinks itself.          Operators: no litter, no lost bytes.
// L3  An element that cannot be read fails alone; of a dataframe, a column.  Users: the rest of the file works.

/// <summary>Finds parts or makes them.</summary>
internal sealed class Loader(PartStore store, CacheOptions options, ColdWriter coldWriter, ILogger logger)
{
    /// <summary>The path under which the tree of all elements is stored; no element of a file has it.</summary>
    internal const string TreePath = "";

    /// <summary>Parts that are made of the parts of elements.</summary>
    internal DerivedParts Derived { get; } = new(store, options, coldWriter);
    /// <summary>The version of a source that is there now.</summary>
    /// <exception cref="SourceException">No such file, no permission, or neither a file nor a folder.</exception>
    internal AnnDataSource Find(string path) => AnnDataSource.Find(path, options.CheckEveryFile);

    internal PartName NameOf(AnnDataSource source, string element) => store.NameOf(source.Path, element, source.Stat);

    /// <summary>The part that describes all elements of the source.</summary>
    /// <exception cref="SourceException">Not even the file's root can be described.</exception>
    internal PartPin PinTree(AnnDataSource source, CancellationToken cancellation) =>
        Pin(source, TreePath, (root, _) => new TreeContent(DescribeAll(source, root)), null, cancellation, out _);

    /// <summary>Where an element's part is, or why it is not there.</summary>
    internal IReadOnlyList<Finding> Explain(AnnDataSource source, string element) =>
        StoreFault.Guard(() => store.Explain(element, NameOf(source, element)));

    /// <summary>Waits for the cold copies of what was loaded: until then those parts are pinned.</summary>
    internal void FinishColdCopies() => coldWriter.DrainAsync(CancellationToken.None).GetAwaiter().GetResult();

    private static ElementInfo DescribeAll(AnnDataSource source, ContainerGroup root)
    {
        ElementInfo tree = ElementTree.Describe(root, root, "", null, withValues: false);
        if (tree.Kind == ElementKind.Refused) { throw new SourceException(CacheError.SourceUnreadable, $"'{source.Path}' cannot be read as AnnData: {tree.Reason}"); }
        return tree.Kind == ElementKind.Dict || !source.Stat.IsFolder
            ? tree
            : throw new SourceException(CacheError.SourceUnreadable,
                $"'{source.Path}' is a {tree.Kind.Name()}, an element of a store: open the store, and ask for the element by its path in it.");
    }

    /// <summary>The part of one element.</summary>
    /// <param name="source">The version of the source to read.</param>
    /// <param name="info">An element that has a part of its own.</param>
    /// <param name="progress">Told how far a load is; not called for a hit.</param>
    /// <param name="cancellation">Honoured between chunks.</param>
    /// <param name="loaded">True when this call has made the part.</param>
    /// <exception cref="SourceChangedException">The source is not the version that was given.</exception>
    internal PartPin Pin(
        AnnDataSource source, ElementInfo info, IProgress<LoadProgress>? progress, CancellationToken cancellation, out bool loaded) =>
        Pin(source, info.Path, (root, failed) => ContentReader.Read(root, info, failed), progress, cancellation, out loaded);

    private PartPin Pin(
        AnnDataSource source, string element, Func<ContainerGroup, Dictionary<string, string>, ElementContent> read,
        IProgress<LoadProgress>? progress, CancellationToken cancellation, out bool loaded)
    {
        try
        {
            return PinOrLoad(source, element, read, progress, cancellation, out loaded);
        }
        catch (SourceReadException failed)
        {
            throw new SourceException(CacheError.SourceUnreadable, failed.Message, failed);
        }
        catch (PosixException failed)
        {
            throw StoreFault.Explain(failed);
        }
    }

    private PartPin PinOrLoad(
        AnnDataSource source, string element, Func<ContainerGroup, Dictionary<string, string>, ElementContent> read,
        IProgress<LoadProgress>? progress, CancellationToken cancellation, out bool loaded)
    {
        loaded = false;
        PartName name = NameOf(source, element);
        if (store.TryPin(name) is { } hit) { return hit; }
        using LoadTicket ticket = store.EnterLoad(name, cancellation);
        if (ticket.Published is { } published) { return published; }

        long start = Stopwatch.GetTimestamp();
        Dictionary<string, string> failed = new(StringComparer.Ordinal); // columns of a dataframe, with their reasons (L3)
        bool trustLengths = true; // of strings
        using AnnDataSource.Rented rented = source.Rent();
        while (true)
        {
            try
            {
                ElementContent content = read(TenXMatrix.AsAnnData(rented.Container.Root), failed);
                PartPin pin = Build(source, rented.Container, name, content, failed, trustLengths, progress, start, cancellation);
                loaded = true;
                return pin;
            }
            catch (ColumnException column)
            {
                if (!failed.TryAdd(column.Column, column.Message)) { throw new InvalidOperationException($"Column '{column.Column}' failed twice.", column); }
                LogRefusedColumn(element, column);
            }
            catch (ShortStringsException) when (trustLengths)
            {
                trustLengths = false;
            }
            catch (Exception damage) when (ContainerException.IsDamage(damage))
            {
                if (!IsUnchanged(source, rented.Container)) { throw new SourceChangedException(source.Path); }
                throw Unreadable(source, element, damage);
            }
        }
    }

    /// <summary>Without its tree, the name of which is empty, a source has nothing to offer.</summary>
    private static CacheException Unreadable(AnnDataSource source, string element, Exception damage) => element.Length == 0
        ? new SourceException(CacheError.SourceUnreadable, $"'{source.Path}' cannot be read: {damage.Message}", damage)
        : new ElementException(CacheError.ElementUnreadable, $"'{element}' of '{source.Path}' cannot be read: {damage.Message}", damage);

    private PartPin Build(
        AnnDataSource source, ContainerFile container, PartName name, ElementContent content, Dictionary<string, string> failed,
        bool trustLengths, IProgress<LoadProgress>? progress, long start, CancellationToken cancellation)
    {
        ReadContext context = new(options.Workers, cancellation);
        PartDraft draft = PartDraft.Of(content, source.Path, failed, context, trustLengths);
        PartPlan plan = PartPlan.Create(draft.Layout);
        using PartReservation reservation = store.Reserve(name, plan.FileLength, source.Stat);
        ProgressSum sum = new(content.Info.Path, plan.FileLength, progress);
        draft.Fill(reservation.Target, context with { Progress = progress is null ? null : sum.Add });
        CrashPoint.Reach("filled");
        plan.WriteFraming(reservation.Target);
        CrashPoint.Reach("framed");
        if (!IsUnchanged(source, container)) { throw new SourceChangedException(source.Path); } // L1
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        reservation.Cost = elapsed.TotalSeconds;
        PartPin pin = reservation.Seal();
        sum.Finish();
        CacheMetrics.Loads.Add(1);
        CacheMetrics.LoadedBytes.Add(plan.FileLength);
        CacheMetrics.LoadSeconds.Record(elapsed.TotalSeconds);
        if (pin.Tier == TierKind.Hot) { coldWriter.Add(pin); }
        return pin;
    }

    /// <summary>What was read is the version that gave the part its name (L1): the file may have been replaced before it was opened.</summary>
    private static bool IsUnchanged(AnnDataSource source, ContainerFile container) => container.IsUnchanged() && source.IsCurrent();

    private void LogRefusedColumn(string element, ColumnException column)
    {
        if (logger.IsEnabled(LogLevel.Warning))
        {
            logger.LogWarning("Column '{Column}' of '{Element}' is left out: {Reason}", column.Column, element, column.Message);
        }
    }

    private sealed class ProgressSum(string element, long total, IProgress<LoadProgress>? progress)
    {
        private long _done;

        internal void Add(long bytes) =>
            progress?.Report(new LoadProgress(element, Math.Min(Interlocked.Add(ref _done, bytes), total), total));

        internal void Finish() => progress?.Report(new LoadProgress(element, total, total));
    }
}

/// <summary>The source is no longer the version whose name the part would get: look at it again.</summary>
internal sealed class SourceChangedException(string path) : Exception($"'{path}' changed while it was read.");
