using System.Text.RegularExpressions;

namespace AnnDataCache.Tests.Api;

/// <summary>The tree keeps its shape: who may know whom, where unsafe calls live, how large a file or folder grows.</summary>
public sealed partial class LayeringTests
{
    private const int MaxLines = 400, MaxFiles = 15;

    /// <summary>What each floor may use, besides .NET, packages and the vocabulary in the root namespace.</summary>
    private static readonly Dictionary<string, string[]> s_uses = new()
    {
        ["Interop"] = [],
        ["Codecs"] = [],
        ["Containers"] = ["Codecs", "Interop"],
        ["Hdf5"] = ["Containers", "Codecs", "Interop"],
        ["Zarr"] = ["Containers", "Codecs", "Interop"],
        ["Elements"] = ["Containers"],
        ["Parts"] = ["Interop"],
        ["Store"] = ["Parts", "Interop"],
        ["Objects"] = ["Loading", "Store", "Parts", "Interop"],
        ["Slicing"] = ["Loading", "Elements", "Containers", "Store", "Parts", "Interop"],
        ["Summaries"] = ["Slicing", "Parts"],
        ["Batches"] = ["Summaries", "Parts"],
        ["Loading"] = ["Elements", "Hdf5", "Zarr", "Containers", "Store", "Parts", "Interop"],
    };

    private static string Core => Path.Join(TestFiles.Repository, "src", "AnnDataCache");

    public static TheoryData<string> Floors => [.. s_uses.Keys];

    [Theory]
    [MemberData(nameof(Floors))]
    public void AFloorUsesOnlyTheFloorsBelowIt(string floor)
    {
        foreach (string file in Sources(Path.Join(Core, floor)))
        {
            foreach (Match use in UsedFloor().Matches(File.ReadAllText(file)))
            {
                string used = use.Groups[1].Value;
                Assert.True(used == floor || s_uses[floor].Contains(used), $"{floor} must not know {used}: {Path.GetFileName(file)}");
            }
        }
    }

    [Fact]
    public void EveryFloorIsNamedInTheRule() =>
        Assert.Equal(s_uses.Keys.Order(), Directory.GetDirectories(Core).Select(Path.GetFileName).Where(name => name is not ("bin" or "obj")).Order());

    [Fact]
    public void OnlyInteropCallsTheKernel()
    {
        foreach (string file in Sources(Path.Join(TestFiles.Repository, "src")))
        {
            bool calls = File.ReadAllText(file) is var text && (text.Contains("[LibraryImport", StringComparison.Ordinal) || text.Contains("[DllImport", StringComparison.Ordinal));
            Assert.True(!calls || file.Contains("/Interop/", StringComparison.Ordinal), $"{file} calls native code; only Interop may.");
        }
    }

    [Fact]
    public void TheCommandLineSeesThePublicSurfaceOnly()
    {
        string project = File.ReadAllText(Path.Join(Core, "AnnDataCache.csproj"));
        Assert.DoesNotContain("InternalsVisibleTo Include=\"anndata-cache\"", project, StringComparison.Ordinal);
        foreach (string file in Sources(Path.Join(TestFiles.Repository, "src", "AnnDataCache.Cli")))
        {
            Assert.DoesNotMatch(UsedFloor(), File.ReadAllText(file));
        }
    }

    [Fact]
    public void NoFileOutgrowsItsThought()
    {
        string[] large = [.. new[] { "src", "tests", "bench" }
            .SelectMany(folder => Sources(Path.Join(TestFiles.Repository, folder)))
            .Where(file => File.ReadLines(file).Count() > MaxLines)];
        Assert.True(large.Length == 0, $"Over {MaxLines} lines; split by responsibility: {string.Join(", ", large)}");
    }

    [Fact]
    public void NoFolderOutgrowsASheet()
    {
        var large = Sources(Path.Join(TestFiles.Repository, "src")).GroupBy(Path.GetDirectoryName).Where(folder => folder.Count() > MaxFiles).Select(folder => folder.Key);
        Assert.True(!large.Any(), $"Over {MaxFiles} files: {string.Join(", ", large)}");
    }

    private static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    [GeneratedRegex(@"\busing (?:static )?AnnDataCache\.(?!Cli\b)([A-Z]\w+)")]
    private static partial Regex UsedFloor();
}
