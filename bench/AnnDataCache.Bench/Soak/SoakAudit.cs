using AnnDataCache.Interop;
using AnnDataCache.Store;

namespace AnnDataCache.Bench.Soak;

/// <summary>Looks at the store from outside: the bytes that it takes while it is used, and all that is left after a round.</summary>
internal sealed class SoakAudit(SoakPlan plan, SoakDeeds deeds, SoakObjects objects, bool ownsMemory)
{
    /// <summary>Looks, 50 ms apart, after which nobody who runs may have a deleted file mapped, or open: a second, and five on a busy machine.</summary>
    private const int LooksForMappings = 20, LooksForHolders = 100;

    /// <summary>Deleted files were found in wrong hands: they are not looked at again before the round has ended.</summary>
    private bool _hasLeaked;

    /// <summary>Counts every file of the hot tier under its lock, without believing the sum that stands there.</summary>
    internal void SampleBudget()
    {
        for (int attempt = 0; ; attempt++)
        {
            if (Sample() is not { } sample) { return; } // the holder of the lock is stopped
            deeds.Samples++;
            deeds.MostBytes = Math.Max(deeds.MostBytes, sample.Bytes);
            deeds.MostOver = Math.Max(deeds.MostOver, sample.Bytes - plan.HotBytes);
            if (sample.Nameless <= 0) { return; }

            if (_hasLeaked) { return; } // it was said

            // Who runs lets go in a moment; a second later everything that is left must be in the hands of the stopped.
            if (attempt >= LooksForMappings && DeletedFiles.MappedIn(plan.Memory) is { Count: > 0 } mapped)
            {
                foreach (string mapping in mapped) { Find($"a part was evicted under its reader: {mapping}"); }
                _hasLeaked = true;
                return;
            }

            (long stopped, List<string> holders) = DeletedFiles.OpenIn(plan.Memory);
            if (attempt >= LooksForMappings && sample.Nameless <= stopped)
            {
                deeds.MostNameless = Math.Max(deeds.MostNameless, sample.Nameless);
                return;
            }

            if (attempt >= LooksForHolders)
            {
                Find($"{sample.Nameless:N0} bytes are of deleted files; stopped processes have {stopped:N0} of them open. All: {string.Join("; ", holders)}");
                _hasLeaked = true;
                return;
            }

            Thread.Sleep(50);
        }
    }

    /// <summary>Bytes of parts and reservations, and bytes that the tmpfs has given to files that have no name any more.</summary>
    private (long Bytes, long Nameless)? Sample()
    {
        using TierFolder folder = TierFolder.Open(plan.Options.HotFolder!, FolderAccess.Private);
        using CapacityHold? hold = CapacityHold.TryTake(folder, TimeSpan.FromSeconds(1));
        if (hold is null) { return null; }
        FileSystem memory = FileSystem.Of(plan.Memory); // first: what is written from here on only adds to what is seen
        long bytes = 0, allocated = 0;
        HashSet<ulong> seen = [];

        // A seal needs no lock: what it moves after the first folder was read is found in the second, and counted once.
        foreach (FileDescriptor place in (FileDescriptor[])[folder.Temporaries, folder.Parts, folder.Root])
        {
            foreach (string name in TierFolder.Names(place))
            {
                if (!FileStat.TryOf(place, name, out FileStat stat) || !stat.IsRegularFile || !seen.Add(stat.Inode)) { continue; }
                allocated += stat.AllocatedBytes;
                if (place != folder.Root) { bytes += TierFolder.WholePages(stat.Size); }
            }
        }

        if (FileStat.TryOf(Stranger, out FileStat stranger)) { allocated += stranger.AllocatedBytes; }
        return (bytes, ownsMemory ? memory.TotalBytes - memory.FreeBytes - allocated : 0);
    }

    /// <summary>A file of somebody else on the same tmpfs.</summary>
    internal string Stranger => Path.Join(plan.Memory, "stranger");

    /// <summary>After a round nobody is left: so nothing may be pinned, reserved, torn, uncounted, or held by the file system without a name.</summary>
    internal void Walk()
    {
        _hasLeaked = false;
        using Cache cache = Cache.Open(plan.Options with { Promotion = Promotion.Never });
        foreach (Finding finding in cache.Verify()) { Find($"{finding.Subject}: {finding.Fact}"); }
        CacheStatistics now = cache.Statistics();
        foreach (TierStatistics tier in (TierStatistics[])[now.Hot, now.Cold])
        {
            if (tier.PinnedBytes != 0) { Find($"{tier.PinnedBytes:N0} bytes of the {tier.Name} tier are pinned by nobody"); }
            if (tier.UsedBytes > tier.BudgetBytes) { Find($"the {tier.Name} tier takes {tier.UsedBytes:N0} of {tier.BudgetBytes:N0}"); }
            long parts = cache.List().Where(part => part.Tier == tier.Name).Sum(part => part.Bytes);
            deeds.LeakedBytes += Math.Abs(tier.UsedBytes - parts);
            int left = Directory.GetFiles(Path.Join(tier.Folder, "tmp")).Length;
            deeds.Leftovers += left;
            if (left > 0 || parts != tier.UsedBytes) { Find($"the {tier.Name} tier says {tier.UsedBytes:N0} bytes; its parts are {parts:N0}, {left} temporaries are left"); }
        }

        if (ownsMemory) { LookForNamelessBytes(); }
        ReadWhatIsLeft(cache);
    }

    /// <summary>What the tmpfs has given out beyond the files that can be seen: pages of deleted files that somebody still holds.</summary>
    private void LookForNamelessBytes()
    {
        FileSystem memory = FileSystem.Of(plan.Memory);
        long seen = Directory.EnumerateFiles(plan.Memory, "*", SearchOption.AllDirectories).Sum(file => FileStat.Of(file).AllocatedBytes);
        long nameless = memory.TotalBytes - memory.FreeBytes - seen;
        deeds.LeakedBytes += Math.Abs(nameless);
        if (nameless != 0) { Find($"the tmpfs holds {nameless:N0} bytes that no file has"); }
    }

    /// <summary>Every part of a source as it is now gives the values that were written, and so does every object.</summary>
    private void ReadWhatIsLeft(Cache cache)
    {
        for (int index = 0; index < SoakObjects.Names; index++)
        {
            (PinnedElement? found, string? fault) = objects.Get(cache, index);
            if (fault is not null) { Find($"{fault}: {found!.PartFile}"); }
            found?.Dispose();
        }

        foreach (StoredPart part in cache.List().Where(part => !part.Stale && part.Element.Length > 0))
        {
            if (plan.Sources.FirstOrDefault(source => source.Path == part.Source) is not { } source) { continue; }
            using CachedAnnData file = cache.Open(source.Path);
            using PinnedElement element = file.Pin(part.Element);
            string wanted = source.Variants[SoakFiles.VariantOf(FileStat.Of(source.Path))].Hashes[part.Element];
            if (SoakFiles.Hash(element) != wanted) { Find($"'{part.Element}' of '{part.Source}' holds wrong values in {element.PartFile}"); }
        }
    }

    private void Find(string what)
    {
        deeds.Findings++;
        SoakWorker.Report(plan, $"audit of round {deeds.Rounds}: {what}");
    }
}
