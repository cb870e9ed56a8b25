using AnnDataCache.Interop;
using Microsoft.Extensions.Logging;

namespace AnnDataCache.Store;

/// <summary>Where a tier is and how large it may grow, after the defaults and the machine's limits.</summary>
/// <param name="Folder">Absolute path.</param>
/// <param name="Budget">Bytes; 0 when the tier is off.</param>
/// <param name="Note">Why it is off or smaller than asked, or null.</param>
internal sealed record TierSettings(string Folder, long Budget, string? Note)
{
    /// <summary>Who may use the folder.</summary>
    internal FolderAccess Access { get; init; } = FolderAccess.Private;

    /// <summary>A default hot tier below this would hold nothing useful, as in a container with 64 MB of /dev/shm.</summary>
    private const long LeastDefaultHot = 64L << 20;

    private const string SharedMemory = "/dev/shm";

    internal static TierSettings Hot(CacheOptions options)
    {
        FolderAccess access = AccessOf(options);
        string owner = access.Group is { } group ? $"group-{group}" : $"{Posix.EffectiveUserId()}";
        return Hot(options, options.HotFolder ?? Path.Join(SharedMemory, $"anndata-cache-{owner}")) with { Access = access };
    }

    private static TierSettings Hot(CacheOptions options, string folder)
    {
        if (options.HotBytes == 0) { return new TierSettings(folder, 0, "switched off: its budget is 0"); }
        if (options.HotFolder is null && !Directory.Exists(SharedMemory)) { return new TierSettings(folder, 0, $"there is no {SharedMemory}"); }
        FileSystem files = FileSystemOf(folder);
        long limit = files.IsMemory ? Math.Min(files.TotalBytes, MemoryLimit.Limit()) : files.TotalBytes;
        if (options.HotBytes is { } asked)
        {
            string? note = asked > limit ? $"its budget exceeds the {limit:N0} bytes that the machine allows: loads fail before it is full" : null;
            return new TierSettings(folder, asked, note);
        }

        return limit / 2 >= LeastDefaultHot
            ? new TierSettings(folder, limit / 2, null)
            : new TierSettings(folder, 0, $"half of the {limit:N0} bytes that {folder} may hold is less than {LeastDefaultHot:N0}; the cold tier serves alone");
    }

    internal static TierSettings Cold(CacheOptions options)
    {
        // A default cold folder lies in a user's home, where no group can share it.
        FolderAccess access = options.ColdFolder is null ? FolderAccess.Private : AccessOf(options);
        return Cold(options, options.ColdFolder ?? Path.Join(UserCacheFolder(), "anndata-cache")) with { Access = access };
    }

    private static FolderAccess AccessOf(CacheOptions options) => options.Group is not { } group
        ? FolderAccess.Private
        : new FolderAccess(Posix.FindGroup(group) ?? throw new StoreException(
            CacheError.BadSetting, $"There is no group '{group}'. Give a group's name or number as ANNDATA_CACHE_GROUP, or unset it."));

    private static TierSettings Cold(CacheOptions options, string folder)
    {
        if (options.ColdBytes == 0) { return new TierSettings(folder, 0, "switched off: its budget is 0"); }
        return new TierSettings(folder, options.ColdBytes ?? FileSystemOf(folder).TotalBytes / 4, null);
    }

    /// <summary>Opens the tier's folder; null when the tier is off.</summary>
    /// <param name="kind">Which tier it is.</param>
    /// <param name="logger">Told of parts that are dropped.</param>
    /// <param name="below">The tier that is looked at next.</param>
    internal Tier? Open(TierKind kind, ILogger logger, Tier? below = null) =>
        Budget == 0 ? null : new Tier(kind, TierFolder.Open(Folder, Access), Budget, logger) { Below = below };

    /// <summary>The file system that holds the folder, or will.</summary>
    internal static FileSystem FileSystemOf(string folder)
    {
        string? existing = folder;
        while (existing is not null && !Directory.Exists(existing)) { existing = Path.GetDirectoryName(existing); }
        return FileSystem.Of(existing ?? "/");
    }

    private static string UserCacheFolder()
    {
        string? configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!string.IsNullOrEmpty(configured) && Path.IsPathRooted(configured)) { return configured; }
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Join(home.Length > 0 ? home : Path.GetTempPath(), ".cache");
    }
}
