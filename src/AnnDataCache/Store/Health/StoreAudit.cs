using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>Walks a whole store and says what is wrong with it. Used by <c>verify</c> and by every test that kills processes.</summary>
internal sealed class StoreAudit(Tier? hot, Tier? cold)
{
    private readonly List<Finding> _findings = [];

    /// <summary>Problems; empty when the store is clean.</summary>
    /// <param name="content">True to read every byte, false to look at names, modes and layouts only.</param>
    /// <param name="cancellation">Honoured between parts.</param>
    internal IReadOnlyList<Finding> Run(bool content, CancellationToken cancellation)
    {
        foreach (Tier tier in new[] { hot, cold }.OfType<Tier>())
        {
            CheckFolder(tier);
            CheckParts(tier, content, cancellation);
            CheckBudget(tier);
        }

        if (content && hot is not null && cold is not null) { CompareCopies(hot, cold, cancellation); }
        return _findings;
    }

    private void CheckFolder(Tier tier)
    {
        CheckUsage(tier);
        foreach (string name in TierFolder.Names(tier.Folder.Temporaries))
        {
            if (!PartName.TryParse(name.Length > 40 ? name[..40] : name, out _))
            {
                Add($"{tier.Folder.Path}/tmp/{name}", "is not the name of a reservation", "It takes room that is not counted.", "Remove it.");
            }
        }

        foreach (string name in TierFolder.Names(tier.Folder.Parts))
        {
            if (!PartName.TryParse(name, out _))
            {
                Add($"{tier.Folder.Path}/parts/{name}", "is not the name of a part", "Nobody reads it, and its room is not counted.", "Remove it.");
            }
        }
    }

    /// <summary>The sum under which room is given out is what is there. Left-overs of killed processes are no fault, and are removed.</summary>
    private void CheckUsage(Tier tier)
    {
        using CapacityHold? hold = CapacityHold.TryTake(tier.Folder, TimeSpan.FromSeconds(10));
        if (hold is null)
        {
            Add($"{tier.Folder.Path}/capacity.lock", $"is held by process {LockHolders.OfCapacity(tier.Folder)}, which does not run", "No room is given out.", "Continue or end it.");
            return;
        }

        hold.Begin(); // a verify that is killed here leaves no wrong sum
        (_, _, long deadBytes, long dead) = tier.Folder.ReapAndCountLocked();
        (long bytes, long files) = (hold.Bytes - deadBytes, hold.Files - dead);
        hold.Recount();
        if ((hold.Bytes, hold.Files) != (bytes, files))
        {
            Add($"{tier.Folder.Path}/capacity.lock", $"says {bytes:N0} bytes in {files:N0} files where {hold.Bytes:N0} in {hold.Files:N0} are",
                "Somebody added or removed files by hand.", "Nothing: it has been corrected.");
        }
    }

    private void CheckParts(Tier tier, bool content, CancellationToken cancellation)
    {
        foreach (TierEntry part in tier.Folder.Scan())
        {
            cancellation.ThrowIfCancellationRequested();
            using FileDescriptor? file = FileDescriptor.TryOpenAt(
                tier.Folder.Parts, part.Name.Value, Posix.ReadOnly | Posix.NoFollow | Posix.NonBlock);
            string path = $"{tier.Folder.Path}/parts/{part.Name.Value}";
            if (file is null)
            {
                CheckUnopened(tier, part.Name, path);
                continue;
            }

            if (!FileLocks.TryLock(file, exclusive: false)) { continue; } // about to be evicted
            FileStat stat = FileStat.Of(file);
            if (stat.LinkCount == 0) { continue; }
            foreach (string problem in Problems(tier, part.Name, file, stat, content, cancellation))
            {
                Add(path, problem, "It is not served, or must not be.", RemedyOf(part.Name));
            }
        }
    }

    private static string RemedyOf(PartName name) => name.IsObject
        ? "Its object is lost: remove the file, and put the object again."
        : "Remove it; the element is decoded again when it is asked for.";

    /// <summary>What cannot be opened is gone meanwhile, or is nothing that a process of ours has put there.</summary>
    private void CheckUnopened(Tier tier, PartName name, string path)
    {
        if (!FileStat.TryOf(tier.Folder.Parts, name.Value, out FileStat stat)) { return; }
        string fault = tier.Folder.Access.FindFault(stat) ?? $"it cannot be opened (mode {Convert.ToString(stat.Permissions, 8)})";
        Add(path, fault, "Nobody reads it, and nobody can seal a part under its name.", "Remove it.");
    }

    private static List<string> Problems(Tier tier, PartName name, FileDescriptor file, in FileStat stat, bool content, CancellationToken cancellation)
    {
        List<string> problems = [];
        if (tier.Folder.Access.FindFault(stat) is { } fault) { problems.Add(fault); }
        if ((stat.Permissions & 0x92) != 0) { problems.Add($"it is writable (mode {Convert.ToString(stat.Permissions, 8)})"); } // 0222
        if (stat.LinkCount != 1) { problems.Add($"it has {stat.LinkCount} names: evicting it would free nothing"); }
        try
        {
            using PartView view = PartView.Open(file, stat.Size);
            if (!name.StandsFor(view.Layout, stat.UserId)) { problems.Add($"it is the part of '{view.Layout.Element}' of '{view.Layout.Source}', for which its name does not stand"); }
            if (content) { problems.AddRange(PartCheck.FindProblems(view, cancellation)); }
            if (content && PartHash.Recorded(file) is { } recorded && PartHash.Of(view.Mapping, cancellation) != recorded)
            {
                problems.Add("its bytes are not those that were written: their hash is not the one that was recorded");
            }
        }
        catch (PartException damage)
        {
            problems.Add(damage.Message);
        }

        return problems;
    }

    private void CheckBudget(Tier tier)
    {
        long used = tier.Folder.Scan().Sum(part => part.Bytes);
        if (used > tier.Budget)
        {
            Add(tier.Folder.Path, $"its parts take {used:N0} bytes of a budget of {tier.Budget:N0}", "The budget was lowered, or is larger elsewhere.",
                "Nothing, if so: the next loads evict what exceeds it.");
        }
    }

    /// <summary>A part is the same bytes in both tiers.</summary>
    private void CompareCopies(Tier first, Tier second, CancellationToken cancellation)
    {
        foreach (TierEntry part in first.Folder.Scan())
        {
            if (part.Name.IsObject || !second.Contains(part.Name)) { continue; } // an object has no copy
            using PartPin? left = first.TryInspect(part.Name), right = second.TryInspect(part.Name);
            if (left is null || right is null || Same(left, right, cancellation)) { continue; }
            Add($"{second.Folder.Path}/parts/{part.Name.Value}", "differs from its copy in the hot tier", "One of them was damaged.",
                "Run 'anndata-cache clear', then load again.");
        }
    }

    private static bool Same(PartPin left, PartPin right, CancellationToken cancellation)
    {
        const int Piece = 4 << 20;
        if (left.Length != right.Length) { return false; }
        for (long offset = 0; offset < left.Length; offset += Piece)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(Piece, left.Length - offset);
            if (!left.View.Mapping.Span(offset, count).SequenceEqual(right.View.Mapping.Span(offset, count))) { return false; }
        }

        return true;
    }

    private void Add(string subject, string fact, string meaning, string remedy) =>
        _findings.Add(new Finding(Severity.Problem, subject, fact, meaning, remedy));
}
