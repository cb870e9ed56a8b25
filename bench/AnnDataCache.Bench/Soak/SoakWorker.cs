using System.Diagnostics.Metrics;
using AnnDataCache.Interop;

namespace AnnDataCache.Bench.Soak;

/// <summary>One process under fire: reads, holds, rewrites, evicts and looks, in a random order, until it is told to end or killed.</summary>
internal sealed class SoakWorker : IDisposable
{
    private static readonly string[] s_elements = ["X", "obsm/X_pca", "obs", "var"];

    private readonly SoakPlan _plan;
    private readonly int _number;
    private readonly SoakBoard _board;
    private readonly Random _random;
    private readonly Dictionary<SoakFile, CachedAnnData> _open = [];
    private readonly SoakObjects _objects;
    private readonly Cache _cold;
    private Cache _cache;

    private SoakWorker(SoakPlan plan, int number)
    {
        (_plan, _number, _board, _random) = (plan, number, SoakBoard.Open(plan.BoardFile), new Random(HashCode.Combine(plan.Seed, Environment.ProcessId)));
        _cache = OpenCache();
        _cold = Cache.Open(plan.ColdOptions);
        _objects = new SoakObjects(_board);
        CountRecycled();
    }

    /// <summary><c>bench soak-worker FOLDER NUMBER</c></summary>
    internal static int Run(string[] args)
    {
        SoakPlan plan = SoakPlan.Load(args[0]);
        EndWithParent();
        try
        {
            using SoakWorker worker = new(plan, int.Parse(args[1], null));
            while (!worker._board.IsStopped) { worker.Act(); }
            return 0;
        }
        catch (Exception unexpected)
        {
            Report(plan, unexpected.ToString());
            return 3;
        }
    }

    internal static void EndWithParent() => new Thread(() =>
    {
        while (Console.In.Read() >= 0) { }
        Environment.Exit(0);
    }) { IsBackground = true }.Start();

    internal static void Report(SoakPlan plan, string what) =>
        File.AppendAllText(plan.IncidentFile, $"{DateTime.UtcNow:HH:mm:ss} process {Environment.ProcessId}: {what}\n");

    private Cache OpenCache() =>
        Cache.Open(_plan.Options with { Promotion = _random.Next(2) == 0 ? Promotion.Always : Promotion.Never });

    private void Act()
    {
        SoakFile file = _plan.Sources[_random.Next(_plan.Sources.Count)];
        try
        {
            switch (_random.Next(1400))
            {
                case < 800: Read(file, hold: 0); break;
                case < 900: Read(file, hold: _random.Next(20, 400)); break;
                case < 920: Rewrite(file); break;
                case < 960: _cache.Evict(file.Path); Count(Tally.Evicts); break;
                case < 962: _cache.Clear(); Count(Tally.Clears); break;
                case < 985: Look(file); break;
                case < 1000: Reopen(); break;
                default: UseObject(_random.Next(SoakObjects.Names)); break;
            }
        }
        catch (CacheException refused) when (IsExpected(refused))
        {
            Count(refused.Error switch
            {
                CacheError.SourceNotFound => Tally.SourceMissing,
                CacheError.SourceChanged => Tally.SourceChanged,
                _ => Tally.NoRoom,
            });
        }
        catch (CacheException unexpected)
        {
            Count(Tally.Incidents);
            Report(_plan, unexpected.ToString());
        }
    }

    /// <summary>No room, a source that is missing or changes again and again, an eviction that meets a stopped holder of the lock.</summary>
    internal static bool IsExpected(CacheException refused) =>
        refused.Error is CacheError.NoRoom or CacheError.SourceNotFound or CacheError.SourceChanged
        || (refused.Error is CacheError.StoreUnusable && refused.Message.Contains("does not run", StringComparison.Ordinal));

    private void Read(SoakFile file, int hold)
    {
        string path = s_elements[_random.Next(s_elements.Length)];
        CachedAnnData data = Open(file);
        bool isThere = FileStat.TryOf(file.Path, out FileStat before);
        using PinnedElement element = data.Pin(path);
        bool isStill = FileStat.TryOf(file.Path, out FileStat after) && isThere && before.SameVersion(after);
        string hash = SoakFiles.Hash(element);
        Count(Tally.Reads);
        Count(Tally.ReadBytes, element.Bytes);
        if (isStill) { Count(Tally.ReadsOfOneVersion); }
        if (element.Loaded) { Count(Tally.Loads); }
        bool isRight = isStill
            ? file.Variants[SoakFiles.VariantOf(after)].Hashes[path] == hash
            : file.Variants.Any(variant => variant.Hashes[path] == hash);
        if (!isRight) { Wrong($"'{path}' of '{file.Path}' has hash {hash}, mtime {before.ModifiedNs} … {after.ModifiedNs}, loaded {element.Loaded}, part {element.PartFile}"); }
        if (hold == 0) { return; }
        Count(Tally.Holds);
        Thread.Sleep(hold);
        if (SoakFiles.Hash(element) != hash) { Wrong($"'{path}' of '{file.Path}' has changed while it was pinned: {element.PartFile}"); }
    }

    private void UseObject(int index)
    {
        switch (_random.Next(400))
        {
            case < 265: GetObject(index, hold: 0); break;
            case < 295: GetObject(index, hold: _random.Next(20, 400)); break;
            case < 340: PutObject(_cache, index, Tally.Puts); break;
            case < 370: PutObject(_cold, index, Tally.PutsIntoCold); break;
            default: _objects.Delete(_cache, index); Count(Tally.Deletes); break;
        }
    }

    private void PutObject(Cache cache, int index, Tally what)
    {
        try
        {
            _objects.Put(cache, index, overwrite: _random.Next(5) > 0);
            Count(what);
        }
        catch (ElementException exists) when (exists.Error == CacheError.ObjectExists)
        {
            Count(Tally.PutsRefused);
        }
    }

    private void GetObject(int index, int hold)
    {
        (PinnedElement? found, string? fault) = _objects.Get(_cache, index);
        using (found)
        {
            Count(found is null ? Tally.ObjectsMissing : Tally.ObjectReads);
            Count(Tally.Reads, found is null ? 0 : 1);
            Count(Tally.ReadBytes, found?.Bytes ?? 0);
            if (fault is not null) { Wrong($"{fault}: {found!.PartFile}"); }
            if (found is null || hold == 0) { return; }
            Count(Tally.Holds);
            Thread.Sleep(hold);
            if (SoakObjects.FindFault(found, index) is { } changed) { Wrong($"{changed}, while it was pinned: {found.PartFile}"); }
        }
    }

    private void CountRecycled()
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) => { if (instrument.Name == "anndata_cache.recycled") { self.EnableMeasurementEvents(instrument); } },
        };
        listener.SetMeasurementEventCallback<long>((_, parts, _, _) => Count(Tally.Recycled, parts));
        listener.Start();
    }

    private void Wrong(string what)
    {
        Count(Tally.WrongReads);
        Report(_plan, what);
    }

    private CachedAnnData Open(SoakFile file)
    {
        if (_open.TryGetValue(file, out CachedAnnData? open)) { return open; }
        if (_open.Count >= 4) { Close(_open.Keys.First()); }
        return _open[file] = _cache.Open(file.Path);
    }

    private void Close(SoakFile file)
    {
        _open[file].Dispose();
        _open.Remove(file);
    }

    /// <summary>By a rename, or with a moment in which there is no file.</summary>
    private void Rewrite(SoakFile file)
    {
        if (_random.Next(4) == 0) { File.Delete(file.Path); }
        SoakFiles.Install(file, _random.Next(file.Variants.Count));
        Count(Tally.Rewrites);
    }

    private void Look(SoakFile file)
    {
        Count(Tally.Looks);
        switch (_random.Next(3))
        {
            case 0: _cache.Statistics(); break;
            case 1: _cache.List(); break;
            default: Open(file).Explain("X"); break;
        }
    }

    private void Reopen()
    {
        foreach (SoakFile file in _open.Keys.ToList()) { Close(file); }
        _cache.Dispose();
        _cache = OpenCache();
    }

    private void Count(Tally what, long count = 1) => _board.Add(_number, what, count);

    public void Dispose()
    {
        foreach (CachedAnnData open in _open.Values) { open.Dispose(); }
        _cache.Dispose();
        _cold.Dispose();
        _board.Dispose();
    }
}
