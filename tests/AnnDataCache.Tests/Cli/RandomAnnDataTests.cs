using System.Diagnostics;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>
/// Random AnnData, written by anndata and stored in many ways: what is in the sealed parts is what anndata reads back.
/// Other files: <c>ANNDATA_CACHE_SEED=7</c>; more of them: <c>ANNDATA_CACHE_RANDOM_FILES=300</c>.
/// </summary>
/// <remarks>
/// <c>checksum</c> pins every element and hashes the buffers of its part, so that a call on an empty store is a real load
/// of the whole file; no hash is taken from the source.
/// </remarks>
public sealed class RandomAnnDataTests(ITestOutputHelper output)
{
    private const string Interpreter = "/usr/bin/python3";

    private static readonly string s_seed = Environment.GetEnvironmentVariable("ANNDATA_CACHE_SEED") ?? "1";

    private static readonly string s_count = Environment.GetEnvironmentVariable("ANNDATA_CACHE_RANDOM_FILES") ?? "40";

    [Fact]
    public void PartsHoldWhatAnnDataReads()
    {
        RequireAnnData();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("random-anndata-");
        try
        {
            WriteFiles(folder.FullName);
            string[] files = [.. folder.EnumerateFiles("*.h5ad").Select(file => file.FullName).Order(StringComparer.Ordinal)];
            Assert.Equal(s_count, files.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
            ElementTally tally = new();
            Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = 2 }, file => ElementComparison.CompareFile(file, tally));
            output.WriteLine($"seed {s_seed}: {tally}");
            Assert.True(tally.Different.Count == 0 && tally.Refused.Count == 0, $"Seed {s_seed}: {tally}");
            Assert.True(tally.Equal > 30 * files.Length, $"Only {tally.Equal} elements were compared.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void RequireAnnData()
    {
        Python.Require();
        CallResult version = Python.Run("import anndata; print(anndata.__version__)");
        Assert.SkipUnless(version.ExitCode == 0, $"{Interpreter} has no anndata (Debian: python3-anndata).");
        Assert.SkipUnless(version.Out.StartsWith("0.8.", StringComparison.Ordinal), $"anndata is {version.Out.Trim()}; the script is made for 0.8.");
    }

    private static void WriteFiles(string folder)
    {
        string script = TestFiles.Small(Path.Join("property", "random_anndata.py"));
        ProcessStartInfo start = new(Interpreter, ["-B", script, "--seed", s_seed, "--count", s_count, "--out", folder]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
