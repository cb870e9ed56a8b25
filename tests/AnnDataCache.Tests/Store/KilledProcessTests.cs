using System.Diagnostics;
using System.Text.RegularExpressions;
using AnnDataCache.Interop;
using AnnDataCache.Tests.Cli;
using AnnDataCache.Tests.Objects;

namespace AnnDataCache.Tests.Store;

/// <summary>
/// The crash table of Tier.cs, row by row: the real executable is killed with SIGKILL right after a step, and the survivor
/// may find the whole part or none, never a piece, and no litter. A kill keeps the page cache: loss of power is not shown.
/// </summary>
public sealed partial class KilledProcessTests : IDisposable
{
    private const int Killed = 137;
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly CommandLine _line = new();

    [Theory]
    [InlineData("reserved", false)]
    [InlineData("filled", false)]
    [InlineData("framed", false)]
    [InlineData("before-seal", false)]
    [InlineData("sealed", true)]
    public void AKilledLoadLeavesAWholePartOrNone(string step, bool visible)
    {
        _line.Succeed("inspect", s_sample); // the tree is a part too: it is there before the load that dies
        CallResult died = RunAndDie(step, "load", s_sample, "X");
        Assert.True(died.ExitCode == Killed, $"It ran past '{step}' and proves nothing: {died.ExitCode} {died.Error}");
        Assert.Equal(visible ? 0 : 1, Directory.GetFiles(Path.Join(_line.HotFolder, "tmp")).Length);

        using Cache survivor = Cache.Open(_line.Options);
        Assert.Empty(survivor.Verify(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Join(_line.HotFolder, "tmp")));
        using CachedAnnData file = survivor.Open(s_sample);
        using PinnedElement x = file.Pin("X");
        Assert.Equal(!visible, x.Loaded);
        Assert.Equal(x.Sparse<float>().NonZeros, x.Sparse<float>().Offsets.Span<int>()[^1]);
        Assert.True(survivor.Statistics().Hot.UsedBytes <= survivor.Statistics().Hot.BudgetBytes);
    }

    [Theory]
    [InlineData("cold-copied")]
    [InlineData("cold-synced")]
    public void AKilledColdCopyLeavesTheHotPartAndNoPiece(string step)
    {
        _line.Environment["ANNDATA_CACHE_COLD_BYTES"] = "1GB";
        CallResult died = RunAndDie(step, "load", s_sample, "X");
        Assert.True(died.ExitCode == Killed, $"It ran past '{step}' and proves nothing: {died.ExitCode} {died.Error}");

        using Cache survivor = Cache.Open(_line.Options);
        Assert.Empty(survivor.Verify(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Join(_line.Options.ColdFolder, "tmp")));
        using CachedAnnData file = survivor.Open(s_sample);
        file.Pin("X").Dispose();
    }

    [Theory]
    [InlineData("evict-locked", true)]
    [InlineData("evict-unlinked", false)]
    public void AKilledEvictionLeavesThePartOrNothing(string step, bool remains)
    {
        _line.Succeed("load", s_sample, "X");
        CallResult died = RunAndDie(step, "evict", s_sample, "X");
        Assert.Equal(Killed, died.ExitCode);

        using Cache survivor = Cache.Open(_line.Options);
        Assert.Empty(survivor.Verify(TestContext.Current.CancellationToken));
        Assert.Equal(remains, survivor.List().Any(part => part.Element == "X"));
        Assert.Equal((remains ? 1 : 0, 0), survivor.Evict(s_sample, ["X"])); // the dead process's lock is gone
    }

    /// <summary>The part that goes is renamed into the temporary that its pages are wanted for: it is the old part's no more, and nobody's yet.</summary>
    [Fact]
    public void AKilledRecyclingLeavesATemporaryThatIsReaped()
    {
        Assert.SkipUnless(FileSystem.Of(Path.GetDirectoryName(_line.HotFolder)!).IsMemory, "There is no tmpfs: nothing is recycled.");
        const int Bytes = 1_500_000;
        CacheOptions options = _line.Options with { HotBytes = 2_500_000, ColdBytes = 0 };
        using (Cache cache = Cache.Open(options)) { cache.Put<byte>("old", new byte[Bytes], [Bytes]); }
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = "2500000";
        _line.Environment["ANNDATA_CACHE_CRASH"] = "evict-renamed";
        using (Process putter = _line.Start(["put", "new"]))
        {
            try { putter.StandardInput.BaseStream.Write(PutBytes.Dense(1, Bytes)); }
            catch (IOException) { /* it died before it had read all */ }
            putter.WaitForExit();
            Assert.True(putter.ExitCode == Killed, $"It ran past the step and proves nothing: {putter.ExitCode} {putter.StandardError.ReadToEnd()}");
        }

        Assert.Equal((0, 1), (Count("parts"), Count("tmp")));
        using Cache survivor = Cache.Open(options);
        Assert.Empty(survivor.Verify(TestContext.Current.CancellationToken));
        Assert.Equal((0, 0L), (Count("tmp"), survivor.Usage().UsedBytes));
        survivor.Put<byte>("new", new byte[Bytes], [Bytes]);
        Assert.False(survivor.Contains("old"));

        int Count(string folder) => Directory.GetFiles(Path.Join(_line.HotFolder, folder)).Length;
    }

    /// <summary>A step that is named in code stands in one of the crash tests, and in the soak.</summary>
    [Fact]
    public void EveryNamedStepHasAKillTestAndIsInTheSoak()
    {
        string Text(params string[] path) => File.ReadAllText(Path.Join([TestFiles.Repository, .. path]));
        string tests = Text("tests", "AnnDataCache.Tests", "Store", "KilledProcessTests.cs") + Text("tests", "AnnDataCache.Tests", "Objects", "ObjectRaceTests.cs");
        string soak = Text("bench", "AnnDataCache.Bench", "Soak", "SoakHerd.cs");
        string[] steps = [.. Directory.EnumerateFiles(Path.Join(TestFiles.Repository, "src", "AnnDataCache"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Reaches().Matches(File.ReadAllText(file))).SelectMany(reach => Quoted().Matches(reach.Value)).Select(step => step.Value).Distinct()];
        Assert.True(steps.Length >= 13, string.Join(' ', steps));
        string[] missing = [.. steps.Where(step => !tests.Contains(step, StringComparison.Ordinal) || !soak.Contains(step, StringComparison.Ordinal))];
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"CrashPoint\.Reach\([^;]*;")]
    private static partial Regex Reaches();

    [GeneratedRegex("\"[a-z-]+\"")]
    private static partial Regex Quoted();

    [Fact]
    public void ALivingLoadIsNotReapedAndItsReservationCounts()
    {
        _line.Succeed("inspect", s_sample);
        _line.Environment["ANNDATA_CACHE_CRASH"] = "filled:park";
        using Process parked = _line.Start(["load", s_sample, "X"]);
        try
        {
            string temporaries = Path.Join(_line.HotFolder, "tmp");
            WaitFor(() => Directory.GetFiles(temporaries).Length == 1);
            using Cache other = Cache.Open(_line.Options);
            long used = other.Statistics().Hot.UsedBytes;
            Assert.True(used > 700_000, $"{used:N0} bytes are counted; the reservation of X is not among them.");
            Assert.Empty(other.Verify(TestContext.Current.CancellationToken));
            Assert.Single(Directory.GetFiles(temporaries)); // S5: its lock is held
        }
        finally
        {
            parked.Kill();
            parked.WaitForExit();
        }

        using Cache after = Cache.Open(_line.Options);
        Assert.True(after.Statistics().Hot.UsedBytes < 100_000);
    }

    [Fact]
    public void OneOfSixProcessesLoadsAndTheOthersHit()
    {
        string[] elements = ["X", "layers/counts", "obs", "var", "obsm/X_pca", "uns"];
        Process[] processes = [.. Enumerable.Range(0, 6).Select(_ => _line.Start(["load", s_sample, .. elements]))];
        foreach (Process process in processes)
        {
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, error);
            process.Dispose();
        }

        using Cache cache = Cache.Open(_line.Options);
        Assert.Equal(elements.Length + 1, cache.Statistics().Hot.Loads); // and the tree
        Assert.Equal(elements.Length + 1, cache.Statistics().Hot.Parts);
    }

    private CallResult RunAndDie(string step, params string[] arguments)
    {
        _line.Environment["ANNDATA_CACHE_CRASH"] = step;
        try { return _line.Run(arguments); }
        finally { _line.Environment.Remove("ANNDATA_CACHE_CRASH"); }
    }

    private static void WaitFor(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++) { Thread.Sleep(10); }
        Assert.True(condition(), "It did not happen in 10 s.");
    }

    public void Dispose() => _line.Dispose();
}
