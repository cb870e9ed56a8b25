namespace AnnDataCache.Tests;

/// <summary>Where the test files lie: small ones in the repository, real ones in a folder beside it that may be missing.</summary>
internal static class TestFiles
{
    private static readonly Lazy<string> s_root = new(() => Ascend("AnnDataCache.slnx")
        ?? throw new InvalidOperationException($"No AnnDataCache.slnx above '{AppContext.BaseDirectory}'."));

    /// <summary>The root of the repository.</summary>
    public static string Repository => s_root.Value;

    /// <summary>Folder with the real files' <c>open</c>, <c>derived</c> and <c>oracle</c>, or null where it is missing.</summary>
    public static string? RealData { get; } = Ascend(Path.Join("shared", "data", "ORACLE.md")) is { } found
        ? Path.Join(found, "shared", "data")
        : null;

    /// <summary>A small file made by <c>tests/data/generate.py</c>.</summary>
    public static string Small(string name) => Path.Join(Repository, "tests", "data", name);

    /// <summary>The folder of the real files; the test is skipped, saying so, where it is missing.</summary>
    public static string RequireRealData()
    {
        Assert.SkipWhen(RealData is null, "The folder of real AnnData files, shared/data beside the repository, is missing.");
        return RealData!;
    }

    private static string? Ascend(string marker)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Join(folder.FullName, marker))) { return folder.FullName; }
        }

        return null;
    }
}
