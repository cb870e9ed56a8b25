using System.Diagnostics;

namespace AnnDataCache.Tests.Hdf5;

/// <summary>A short run of the fuzzer over all small files; a long one is run by hand (docs/fuzzing.md).</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const string Seconds = "15";

    [Fact]
    public void DamagedFilesGiveValuesOrTheDocumentedErrors()
    {
        string configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Debug" : "Release";
        string fuzzer = Path.Join(TestFiles.Repository, "tests", "AnnDataCache.Fuzz", "bin", configuration, "net10.0", "AnnDataCache.Fuzz");
        ProcessStartInfo start = new(fuzzer, ["--seconds", Seconds, "--jobs", "2", TestFiles.Small(""), Path.Join(TestFiles.Repository, "samples")])
        {
            RedirectStandardOutput = true,
        };
        if (TestFiles.RealData is { } real)
        {
            start.ArgumentList.Add(Path.Join(real, "open"));
            start.ArgumentList.Add(Path.Join(real, "derived"));
        }

        using Process process = Process.Start(start)!;
        string report = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        output.WriteLine(report);
        Assert.True(process.ExitCode == 0, report);
        Assert.Contains(" files from ", report, StringComparison.Ordinal);
    }
}
