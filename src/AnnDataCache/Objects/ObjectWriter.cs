using System.Text;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using AnnDataCache.Store;

namespace AnnDataCache.Objects;

/// <summary>One object on its way into the store: its room, where its buffers go, its seal. Disposed before that, nothing is left.</summary>
/// <remarks>
/// Flags and counts of the layout (missing values, ASCII, canonical order) are found in the bytes themselves, and the bytes are
/// checked as <c>verify</c> checks them: other processes will follow offsets and indices that this one was given.
/// </remarks>
internal sealed class ObjectWriter : IDisposable
{
    private const int MaxNameBytes = 1024;

    /// <summary>What eviction takes an object's load to have cost: nobody but its maker brings it back, and nobody knows at what cost.</summary>
    private const double AssumedSeconds = 60;

    /// <summary>What <see cref="FolderAccess"/> is to share with a group, as it shares a source that all may read.</summary>
    private static readonly FileStat s_readableByAll = new() { Mode = 0x124 };

    private readonly PartStore _store;
    private readonly PartPlan _plan;
    private readonly PartReservation _reservation;
    private readonly bool _overwrite;

    private ObjectWriter(PartStore store, PartPlan plan, PartReservation reservation, bool overwrite) =>
        (_store, _plan, _reservation, _overwrite) = (store, plan, reservation, overwrite);

    /// <summary>The columns, with the offsets of their buffers.</summary>
    internal PartLayout Layout => _plan.Layout;

    /// <summary>Where the buffers go.</summary>
    internal ByteTarget Target => _reservation.Target;

    /// <summary>The part's name, once the object's was looked at.</summary>
    /// <exception cref="ArgumentException">No object can have this name.</exception>
    internal static PartName NameOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        try
        {
            int bytes = new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(name);
            if (bytes <= MaxNameBytes && !name.Contains('\0', StringComparison.Ordinal)) { return PartName.ForObject(name); }
            throw new ArgumentException($"The name of an object has {bytes:N0} bytes, or a zero in it; it may have {MaxNameBytes:N0}, and none.", nameof(name));
        }
        catch (EncoderFallbackException broken)
        {
            throw new ArgumentException("The name of an object is not valid Unicode.", nameof(name), broken);
        }
    }

    /// <summary>Refuses early what <see cref="Seal"/> would refuse.</summary>
    /// <exception cref="ElementException">The object is there, and is not to be overwritten.</exception>
    internal static void RequireFree(PartStore store, string name, bool overwrite)
    {
        if (!overwrite && store.Objects.Contains(NameOf(name))) { throw Exists(name); }
    }

    /// <summary>Takes the room for an object.</summary>
    /// <param name="store">Where to.</param>
    /// <param name="layout">With the lengths of all buffers.</param>
    /// <param name="overwrite">False to leave an object alone that is there.</param>
    /// <exception cref="ElementException">Its lengths contradict its layout, or the object is there.</exception>
    /// <exception cref="StoreException">No tier has room.</exception>
    internal static ObjectWriter Reserve(PartStore store, PartLayout layout, bool overwrite)
    {
        string name = layout.Object!;
        PartName part = NameOf(name);
        RequireFree(store, name, overwrite);
        PartPlan plan = Plan(layout, name);
        PartReservation reservation = store.Reserve(part, plan.FileLength, s_readableByAll);
        reservation.Cost = AssumedSeconds;
        return new ObjectWriter(store, plan, reservation, overwrite);
    }

    private static PartPlan Plan(PartLayout layout, string name)
    {
        if (LayoutRules.FindProblem(layout) is { } problem) { throw Bad(name, problem); }
        try
        {
            PartPlan plan = PartPlan.Create(layout);
            if (plan.FooterLength <= PartView.MaxFooter) { return plan; }
            throw Bad(name, $"its description has {plan.FooterLength:N0} bytes where {PartView.MaxFooter:N0} are read: it has too many columns");
        }
        catch (OverflowException huge)
        {
            throw Bad(name, "it has more bytes than 2^63", huge);
        }
    }

    /// <summary>Checks what was written, and gives it its name.</summary>
    /// <exception cref="ElementException">Its bytes contradict its layout, or the object is there.</exception>
    internal PutResult Seal(CancellationToken cancellation)
    {
        CrashPoint.Reach("filled");
        string name = Layout.Object!;
        ContentFacts.Find(Layout, _reservation, cancellation);
        _plan.WriteFraming(_reservation.Target);
        CrashPoint.Reach("framed");
        using (PartView view = _reservation.Review())
        {
            if (ContentFacts.FindProblem(view) is { } problem) { throw Bad(name, problem); }
            if (PartCheck.FindProblems(view, cancellation) is { Count: > 0 } problems) { throw Bad(name, problems[0]); }
            _reservation.Hash = PartHash.Of(view.Mapping, cancellation); // nothing else can ever witness them
        }

        try
        {
            bool replaced = _reservation.Seal(_store.Objects, _overwrite);
            return new PutResult(name, _reservation.Path, PartStore.NameOf(_reservation.Tier), _reservation.Length, replaced);
        }
        catch (ObjectExistsException)
        {
            throw Exists(name);
        }
    }

    internal static ElementException Bad(string name, string problem, Exception? inner = null) => new(
        CacheError.BadContent, $"'{name}' cannot be put: {problem}. Nothing of it is kept.", inner);

    private static ElementException Exists(string name) => new(
        CacheError.ObjectExists, $"There is an object '{name}' already, and it was not to be overwritten. Delete it, or choose another name.");

    public void Dispose() => _reservation.Dispose();
}
