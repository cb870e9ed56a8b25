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
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "/usr/bin/python3, which makes the sources, is missing.");
        Assert.SkipUnless(File.Exists(s_bench), "The benchmarks are not built.");
        string minutes = Environment.GetEnvironmentVariable("ANNDATA_CACHE_SOAK_MINUTES") ?? "0.6";
        using Process soak = Process.Start(new ProcessStartInfo(
            s_bench, ["soak", "--minutes", minutes, "--round", "12", "--pace", "1", "--processes", "12", "--hot", "20MB", "--cold", "15MB", "--cells", "4000"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = soak.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string table = await soak.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), problems = await error;
        await soak.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(problems.Contains("No module named", StringComparison.Ordinal), "python3-h5py is missing: no sources can be made.");
        output.WriteLine(table);
        Assert.True(soak.ExitCode == 0, table + problems);
    }
}
