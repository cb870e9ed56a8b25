using System.IO.Hashing;
using AnnDataCache.Interop;
using AnnDataCache.Parts;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Store;

/// <summary>The parts of all sources, in two tiers that all processes share. The protocol is in Tier.cs.</summary>
internal sealed class PartStore : IDisposable
{
    private const int CopyBytes = 4 << 20;

    private readonly TierSettings _hotSettings, _coldSettings;
    private readonly Tier? _hot, _cold;
    private readonly bool _promotes;
    private readonly TimeSpan _patience;
    private readonly bool _checksEveryFile;
    private readonly ILogger _logger;

    private PartStore(TierSettings hotSettings, TierSettings coldSettings, CacheOptions options, ILogger logger)
    {
        (_hotSettings, _coldSettings, _logger) = (hotSettings, coldSettings, logger);
        _cold = coldSettings.Open(TierKind.Cold, logger);
        _hot = hotSettings.Open(TierKind.Hot, logger, _cold);
        Objects = new ObjectNames(_hot, _cold);
        _promotes = _hot is not null && _cold is not null && Promotes(options.Promotion);
        _patience = options.Patience;
        _checksEveryFile = options.CheckEveryFile;
        if (_hot is null && _cold is null)
        {
            throw new StoreException(
                CacheError.BadSetting, $"Both tiers are off (hot: {hotSettings.Note}; cold: {coldSettings.Note}). Give one of them a budget.");
        }
    }

    /// <summary>Locks of loads and counters of misses are in the hot tier's folder, or in the only one.</summary>
    private Tier Main => _hot ?? _cold!;

    /// <summary>What has been put under a name.</summary>
    internal ObjectNames Objects { get; }

    /// <exception cref="StoreException">A folder cannot be used or trusted, or both tiers are off.</exception>
    internal static PartStore Open(CacheOptions options, ILogger logger) =>
        new(TierSettings.Hot(options), TierSettings.Cold(options), options, logger);

    /// <summary>The name of an element's part, or of one that is derived from it.</summary>
    /// <remarks>In a folder that a group shares, a source that the group may not read has parts of this user's own.</remarks>
    internal PartName NameOf(string source, string element, in FileStat stat, string? derived = null)
    {
        string user = Main.Folder.Access.MayShare(stat) ? "" : $"user {Posix.EffectiveUserId()}";
        return PartName.For(source, element, string.Join(' ', new[] { derived ?? "", user }.Where(option => option.Length > 0)), stat);
    }

    /// <summary>Moves when a process has found no room.</summary>
    internal long PressureEpoch => Main.Board.PressureEpoch;

    /// <summary>True when parts are copied to a cold tier.</summary>
    internal bool HasCold => _cold is not null && _hot is not null;

    /// <summary>Maps a part from the hot tier, else from the cold one in place; null, and a counted miss, when neither has it.</summary>
    /// <param name="name">The part.</param>
    /// <param name="madeOf">The part that it was derived from, which must be worth more than it is.</param>
    internal PartPin? TryPin(PartName name, PartName? madeOf = null)
    {
        if (TryFind(name, madeOf) is { } pin) { return pin; }
        Main.Board.Add(ControlBoard.Counter.Misses, 1);
        CacheMetrics.Misses.Add(1);
        return null;
    }

    /// <summary>The same for whoever can do without the part: no miss is counted.</summary>
    internal PartPin? TryFind(PartName name, PartName? madeOf = null)
    {
        if (_hot?.TryPin(name, madeOf) is { } hot)
        {
            Count(_hot);
            return hot;
        }

        if (_cold?.TryPin(name, madeOf) is not { } cold) { return null; }
        Count(_cold);
        return _promotes ? Promote(cold) : cold;
    }

    internal static void Count(Tier tier)
    {
        tier.Board.Add(ControlBoard.Counter.Hits, 1);
        CacheMetrics.Hits.Add(1);
    }

    /// <summary>Enters the single flight of a name: one process loads it, the others get its part.</summary>
    internal LoadTicket EnterLoad(PartName name, CancellationToken cancellation) =>
        LoadTicket.Enter(Main.Folder, name, () => TryFind(name), _patience, cancellation);

    /// <summary>Room for a part: in the hot tier, else in the cold one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="source">What it is made of: nobody may read the part who may not read the source.</param>
    /// <param name="madeOf">The part that it is derived from.</param>
    /// <exception cref="StoreException">Neither has it: too large, or all is pinned.</exception>
    internal PartReservation Reserve(PartName name, long bytes, in FileStat source, PartName? madeOf = null)
    {
        Shortage hot = default, cold = default;
        PartReservation? reservation = _hot?.TryReserve(name, bytes, source, out hot) ?? _cold?.TryReserve(name, bytes, source, out cold);
        if (reservation is null) { throw NoRoom(bytes, hot, cold); }
        reservation.MadeOf = madeOf;
        return reservation;
    }

    /// <summary>Writes a hot part's bytes to the cold tier, unless they are there; false when there is no room.</summary>
    internal bool CopyToCold(PartPin pin, CancellationToken cancellation)
    {
        if (_cold is null || pin.Tier == TierKind.Cold || _cold.Contains(pin.Name)) { return true; }
        using PartReservation? reservation = _cold.TryReserve(pin.Name, pin.Length, SourceOf(pin), out _);
        if (reservation is null) { return false; }
        reservation.MadeOf = MadeOf(pin);
        Copy(pin, reservation, null, cancellation).Dispose();
        return true;
    }

    /// <summary>The part in the hot tier when it finds room there, else as it is; null when its bytes are not those that were written. Takes over the pin.</summary>
    private PartPin? Promote(PartPin cold)
    {
        try
        {
            using PartReservation? reservation = _hot!.TryReserve(cold.Name, cold.Length, SourceOf(cold), out _);
            if (reservation is null) { return cold; }
            reservation.MadeOf = MadeOf(cold);
            PartPin hot = Copy(cold, reservation, _cold!.Folder.RecordedHash(cold.Name), CancellationToken.None);
            cold.Dispose();
            return hot;
        }
        catch (PartException damage)
        {
            _cold!.Drop(cold, damage.Message); // and it is decoded again
            return null;
        }
        catch (Exception failed) when (failed is CacheException or IOException)
        {
            LogNotPromoted(cold, failed); // a hit must not fail for want of a faster copy
            return cold;
        }
    }

    private void LogNotPromoted(PartPin cold, Exception failed)
    {
        if (_logger.IsEnabled(LogLevel.Warning))
        {
            _logger.LogWarning("'{Element}' stays in the cold tier: {Reason}", cold.View.Layout.Element, failed.Message);
        }
    }

    /// <summary>The source as it is now; where it is gone, one that nobody else may read.</summary>
    private FileStat SourceOf(PartPin pin) => SourceVersion.TryOf(pin.View.Layout.Source, _checksEveryFile, out FileStat stat) ? stat : default;

    private PartName? MadeOf(PartPin pin) =>
        pin.View.Layout is { Derived: not null } layout ? NameOf(layout.Source, layout.Element, SourceOf(pin)) : null;

    /// <summary>Copies a part's bytes to the other tier, and hashes them as they cross.</summary>
    /// <exception cref="PartException">They are not those whose hash was recorded.</exception>
    private static PartPin Copy(PartPin from, PartReservation to, UInt128? recorded, CancellationToken cancellation)
    {
        to.IsCopy = true;
        XxHash128 hash = new();
        for (long offset = 0; offset < from.Length; offset += CopyBytes)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> piece = from.View.Mapping.Span(offset, (int)Math.Min(CopyBytes, from.Length - offset));
            hash.Append(piece);
            to.Target.Write(offset, piece);
        }

        to.Hash = hash.GetCurrentHashAsUInt128();
        if (recorded is { } wanted && wanted != to.Hash)
        {
            throw new PartException($"The part is damaged: its bytes have the hash {to.Hash:x32} where {wanted:x32} was recorded");
        }

        CrashPoint.Reach("cold-copied");
        return to.Seal();
    }

    /// <summary>Removes unpinned parts that the condition names, from both tiers.</summary>
    internal (int Removed, int Pinned) Evict(Func<PartName, PartLayout, bool> which)
    {
        int removed = 0, pinned = 0;
        foreach ((Tier tier, TierEntry part) in Parts())
        {
            if (tier.Folder.TryReadLayout(part.Name) is { } layout && !which(part.Name, layout)) { continue; }
            switch (tier.TryRemove(part.Name, EvictionReason.Asked))
            {
                case Removal.Removed: removed++; break;
                case Removal.Pinned: pinned++; break;
                case Removal.Stopped: throw new StoreException(CacheError.StoreUnusable, $"Nothing is removed from the {NameOf(tier.Kind)} tier '{tier.Folder.Path}': {Stopped(tier)}");
            }
        }

        return (removed, pinned);
    }

    internal IReadOnlyList<StoredPart> List()
    {
        List<StoredPart> parts = [];
        Dictionary<string, FileStat?> sources = new(StringComparer.Ordinal); // a folder takes a while to look at
        foreach ((Tier tier, TierEntry part) in Parts())
        {
            if (tier.Folder.TryReadLayout(part.Name) is not { } layout) { continue; }
            if (!sources.TryGetValue(layout.Source, out FileStat? source))
            {
                sources[layout.Source] = source = SourceVersion.TryOf(layout.Source, _checksEveryFile, out FileStat stat) ? stat : null;
            }

            bool stale = !part.Name.IsObject && (source is not { } now || NameOf(layout.Source, layout.Element, now, layout.Derived) != part.Name);
            parts.Add(new StoredPart(
                NameOf(tier.Kind), part.Name.Value, layout.Source, layout.Element, part.Bytes, tier.Folder.IsPinned(part.Name), stale, layout.Derived));
        }

        return parts;
    }

    internal (long BudgetBytes, long UsedBytes, long Objects, long ObjectBytes) Usage()
    {
        long budget = 0, used = 0;
        HashSet<PartName> objects = [];
        long bytes = 0;
        foreach (Tier tier in new[] { _hot, _cold }.OfType<Tier>())
        {
            (budget, used) = (budget + tier.Budget, used + tier.Usage().Bytes);
            foreach (TierEntry part in tier.Folder.Scan())
            {
                if (part.Name.IsObject && objects.Add(part.Name)) { bytes += part.Bytes; }
            }
        }

        return (budget, used, objects.Count, bytes);
    }

    internal CacheStatistics Statistics() =>
        new(Statistics(TierKind.Hot, _hot, _hotSettings), Statistics(TierKind.Cold, _cold, _coldSettings), Main.Board.Read(ControlBoard.Counter.Misses));

    /// <summary>Names of the parts of each source; of objects none.</summary>
    internal ILookup<string, PartName> PartsBySource() => Parts()
        .Where(part => !part.Part.Name.IsObject)
        .Select(part => (part.Part.Name, part.Tier.Folder.TryReadLayout(part.Part.Name)?.Source))
        .Where(part => part.Source is not null)
        .Distinct()
        .ToLookup(part => part.Source!, part => part.Name);

    /// <summary>The part that a hit would find, for who audits: nothing counts, nothing is dropped or promoted.</summary>
    internal PartPin? TryInspect(PartName name) => _hot?.TryInspect(name) ?? _cold?.TryInspect(name);

    internal IReadOnlyList<Finding> Audit(bool content, CancellationToken cancellation)
    {
        Objects.DropCovered();
        return new StoreAudit(_hot, _cold).Run(content, cancellation);
    }

    /// <summary>Where the part of an element or an object is, or why it is not there.</summary>
    internal IReadOnlyList<Finding> Explain(string element, PartName name) => new Explanation(_hot, _cold).Of(element, name);

    internal static string NameOf(TierKind kind) => kind == TierKind.Hot ? "hot" : "cold";

    private IEnumerable<(Tier Tier, TierEntry Part)> Parts() =>
        new[] { _hot, _cold }.OfType<Tier>().SelectMany(tier => tier.Folder.Scan().Select(part => (tier, part)));

    private static TierStatistics Statistics(TierKind kind, Tier? tier, TierSettings settings)
    {
        if (tier is null) { return new TierStatistics(NameOf(kind), settings.Folder, false, settings.Note, 0, 0, 0, 0, 0, 0, 0, 0); }
        TierUsage usage = tier.Usage();
        return new TierStatistics(
            NameOf(kind), settings.Folder, true, settings.Note, tier.Budget, usage.Bytes, tier.Folder.PinnedBytes(usage.Parts), usage.Parts,
            tier.Board.Read(ControlBoard.Counter.Hits), tier.Board.Read(ControlBoard.Counter.Loads),
            tier.Board.Read(ControlBoard.Counter.Evictions), tier.Board.Read(ControlBoard.Counter.LoadedBytes));
    }

    private bool Promotes(Promotion promotion) => promotion switch
    {
        Promotion.Always => true,
        Promotion.Never => false,
        _ => FileSystem.Of(_coldSettings.Folder).IsNetwork || FileSystem.HasHugePages(_hotSettings.Folder),
    };

    private StoreException NoRoom(long bytes, Shortage hot, Shortage cold)
    {
        long largest = Math.Max(_hot?.Budget ?? 0, _cold?.Budget ?? 0);
        if (bytes > largest)
        {
            return new StoreException(
                CacheError.TooLarge,
                $"The part needs {bytes:N0} bytes, but the largest tier's budget is {largest:N0}. "
                + "Raise ANNDATA_CACHE_HOT_BYTES or ANNDATA_CACHE_COLD_BYTES.");
        }

        string why = string.Join(' ', new[] { Describe(_hot, hot), Describe(_cold, cold) }.Where(text => text.Length > 0));
        bool isFull = (_hot is not null && !hot.IsStopped) || (_cold is not null && !cold.IsStopped);
        return isFull
            ? new StoreException(CacheError.NoRoom, $"There is no room for {bytes:N0} bytes. {why} "
                + "Close what pins parts (see 'anndata-cache ls'), raise a budget, or free the file system.")
            : new StoreException(CacheError.StoreUnusable, $"No room is given out for {bytes:N0} bytes. {why}");
    }

    private static string Describe(Tier? tier, Shortage shortage)
    {
        if (tier is null) { return ""; }
        string name = $"The {NameOf(tier.Kind)} tier '{tier.Folder.Path}'";
        if (shortage.Need > tier.Budget) { return $"{name} has a budget of {tier.Budget:N0}."; }
        if (shortage.IsStopped) { return $"{name} gives out no room: {Stopped(tier)}"; }

        return $"{name} has a budget of {tier.Budget:N0}, of which {shortage.Used:N0} are used, {tier.Folder.PinnedBytes(0):N0} of them pinned"
            + $"{Holders(tier)}, {shortage.Reserved:N0} reserved by loads under way or still used by readers of what was overwritten; its file system has {shortage.FileSystemFree:N0} free.";
    }

    private static string Stopped(Tier tier)
    {
        string holder = LockHolders.OfCapacity(tier.Folder) is { Length: > 0 } known ? $"process {known}" : "a process";
        return $"{holder} holds 'capacity.lock' and does not run. Continue or end it.";
    }

    private static string Holders(Tier tier)
    {
        int[] processes = [.. LockHolders.OfParts(tier.Folder).Values.SelectMany(holders => holders).Distinct().Where(process => process > 0).Take(5)];
        return processes.Length == 0 ? "" : $" (by {string.Join(", ", processes.Select(LockHolders.Describe))})";
    }

    public void Dispose()
    {
        _hot?.Dispose();
        _cold?.Dispose();
    }
}
