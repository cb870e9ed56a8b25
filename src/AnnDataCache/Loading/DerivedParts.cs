using System.Diagnostics;
using AnnDataCache.Containers;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Loading;

/// <summary>Finds parts that are derived from an element's part, or makes them: by the same single flight, reservation and seal as a load.</summary>
/// <remarks>
/// What they are made of is a part, which never changes, under a name that holds the source's version: a derived part of that
/// name cannot lie, whatever becomes of the source meanwhile (L1). A derived part goes before the part that it is made of.
/// </remarks>
internal sealed class DerivedParts(PartStore store, CacheOptions options, ColdWriter coldWriter)
{
    private readonly PartBuilder _builder = new(store, coldWriter);

    /// <summary>Threads that make one part.</summary>
    internal int Workers => options.Workers;

    internal TwinPolicy Twins => options.Twin;

    /// <summary>The derived part when a tier has it, else null; no miss is counted.</summary>
    /// <param name="source">The version of the source.</param>
    /// <param name="element">The element that has a part of its own.</param>
    /// <param name="derived">What is wanted of it: <c>twin</c>, <c>lookup feature_name</c>.</param>
    internal PartPin? TryFind(AnnDataSource source, string element, string derived) =>
        StoreFault.Guard(() => store.TryFind(NameOf(source, element, derived), NameOf(source, element, null)));

    /// <summary>The element's own part when a tier has it, else null; no miss is counted.</summary>
    internal PartPin? TryFind(AnnDataSource source, string element) => StoreFault.Guard(() => store.TryFind(NameOf(source, element, null)));

    /// <summary>The derived part; the first asker of the machine makes it.</summary>
    /// <param name="source">The version of the source.</param>
    /// <param name="element">The element that has a part of its own.</param>
    /// <param name="derived">What is wanted of it.</param>
    /// <param name="draft">Looks at the element's part and plans the derived one.</param>
    /// <param name="made">True when this call has made it.</param>
    /// <param name="waiting">Honoured while another process makes it.</param>
    /// <param name="making">Honoured between blocks while this one does.</param>
    /// <exception cref="StoreException">No tier has room.</exception>
    internal PartPin Pin(
        AnnDataSource source, string element, string derived, Func<ReadContext, PartDraft> draft, out bool made,
        CancellationToken waiting, CancellationToken making)
    {
        made = false;
        try
        {
            PartName name = NameOf(source, element, derived), madeOf = NameOf(source, element, null);
            if (store.TryPin(name, madeOf) is { } hit) { return hit; }
            using LoadTicket ticket = store.EnterLoad(name, waiting);
            if (ticket.Published is { } published) { return published; }
            long start = Stopwatch.GetTimestamp();
            ReadContext context = new(options.Workers, making);
            PartPin pin = _builder.Build(name, draft(context), source, madeOf, context, default, start, isUnchanged: null);
            made = true;
            return pin;
        }
        catch (PosixException failed)
        {
            throw StoreFault.Explain(failed);
        }
    }

    internal PartName NameOf(AnnDataSource source, string element, string? derived = null) => store.NameOf(source.Path, element, source.Stat, derived);
}
