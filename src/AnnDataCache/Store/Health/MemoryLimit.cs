using System.Diagnostics;
using System.Globalization;

namespace AnnDataCache.Store;

/// <summary>The memory cgroup's limits, v2 or v1, up the hierarchy. tmpfs pages are charged to whoever writes them.</summary>
/// <param name="root">Where the groups are mounted.</param>
/// <param name="membership">Which of them this process belongs to: a line for each hierarchy.</param>
internal sealed class MemoryLimit(string root, string membership)
{
    private static readonly MemoryLimit s_own = new("/sys/fs/cgroup", "/proc/self/cgroup");

    /// <summary>Each part that gets room asks, and the groups are a dozen files: a limit that is changed counts after this.</summary>
    private static readonly TimeSpan s_validity = TimeSpan.FromSeconds(1);

    private Look? _last;

    /// <summary>A v1 limit this large means that there is none.</summary>
    private const long NoLimit = 1L << 60;

    /// <summary>The least limit that applies to this process; <see cref="long.MaxValue"/> when none does.</summary>
    internal static long Limit() => s_own.FindLimit();

    /// <summary>Bytes that this process may still charge before a limit is met.</summary>
    internal static long Headroom() => s_own.FindHeadroom();

    internal long FindLimit() => Limited().Select(group => group.Limit).DefaultIfEmpty(long.MaxValue).Min();

    internal long FindHeadroom() =>
        Limited().Select(group => Math.Max(group.Limit - group.Used(), 0)).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>The groups that have a limit; what they use is read anew each time.</summary>
    private Group[] Limited()
    {
        if (Volatile.Read(ref _last) is not { } look || Stopwatch.GetElapsedTime(look.At) > s_validity)
        {
            look = new Look(Stopwatch.GetTimestamp(), [.. Groups().Where(group => group.Limit != long.MaxValue)]);
            Volatile.Write(ref _last, look);
        }

        return look.Limited;
    }

    private IEnumerable<Group> Groups()
    {
        foreach (string line in ReadLines(membership))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3) { continue; }
            (string mount, string[] limits, string used, string reclaimable) = parts[1].Length == 0
                ? (root, new[] { "memory.max", "memory.high" }, "memory.current", "inactive_file")
                : (Path.Join(root, "memory"), ["memory.limit_in_bytes"], "memory.usage_in_bytes", "total_inactive_file");
            if (parts[1].Length > 0 && !parts[1].Split(',').Contains("memory")) { continue; }
            for (string path = parts[2]; ; path = Path.GetDirectoryName(path) ?? "/")
            {
                string folder = Path.Join(mount, path);
                yield return new Group(limits.Min(name => ReadBytes(Path.Join(folder, name))), folder, used, reclaimable);
                if (path.Length <= 1) { break; }
            }
        }
    }

    private sealed record Look(long At, Group[] Limited);

    private sealed record Group(long Limit, string Folder, string UsedFile, string ReclaimableKey)
    {
        internal long Used() => ReadBytes(Path.Join(Folder, UsedFile), absent: 0) - Reclaimable(Folder, ReclaimableKey);
    }

    /// <summary>Page cache that the kernel drops before it kills anybody.</summary>
    private static long Reclaimable(string folder, string key)
    {
        foreach (string line in ReadLines(Path.Join(folder, "memory.stat")))
        {
            if (line.StartsWith(key + " ", StringComparison.Ordinal)) { return Parse(line[(key.Length + 1)..], 0); }
        }

        return 0;
    }

    private static long ReadBytes(string path, long absent = long.MaxValue) => Parse(ReadLines(path).FirstOrDefault() ?? "", absent);

    private static long Parse(string text, long absent) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes < NoLimit ? bytes : absent;

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
