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
//   plan     ContentReader finds the arrays, ElementDraft their final lengths, PartPlan every offset
//   reserve  PartStore.Reserve: the whole file, before a byte of it is written
//   fill     chunks are decoded by all workers straight into their place; no intermediate array exists
//   check    the source is compared with what it was: a changed one starts again under its new name (L1)
//   seal     one rename makes the part visible
//
// L1  No part is sealed whose source changed between naming and sealing.     Readers: a name never lies.
// L2  A failed load leaves nothing: the reservation unlinks itself.          Operators: no litter, no lost bytes.
// L3  An element that cannot be read fails alone; of a dataframe, a column.  Users: the rest of the file works.
// L4  Room that a stranger takes from a reservation is looked for again.     Users: a full /dev/shm evicts, or loads to the disk.

/// <summary>Finds parts or makes them.</summary>
internal sealed class Loader(PartStore store, CacheOptions options, ColdWriter coldWriter, ILogger logger)
{
    private readonly PartBuilder _builder = new(store, coldWriter);

    /// <summary>Parts that are made of the parts of elements.</summary>
    internal DerivedParts Derived { get; } = new(store, options, coldWriter);

    /// <summary>The version of a source that is there now.</summary>
    /// <exception cref="SourceException">No such file, no permission, or neither a file nor a folder.</exception>
    internal AnnDataSource Find(string path) => AnnDataSource.Find(path, options.CheckEveryFile);

    internal PartName NameOf(AnnDataSource source, string element) => store.NameOf(source.Path, element, source.Stat);

    /// <summary>The part that describes all elements of the source.</summary>
    /// <exception cref="SourceException">Not even the file's root can be described.</exception>
    internal PartPin PinTree(AnnDataSource source, CancellationToken cancellation) =>
        Pin(source, null, new LoadRequest(null, cancellation), out _);

    /// <summary>Where an element's part is, or why it is not there.</summary>
    internal IReadOnlyList<Finding> Explain(AnnDataSource source, string element) =>
        StoreFault.Guard(() => store.Explain(element, NameOf(source, element)));

    /// <summary>Waits for the cold copies of what was loaded: until then those parts are pinned.</summary>
    internal void FinishColdCopies() => coldWriter.DrainAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>The part of one element.</summary>
    /// <param name="source">The version of the source to read.</param>
    /// <param name="info">An element that has a part of its own; null for the tree of all.</param>
    /// <param name="request">How it is asked for.</param>
    /// <param name="loaded">True when this call has made the part.</param>
    /// <exception cref="SourceChangedException">The source is not the version that was given.</exception>
    internal PartPin Pin(AnnDataSource source, ElementInfo? info, LoadRequest request, out bool loaded)
    {
        try
        {
            return PinOrLoad(source, info, request, out loaded);
        }
        catch (PosixException failed)
        {
            throw StoreFault.Explain(failed);
        }
    }

    private PartPin PinOrLoad(AnnDataSource source, ElementInfo? info, LoadRequest request, out bool loaded)
    {
        loaded = false;
        string element = info?.Path ?? ElementDecoder.TreePath;
        PartName name = NameOf(source, element);
        if (store.TryPin(name) is { } hit) { return hit; }
        using LoadTicket ticket = store.EnterLoad(name, request.Cancellation);
        if (ticket.Published is { } published) { return published; }

        long start = Stopwatch.GetTimestamp();
        ReadContext context = new(request.IsErrand ? 1 : options.Workers, request.Cancellation);
        using AnnDataSource.Rented rented = source.Rent();
        ElementDecoder decoder = new(source, rented.Container, context);
        PartPin pin = decoder.Decode(
            info,
            draft => _builder.Build(name, draft, source, null, context, request, start, decoder.IsUnchanged),
            column => LogRefusedColumn(element, column));
        loaded = true;
        return pin;
    }

    private void LogRefusedColumn(string element, ColumnException column)
    {
        if (logger.IsEnabled(LogLevel.Warning))
        {
            logger.LogWarning("Column '{Column}' of '{Element}' is left out: {Reason}", column.Column, element, column.Message);
        }
    }
}

/// <summary>How an element is asked for.</summary>
/// <param name="Progress">Told how far a load is; not called for a hit. Or null.</param>
/// <param name="Cancellation">Honoured between chunks.</param>
internal readonly record struct LoadRequest(IProgress<LoadProgress>? Progress, CancellationToken Cancellation)
{
    /// <summary>Other loads, of which a worker does some while the part is filled: see <see cref="LoadLanes"/>. Or null.</summary>
    internal Func<bool>? Errand { get; init; }

    /// <summary>True for one of these: the thread that asks is the only worker.</summary>
    internal bool IsErrand { get; init; }
}
