using AnnDataCache.Interop;

namespace AnnDataCache.Store;

/// <summary>Looks at the machine as the store sees it: what is, what it means, what to do.</summary>
internal static class StoreDoctor
{
    private const string HugePagesRemedy =
        "As root, once: mount -t tmpfs -o huge=within_size,size=<bytes>,mode=0700,uid=<user> anndata-cache /run/anndata-cache, "
        + "and ANNDATA_CACHE_HOT_FOLDER=/run/anndata-cache/hot.";

    internal static IReadOnlyList<Finding> Examine(CacheOptions options)
    {
        TierSettings hot = TierSettings.Hot(options), cold = TierSettings.Cold(options);
        List<Finding> findings = [];
        ExamineHot(hot, findings);
        ExamineCold(cold, findings);
        ExamineMemoryLimit(hot, findings);
        foreach (TierSettings tier in new[] { hot, cold })
        {
            if (tier.Budget > 0) { ExamineFolder(tier, findings); }
        }

        return findings;
    }

    private static void ExamineHot(TierSettings hot, List<Finding> findings)
    {
        FileSystem files = TierSettings.FileSystemOf(hot.Folder);
        string size = $"{hot.Folder}: {(files.IsMemory ? "memory (tmpfs)" : "a disk")} of {ByteSize.Format(files.TotalBytes)}, {ByteSize.Format(files.FreeBytes)} free";
        if (hot.Budget == 0)
        {
            Add(findings, Severity.Advice, "hot tier", $"{size}; {hot.Note}", "Parts are served from the cold tier, through the page cache.",
                "In a container: --shm-size=8g or --ipc=host, or a bind-mounted folder in ANNDATA_CACHE_HOT_FOLDER.");
            return;
        }

        bool fits = hot.Budget <= files.TotalBytes;
        Add(findings, fits ? Severity.Good : Severity.Problem, "hot tier", $"{size}; budget {ByteSize.Format(hot.Budget)}",
            fits ? "Parts of this many bytes stay in memory." : "Loads fail before the budget is used.",
            fits ? "" : "Lower ANNDATA_CACHE_HOT_BYTES or enlarge the file system.");
        if (!files.IsMemory) { return; }
        bool huge = FileSystem.HasHugePages(hot.Folder);
        Add(findings, huge ? Severity.Good : Severity.Advice, "huge pages", huge ? "the tmpfs has them" : "the tmpfs has pages of 4 KiB",
            huge ? "Writing and first touch are several times cheaper." : "Writing costs 5 times, and the first touch 6 times, what it would with huge pages.",
            huge ? "" : HugePagesRemedy);
    }

    private static void ExamineCold(TierSettings cold, List<Finding> findings)
    {
        FileSystem files = TierSettings.FileSystemOf(cold.Folder);
        string size = $"{cold.Folder}: {ByteSize.Format(files.TotalBytes)}, {ByteSize.Format(files.FreeBytes)} free";
        if (cold.Budget == 0)
        {
            Add(findings, Severity.Advice, "cold tier", cold.Note!, "A reboot loses all parts; they are decoded again.", "Set ANNDATA_CACHE_COLD_BYTES.");
        }
        else if (files.IsMemory)
        {
            Add(findings, Severity.Advice, "cold tier", $"{size}; it lies in memory", "It does not outlive a reboot and takes memory twice.", "Choose a folder on a disk: ANNDATA_CACHE_FOLDER.");
        }
        else if (files.IsNetwork)
        {
            Add(findings, Severity.Advice, "cold tier", $"{size}; it lies on a network file system", "Locks may not hold between machines, and reading is slow; parts are promoted when they are hit.",
                "Choose a folder on a local disk: ANNDATA_CACHE_FOLDER.");
        }
        else
        {
            Add(findings, Severity.Good, "cold tier", $"{size}; budget {ByteSize.Format(cold.Budget)}", "Parts outlive a reboot and are mapped in place.", "");
        }
    }

    private static void ExamineMemoryLimit(TierSettings hot, List<Finding> findings)
    {
        long limit = MemoryLimit.Limit();
        if (limit == long.MaxValue)
        {
            Add(findings, Severity.Good, "memory limit", "no control group limits this process", "The file system's size rules alone.", "");
            return;
        }

        bool fits = hot.Budget <= limit / 2;
        Add(findings, fits ? Severity.Good : Severity.Problem, "memory limit",
            $"the control group allows {ByteSize.Format(limit)}, {ByteSize.Format(MemoryLimit.Headroom())} are left",
            fits ? "The hot tier leaves half of it to programs." : "A write to memory beyond the limit gets the writer killed.",
            fits ? "" : $"Set ANNDATA_CACHE_HOT_BYTES to {limit / 2} or less, or use a disk folder as hot tier.");
    }

    /// <summary>Opens the folder as a cache would, and takes both kinds of locks in it.</summary>
    private static void ExamineFolder(TierSettings tier, List<Finding> findings)
    {
        string subject = $"folder {tier.Folder}";
        try
        {
            using TierFolder folder = TierFolder.Open(tier.Folder, tier.Access);
            using CapacityHold? capacity = CapacityHold.TryTake(folder, TimeSpan.FromSeconds(2));
            using FileDescriptor? inflight = FileDescriptor.TryOpenAt(
                folder.Root, "inflight.lock", Posix.ReadWrite | Posix.Create | Posix.NoFollow, 0x180);
            using FileDescriptor? second = FileDescriptor.TryOpenAt(folder.Root, "capacity.lock", Posix.ReadWrite | Posix.NoFollow);
            bool locks = capacity is not null && inflight is not null && second is not null && FileLocks.TryLockByte(inflight, long.MaxValue - 1)
                && !FileLocks.TryLock(second, exclusive: true);
            Add(findings, locks ? Severity.Good : Severity.Problem, subject,
                locks ? "ours, private, and locks exclude each other" : "two locks on one file do not exclude each other",
                locks ? "Processes can share it safely." : "Parts could be evicted under their readers' budget, and loaded twice.",
                locks ? "" : "Choose a folder on a local file system.");
        }
        catch (Exception error) when (error is CacheException or IOException)
        {
            Add(findings, Severity.Problem, subject, error.Message, "No cache can be opened with these settings.", "See the message.");
        }
    }

    private static void Add(List<Finding> findings, Severity severity, string subject, string fact, string meaning, string remedy) =>
        findings.Add(new Finding(severity, subject, fact, meaning, remedy));
}
