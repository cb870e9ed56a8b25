using System.CommandLine;

namespace AnnDataCache.Cli;

/// <summary>Options that every verb takes. Settings override the environment, also for processes that a verb starts.</summary>
internal static class CommonOptions
{
    internal static readonly Option<bool> Json =
        new("--json") { Description = "Write JSON for scripts instead of text.", Recursive = true };

    internal static readonly Option<bool> Check =
        new("--check") { Description = "Know a Zarr store by every file in it, however many there are.", Recursive = true };

    private static readonly (Option<string?> Option, string Variable, bool IsFolder)[] s_settings =
    [
        (Setting("--hot-folder", "FOLDER", "Folder of the tier in memory [default: /dev/shm/anndata-cache-<uid>]."),
            "ANNDATA_CACHE_HOT_FOLDER", true),
        (Setting("--hot-bytes", "BYTES", "Budget of the tier in memory, such as 8GiB; 0 switches it off."),
            "ANNDATA_CACHE_HOT_BYTES", false),
        (Setting("--cold-folder", "FOLDER", "Folder of the tier on disk [default: ~/.cache/anndata-cache]."),
            "ANNDATA_CACHE_FOLDER", true),
        (Setting("--cold-bytes", "BYTES", "Budget of the tier on disk; 0 switches it off."),
            "ANNDATA_CACHE_COLD_BYTES", false),
        (Setting("--data-folder", "FOLDER", "Folder in which relative names of files are looked up."),
            "ANNDATA_DATA_FOLDER", true),
        (Setting("--workers", "COUNT", "Threads that decode [default: all cores]."),
            "ANNDATA_CACHE_WORKERS", false),
    ];

    internal static void AddTo(Command root)
    {
        root.Options.Add(Json);
        root.Options.Add(Check);
        foreach ((Option<string?> option, _, _) in s_settings) { root.Options.Add(option); }
    }

    /// <exception cref="StoreException">A setting makes no sense; the message names the option or variable it came from.</exception>
    internal static CacheOptions Read(ParseResult parsed)
    {
        foreach ((Option<string?> option, string variable, bool isFolder) in s_settings)
        {
            if (parsed.GetValue(option) is not { } value) { continue; }
            if (value.Length == 0) { throw new UsageException($"{option.Name} needs a value."); }
            Environment.SetEnvironmentVariable(variable, isFolder ? Path.GetFullPath(value) : value);
        }

        if (parsed.GetValue(Check)) { Environment.SetEnvironmentVariable("ANNDATA_CACHE_CHECK", "all"); }
        return CacheOptions.FromEnvironment();
    }

    /// <summary>The same text with the option's name where a variable was set by an option of this call.</summary>
    internal static string NameOptions(ParseResult parsed, string message)
    {
        foreach ((Option<string?> option, string variable, _) in s_settings)
        {
            if (parsed.GetValue(option) is not null) { message = message.Replace(variable, option.Name, StringComparison.Ordinal); }
        }

        return message;
    }

    private static Option<string?> Setting(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value, Recursive = true };
}
