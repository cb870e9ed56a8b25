using System.Diagnostics;
using AnnDataCache.Interop;

namespace AnnDataCache.Bench.Soak;

/// <summary>A bystander whose element stays pinned: how long do its hits take while others load, evict, stop and die?</summary>
/// <remarks>
/// On few cores under many processes the kernel's scheduler decides most of it, so every second sample is a bare
/// <c>stat</c>, which no lock of ours can hold up: what both have in common is the machine's.
/// </remarks>
internal static class SoakProbe
{
    /// <summary><c>bench soak-probe FOLDER</c></summary>
    internal static int Run(string[] args)
    {
        SoakPlan plan = SoakPlan.Load(args[0]);
        SoakWorker.EndWithParent();
        using SoakBoard board = SoakBoard.Open(plan.BoardFile);
        string source = Path.Join(plan.Folder, "probe.h5ad");
        try
        {
            using Cache cache = Cache.Open(plan.Options);
            using CachedAnnData first = Patiently(() => cache.Open(source));
            using PinnedElement pinned = PinHot(first);
            using PinnedElement tree = Patiently(() => first.Pin("var"));
            for (int i = 0; !board.IsStopped; i++)
            {
                using CachedAnnData file = Patiently(() => cache.Open(source)); // the tree's part is not pinned, and may be loaded again
                long start = Stopwatch.GetTimestamp();
                PinnedElement element = file.Pin("obsm/X_pca");
                double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                if (element.Loaded) { SoakWorker.Report(plan, "the probe's pinned element was loaded again"); }
                element.Dispose();
                if (i > 2000) { board.Time(0, nanoseconds); }
                start = Stopwatch.GetTimestamp();
                FileStat.TryOf(source, out _);
                if (i > 2000) { board.Time(1, Stopwatch.GetElapsedTime(start).TotalNanoseconds); }
                if (i % 8 == 0) { Thread.Sleep(1); }
            }

            return 0;
        }
        catch (Exception unexpected)
        {
            SoakWorker.Report(plan, $"the probe: {unexpected}");
            return 3;
        }
    }

    private static PinnedElement PinHot(CachedAnnData file)
    {
        while (true)
        {
            PinnedElement element = Patiently(() => file.Pin("obsm/X_pca"));
            if (element.Tier == "hot") { return element; }
            element.Dispose();
        }
    }

    /// <summary>A stranger may have filled the tmpfs, and who gives out room may be stopped: that is refused rightly, and soon over.</summary>
    private static T Patiently<T>(Func<T> ask)
    {
        while (true)
        {
            try
            {
                return ask();
            }
            catch (StoreException refused) when (SoakWorker.IsExpected(refused))
            {
                Thread.Sleep(10);
            }
        }
    }
}
