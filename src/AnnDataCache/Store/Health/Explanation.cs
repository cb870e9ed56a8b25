using System.Globalization;
using AnnDataCache.Interop;
using AnnDataCache.Parts;

namespace AnnDataCache.Store;

/// <summary>Says where an element or an object is, why it is not where one would look for it, and what it would take.</summary>
internal sealed class Explanation(Tier? hot, Tier? cold)
{
    private readonly List<Finding> _findings = [];

    /// <param name="element">Path of the element, or name of the object, for people.</param>
    /// <param name="name">Its part, of the source as it is now.</param>
    internal IReadOnlyList<Finding> Of(string element, PartName name)
    {
        foreach (Tier tier in new[] { hot, cold }.OfType<Tier>())
        {
            if (name.IsObject && tier == cold && hot?.Contains(name) == true) { break; } // O2: nobody looks at it
            Explain(tier, element, name);
        }

        return _findings;
    }

    private void Explain(Tier tier, string element, PartName name)
    {
        string subject = $"{PartStore.NameOf(tier.Kind)} tier";
        if (FileStat.TryOf(tier.Folder.Parts, name.Value, out FileStat stat))
        {
            ExplainPresent(tier, subject, name, stat);
            return;
        }

        if (tier.Board.Log.Find(name.Hash) is { } removed)
        {
            Add(Severity.Advice, subject, $"'{element}' was removed {Ago(removed.UnixMs)}, {ByteSize.Format(removed.Bytes)}", Why(tier, removed), Remedy(removed.Reason, name.IsObject));
            return;
        }

        if (name.IsObject)
        {
            Add(Severity.Advice, subject, $"there is no object '{element}'", "It was never put, or so many parts were removed since that the log has forgotten it.", "");
            return;
        }

        TierEntry[] others = [.. tier.Folder.Scan().Where(part => part.Name.Prefix.SequenceEqual(name.Prefix))];
        if (others.Length > 0)
        {
            Add(Severity.Advice, subject, $"'{element}' is there of another version of the file ({others.Length} of them)",
                "The file was rewritten since: its size, times or inode changed, and what was decoded before is not used for it.", "Nothing: the next ask decodes the new version.");
            return;
        }

        Add(Severity.Advice, subject, $"'{element}' is not there", "It was never asked for since the tier was made, or so many parts were removed since that the log has forgotten it.", "");
    }

    private void ExplainPresent(Tier tier, string subject, PartName name, in FileStat stat)
    {
        if (tier.Folder.TryReadLayout(name) is null)
        {
            Add(Severity.Problem, subject, "it is there, but damaged", "It is not served.",
                name.IsObject ? "It is lost: put it again." : "Run 'anndata-cache verify'; the next ask decodes it again.");
            return;
        }

        PartUse use = tier.Board.Find(name.Hash);
        float score = use.Score;
        int before = tier.Folder.Scan().Count(part => tier.Board.Find(part.Name.Hash).Score < score);
        string pinned = tier.Folder.IsPinned(name) ? "some process uses it: it cannot go" : $"{before} parts would go before it";
        string cost = name.IsObject ? "" : string.Create(CultureInfo.InvariantCulture, $", a load costs about {use.CostSeconds:F2} s");
        Add(Severity.Good, subject, $"it is there: {ByteSize.Format(TierFolder.WholePages(stat.Size))}, hit {Math.Max(use.Hits - 1, 0)} times{cost}", pinned, "");
    }

    private static string Why(Tier tier, in EvictionRecord removed) => removed.Reason switch
    {
        EvictionReason.Room => string.Create(CultureInfo.InvariantCulture,
            $"Room was needed for {Describe(tier, removed.For)}, and of all parts that nobody used it was worth least (score {removed.Score:G3}: hits × load seconds ÷ megabytes, aged)."),
        EvictionReason.Stale => "It was of an older version of the file, which was loaded anew.",
        EvictionReason.Damaged => "Its bytes contradicted its layout.",
        EvictionReason.Deleted => "Somebody asked for it: 'delete'.",
        _ => "Somebody asked for it: 'evict' or 'clear'.",
    };

    private static string Describe(Tier tier, long hash)
    {
        foreach (TierEntry part in tier.Folder.Scan())
        {
            if (part.Name.Hash == hash && tier.Folder.TryReadLayout(part.Name) is { } layout)
            {
                string owner = layout.Object is null ? $"'{layout.Element}' of '{layout.Source}'" : $"the object '{layout.Object}'";
                return $"{owner} ({ByteSize.Format(part.Bytes)})";
            }
        }

        return "a part that is gone itself";
    }

    private static string Remedy(EvictionReason reason, bool isObject) => (isObject && reason != EvictionReason.Deleted ? "It is lost: put it again. " : "") + reason switch
    {
        EvictionReason.Room => $"Raise the tier's budget, or keep the {(isObject ? "object" : "element")} pinned in a process that stays.",
        EvictionReason.Damaged => "If it happens again, test the memory or the disk.",
        _ => "",
    };

    private static string Ago(long unixMs)
    {
        TimeSpan past = DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
        return past.TotalSeconds < 90 ? $"{Math.Max(past.TotalSeconds, 0):F0} s ago" : past.TotalMinutes < 90 ? $"{past.TotalMinutes:F0} min ago" : $"{past.TotalHours:F0} h ago";
    }

    private void Add(Severity severity, string subject, string fact, string meaning, string remedy) =>
        _findings.Add(new Finding(severity, subject, fact, meaning, remedy));
}
