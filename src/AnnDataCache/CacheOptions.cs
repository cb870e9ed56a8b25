using System.Globalization;

namespace AnnDataCache;

/// <summary>When a part found in the cold tier is copied to the hot tier.</summary>
public enum Promotion
{
    /// <summary>Only when the cold folder is on a network file system, or the hot tier has huge pages: there it pays.</summary>
    Auto,
    /// <summary>Never: cold parts are mapped in place, through the page cache.</summary>
    Never,
    /// <summary>At every cold hit that finds room.</summary>
    Always,
}

/// <summary>When the twin of a sparse matrix is built: the same matrix gene by gene (of one stored so, cell by cell), for slices along its other axis.</summary>
public enum TwinPolicy
{
    /// <summary>When the first gene is asked for: it is answered by a scan, and the twin is built behind the asker's back.</summary>
    OnFirstGene,
    /// <summary>When the matrix is loaded, behind the asker's back.</summary>
    WithLoad,
    /// <summary>Only when it is asked for: every gene is answered by a scan until then.</summary>
    Never,
}

/// <summary>Where the tiers are and how large they may grow. Immutable; change a copy with <c>with</c>.</summary>
/// <remarks>
/// All processes that share a store must use the same folders. Budgets may differ: each process keeps to its own when it
/// loads, so the smallest one rules what that process adds.
/// </remarks>
public sealed record CacheOptions
{
    /// <summary>Folder of the hot tier. Default: <c>/dev/shm/anndata-cache-&lt;uid&gt;</c>, memory that every process can map.</summary>
    public string? HotFolder { get; init; }

    /// <summary>
    /// Budget of the hot tier in bytes; 0 switches it off. Default: half of the least of what the file system holds and
    /// what the memory cgroup allows, because a write past either would fail or kill the writer.
    /// </summary>
    public long? HotBytes { get; init; }

    /// <summary>Folder of the cold tier. Default: <c>$XDG_CACHE_HOME/anndata-cache</c>, else <c>~/.cache/anndata-cache</c>.</summary>
    public string? ColdFolder { get; init; }

    /// <summary>
    /// Budget of the cold tier in bytes; 0 switches it off. Default: a quarter of the file system it lies on, because a
    /// cache must not be what fills a user's disk.
    /// </summary>
    public long? ColdBytes { get; init; }

    /// <summary>Folder in which relative source names are looked up. Default: the working folder.</summary>
    public string? DataFolder { get; init; }

    /// <summary>When cold parts are copied to the hot tier. Default: <see cref="AnnDataCache.Promotion.Auto"/>.</summary>
    public Promotion Promotion { get; init; } = Promotion.Auto;

    /// <summary>When twins of sparse matrices are built. Default: <see cref="TwinPolicy.OnFirstGene"/>.</summary>
    public TwinPolicy Twin { get; init; } = TwinPolicy.OnFirstGene;

    /// <summary>
    /// Name or number of a group whose members share the tiers' folders: 2770, with parts that they may read and nobody may
    /// write. Default: none, the folders are private. Sources that the group may not read are not shared. The default hot
    /// folder is then <c>/dev/shm/anndata-cache-group-&lt;number&gt;</c>; a cold folder is shared only when it is given.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>
    /// How long to wait for another process's load that makes no progress, before loading beside it: its process may be
    /// stopped. A load that advances is waited for, however long it takes. Default: 15 seconds.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// True to know a folder source (Zarr) by every file in it, however many there are. Default: of a folder with more than
    /// 4,096 entries only metadata and folders are looked at, so that chunks that are overwritten in place are not noticed.
    /// </summary>
    public bool CheckEveryFile { get; init; }

    /// <summary>Threads that decode one load. Default: all cores, since nothing else of the asker runs meanwhile.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Options from the environment, with defaults for what it does not set.</summary>
    /// <remarks>
    /// <c>ANNDATA_CACHE_HOT_FOLDER</c> (alias <c>ANNDATA_CACHE_PLASMA_LOCATION</c>), <c>ANNDATA_CACHE_HOT_BYTES</c>,
    /// <c>ANNDATA_CACHE_FOLDER</c> (cold), <c>ANNDATA_CACHE_COLD_BYTES</c>, <c>ANNDATA_DATA_FOLDER</c>,
    /// <c>ANNDATA_CACHE_GROUP</c>, <c>ANNDATA_CACHE_CHECK</c>, <c>ANNDATA_CACHE_PROMOTION</c>, <c>ANNDATA_CACHE_PATIENCE</c> (seconds),
    /// <c>ANNDATA_CACHE_WORKERS</c>, <c>ANNDATA_CACHE_TWIN</c>. Bytes may have a unit: <c>512MB</c>, <c>8GiB</c>.
    /// </remarks>
    /// <exception cref="StoreException">A variable makes no sense; the message names it, its value and the remedy.</exception>
    public static CacheOptions FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    internal static CacheOptions FromEnvironment(Func<string, string?> variable) => new()
    {
        HotFolder = Folder(variable, "ANNDATA_CACHE_HOT_FOLDER") ?? Folder(variable, "ANNDATA_CACHE_PLASMA_LOCATION"),
        HotBytes = Bytes(variable, "ANNDATA_CACHE_HOT_BYTES"),
        ColdFolder = Folder(variable, "ANNDATA_CACHE_FOLDER"),
        ColdBytes = Bytes(variable, "ANNDATA_CACHE_COLD_BYTES"),
        DataFolder = Folder(variable, "ANNDATA_DATA_FOLDER"),
        Promotion = Choice(variable, "ANNDATA_CACHE_PROMOTION"),
        Twin = Twins(variable, "ANNDATA_CACHE_TWIN"),
        Group = variable("ANNDATA_CACHE_GROUP") is { Length: > 0 } group ? group : null,
        Patience = Seconds(variable, "ANNDATA_CACHE_PATIENCE", TimeSpan.FromSeconds(15)),
        CheckEveryFile = Check(variable, "ANNDATA_CACHE_CHECK"),
        Workers = Count(variable, "ANNDATA_CACHE_WORKERS"),
    };

    private static bool Check(Func<string, string?> variable, string name) => variable(name) switch
    {
        null or "" or "auto" => false,
        "all" => true,
        string value => throw Bad(name, value, "auto or all"),
    };

    private static TimeSpan Seconds(Func<string, string?> variable, string name, TimeSpan otherwise)
    {
        string? value = variable(name);
        if (string.IsNullOrEmpty(value)) { return otherwise; }
        return double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 86_400
            ? TimeSpan.FromSeconds(seconds)
            : throw Bad(name, value, "a number of seconds, more than 0 and up to 86400");
    }

    private static string? Folder(Func<string, string?> variable, string name)
    {
        string? value = variable(name);
        if (string.IsNullOrEmpty(value)) { return null; }
        if (!Path.IsPathRooted(value)) { throw Bad(name, value, "an absolute path, such as /dev/shm/my-cache"); }
        return File.Exists(value) ? throw Bad(name, value, "a folder; this is a file") : Path.GetFullPath(value);
    }

    private static long? Bytes(Func<string, string?> variable, string name)
    {
        string? value = variable(name);
        if (string.IsNullOrEmpty(value)) { return null; }
        return ByteSize.TryParse(value, out long bytes)
            ? bytes
            : throw Bad(name, value, "a number of bytes, 0 or more, such as 8GiB or 500000000");
    }

    private static Promotion Choice(Func<string, string?> variable, string name) => variable(name) switch
    {
        null or "" or "auto" => Promotion.Auto,
        "never" => Promotion.Never,
        "always" => Promotion.Always,
        string value => throw Bad(name, value, "auto, never or always"),
    };

    private static TwinPolicy Twins(Func<string, string?> variable, string name) => variable(name) switch
    {
        null or "" or "on-first-gene" => TwinPolicy.OnFirstGene,
        "with-load" => TwinPolicy.WithLoad,
        "never" => TwinPolicy.Never,
        string value => throw Bad(name, value, "on-first-gene, with-load or never"),
    };

    private static int Count(Func<string, string?> variable, string name)
    {
        string? value = variable(name);
        if (string.IsNullOrEmpty(value)) { return Environment.ProcessorCount; }
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= 1024
            ? count
            : throw Bad(name, value, "a number of threads from 1 to 1024");
    }

    private static StoreException Bad(string name, string value, string wanted) =>
        new(CacheError.BadSetting, $"{name} is '{value}', but must be {wanted}. Correct or unset it.");
}
