using System.Diagnostics;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>
/// AnnData as programs in R, Julia, Rust, Java, Fortran and old ones in Python store it (<c>tests/data/writers/write.py</c>): what is in
/// the sealed parts is what h5py reads. Other files: <c>ANNDATA_CACHE_SEED=7</c>; more of each: <c>ANNDATA_CACHE_WRITER_FILES=100</c>.
/// </summary>
public sealed class OtherWritersTests(ITestOutputHelper output)
{
    private const int Writers = 10;

    private static readonly string s_seed = Environment.GetEnvironmentVariable("ANNDATA_CACHE_SEED") ?? "1";

    private static readonly string s_count = Environment.GetEnvironmentVariable("ANNDATA_CACHE_WRITER_FILES") ?? "3";

    [Fact]
    public void PartsHoldWhatH5pyReads()
    {
        Python.Require();
        Assert.SkipUnless(Python.Run("import h5py").ExitCode == 0, "python3 has no h5py (Debian: python3-h5py).");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("other-writers-");
        try
        {
            Write(folder.FullName);
            string[] files = Directory.GetFiles(folder.FullName, "*.h5ad");
            Assert.Equal(Writers * int.Parse(s_count, System.Globalization.CultureInfo.InvariantCulture), files.Length);
            ElementTally tally = new();
            Parallel.ForEach(files, new ParallelOptions { MaxDegreeOfParallelism = 2 }, file => ElementComparison.CompareFile(file, tally));
            output.WriteLine($"seed {s_seed}: {tally}");
            Assert.True(tally.Different.Count == 0, $"Seed {s_seed}: {tally}");
            Assert.All(tally.Refused, line => Assert.Contains("This is a named datatype", line, StringComparison.Ordinal)); // no values
            Assert.True(tally.Equal > 25 * files.Length, $"Only {tally.Equal} elements were compared.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Every element of the small files is described, strings that are no UTF-8 too.</summary>
    [Theory]
    [InlineData("legacy.h5ad")]
    [InlineData("encodings.h5ad")]
    [InlineData("names.h5ad")]
    [InlineData("records.h5ad")]
    [InlineData("awkward.h5ad")]
    public void TheSmallFilesAreDescribedWhole(string name)
    {
        using CommandLine line = new();
        JsonElement elements = line.Succeed("checksum", TestFiles.Small(Path.Join("h5ad", name))).Json.GetProperty("elements");
        Assert.True(elements.EnumerateObject().Count() > 8);
    }

    private static void Write(string folder)
    {
        string script = TestFiles.Small(Path.Join("writers", "write.py"));
        ProcessStartInfo start = new("/usr/bin/python3", ["-B", script, "--seed", s_seed, "--count", s_count, "--out", folder])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
