using AnnDataCache.Interop;
using AnnDataCache.Store;

namespace AnnDataCache.Bench;

/// <summary>A tier without files: the real policy on a real board decides, a dictionary stands for the folder.</summary>
/// <remarks>
/// The calls are those of <see cref="Tier"/> in their order: a load evicts and ages, then admits, then pins, which is a hit.
/// Nothing is pinned longer than an ask takes. The board is mapped, so scores, costs and counts are rounded as they are there.
/// </remarks>
internal sealed class ReplayTier : IDisposable
{
    private const long PageBytes = 4096;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("anndata-cache-replay-");
    private readonly TierFolder _root;
    private readonly ControlBoard _board;
    private readonly Eviction _eviction;
    private readonly long _budget;
    private readonly Dictionary<PartName, long> _parts = [];
    private long _used;

    internal ReplayTier(EvictionPolicy policy, long budget)
    {
        _root = TierFolder.Open(System.IO.Path.Join(_folder.FullName, "tier"), FolderAccess.Private);
        _board = ControlBoard.Open(_root);
        (_eviction, _budget) = (new Eviction(_board, policy), budget);
    }

    internal ReplayScore Run(IEnumerable<ReplayAsk> asks)
    {
        ReplayScore score = default;
        foreach (ReplayAsk ask in asks)
        {
            bool hit = Ask(ask.Part);
            if (ask.Counts) { score = score.With(ask.Part, hit); }
        }

        return score;
    }

    private bool Ask(ReplayPart part)
    {
        bool hit = _parts.ContainsKey(part.Name);
        if (!hit && !Load(part)) { return false; }
        _eviction.Touch(part.Name, part.Bytes);
        return hit;
    }

    private bool Load(ReplayPart part)
    {
        long need = (part.Bytes + PageBytes - 1) / PageBytes * PageBytes;
        if (need > _budget) { return false; }
        if (_used + need > _budget)
        {
            foreach (TierEntry evicted in _eviction.Order(_parts.Select(entry => new TierEntry(entry.Key, entry.Value)), part.Name))
            {
                _parts.Remove(evicted.Name);
                _eviction.Age(evicted.Name);
                _used -= evicted.Bytes;
                if (_used + need <= _budget) { break; }
            }
        }

        _parts.Add(part.Name, need);
        _used += need;
        _eviction.Admit(part.Name, part.Bytes, part.Seconds);
        return true;
    }

    public void Dispose()
    {
        _board.Dispose();
        _root.Dispose();
        _folder.Delete(recursive: true);
    }
}

/// <summary>What a tier was worth to those who asked.</summary>
internal readonly record struct ReplayScore(long Asks, long Hits, double Bytes, double HitBytes, double Seconds, double SavedSeconds)
{
    internal double HitRate => (double)Hits / Asks;

    internal double ByteHitRate => HitBytes / Bytes;

    internal double SavedRate => SavedSeconds / Seconds;

    internal ReplayScore With(ReplayPart part, bool hit) => this + (hit
        ? new ReplayScore(1, 1, part.Bytes, part.Bytes, part.Seconds, part.Seconds)
        : new ReplayScore(1, 0, part.Bytes, 0, part.Seconds, 0));

    public static ReplayScore operator +(ReplayScore left, ReplayScore right) => new(
        left.Asks + right.Asks, left.Hits + right.Hits, left.Bytes + right.Bytes,
        left.HitBytes + right.HitBytes, left.Seconds + right.Seconds, left.SavedSeconds + right.SavedSeconds);
}
