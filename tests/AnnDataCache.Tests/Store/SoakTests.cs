using System.Diagnostics;

namespace AnnDataCache.Tests.Store;

/// <summary>The short form of <c>bench soak</c>: its rounds, with smaller files. The hour is in docs/sharing.md.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private static readonly string s_bench = Path.Join(
        TestFiles.Repository, "bench", "AnnDataCache.Bench", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "AnnDataCache.Bench");

    /// <summary>Longer: <c>ANNDATA_CACHE_SOAK_MINUTES=60</c>.</summary>
    [Fact]
    public async Task ManyProcessesUnderFireReadRightValuesAndLeaveACleanStore()
    {
        string minutes = Environment.GetEnvironmentVariable("ANNDATA_CACHE_SOAK_MINUTES") ?? "0.6";
        (int exitCode, string table, string problems) = await Run("--minutes", minutes, "--round", "12", "--pace", "1");
        output.WriteLine(table);
        Assert.True(exitCode == 0, table + problems);
    }

    /// <summary>What a bug would do to the store, each done by hand: the soak that finds nothing must be one that finds these.</summary>
    [Theory]
    [InlineData("wrong,held", "has hash|has changed while it was pinned|holds wrong values", "1 temporaries are left")]
    [InlineData("stale,evicted", "'var' of '[^']*' has hash|'var' of '[^']*' holds wrong values|made of its source", "a part was evicted under its reader")]
    [InlineData("stale-object", "ms before a later change was begun")]
    [InlineData("budget,leaked", "[1-9][0-9,]* over the budget", "102,400 bytes are of deleted files; stopped processes have 0")]
    public async Task TheSoakFindsWhatIsPlanted(string plants, params string[] findings)
    {
        (int exitCode, string table, string problems) = await Run("--minutes", "0.01", "--round", "5", "--pace", "0.6", "--plant", plants);
        output.WriteLine(problems);
        Assert.True(exitCode == 1, table + problems);
        Assert.All(findings, finding => Assert.Matches(finding, problems));
    }

    private static async Task<(int ExitCode, string Table, string Problems)> Run(params string[] options)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "/usr/bin/python3, which makes the sources, is missing.");
        Assert.SkipUnless(File.Exists(s_bench), "The benchmarks are not built.");
        using Process soak = Process.Start(new ProcessStartInfo(
            s_bench, ["soak", "--processes", "12", "--hot", "20MB", "--cold", "15MB", "--cells", "4000", .. options])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = soak.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string table = await soak.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), problems = await error;
        await soak.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(problems.Contains("No module named", StringComparison.Ordinal), "python3-h5py is missing: no sources can be made.");
        return (soak.ExitCode, table, problems);
    }
}
