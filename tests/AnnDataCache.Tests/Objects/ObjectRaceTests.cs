using System.Diagnostics;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Objects;

/// <summary>
/// The crash table of ObjectNames.cs, row by row, with the real executable; and readers, writers and evictors in a crowd.
/// </summary>
public sealed class ObjectRaceTests(ITestOutputHelper output) : IDisposable
{
    private const int Killed = 137, Size = 400_000;

    private readonly CommandLine _line = new();

    /// <param name="step">Where the putter dies.</param>
    /// <param name="visible">Which object is found afterwards: 1 is the old one, 2 the new one.</param>
    [Theory]
    [InlineData("reserved", 1)]
    [InlineData("filled", 1)]
    [InlineData("framed", 1)]
    [InlineData("before-seal", 1)]
    [InlineData("object-named", 2)]
    [InlineData("object-reaped", 2)]
    public void AKilledPutLeavesTheOldObjectOrTheNewOne(string step, byte visible)
    {
        Assert.Equal(0, Put(1).ExitCode);
        Die(step, () => Put(2));
        CheckAndPutAgain(visible);
    }

    [Fact]
    public void APutIntoHotThatDiesBeforeColdIsTakenAwayHidesWhatColdHas()
    {
        CacheOptions both = BothTiers("0");
        Assert.Equal(0, Put(1).ExitCode);
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = "10MB";
        Die("object-named", () => Put(2));
        Assert.Equal((1, 1), (Parts("hot"), Parts("cold")));
        using Cache cache = Cache.Open(both with { HotBytes = 10_000_000 });
        using (PinnedElement found = cache.Get("x")) { Assert.Equal(2, Value(found)); }
        cache.Dispose();
        using Cache other = Cache.Open(both with { HotBytes = 10_000_000 });
        other.Clear(); // an eviction from hot: what it had covered must not come back (O4)
        Assert.False(other.Contains("x"), "An older object is found again.");
        Assert.Empty(other.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("object-named", 1)]
    [InlineData("object-retired", 2)]
    public void APutIntoColdShowsWhenHotHasLostTheName(string step, byte visible)
    {
        BothTiers("1MB");
        Assert.Equal(0, Put(1).ExitCode);
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = "100000";
        Die(step, () => Put(2));
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = "1MB";
        CheckAndPutAgain(visible);
        Assert.Equal((1, 0), (Parts("hot"), Parts("cold")));
    }

    [Theory]
    [InlineData("object-retired")]
    [InlineData("object-reaped")]
    public void AKilledDeleteThatTookTheNameHasDeleted(string step)
    {
        Put(1);
        Die(step, () => _line.Run("delete", "x"));
        using Cache cache = Cache.Open(_line.Options);
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
        Assert.False(cache.Contains("x"));
        Assert.Equal(0, cache.Usage().UsedBytes);
    }

    [Fact]
    public async Task ReadersOfAnObjectThatIsOverwrittenAgainAndAgainSeeWholeOnesInOrder()
    {
        const int Rounds = 60;
        using Cache writer = Cache.Open(_line.Options with { HotBytes = 8_000_000 });
        PutIn(writer, 0);
        using CancellationTokenSource done = new();
        int gets = 0, misses = 0;
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            using Cache cache = Cache.Open(_line.Options with { HotBytes = 8_000_000 });
            for (int last = 0; !done.IsCancellationRequested; Interlocked.Increment(ref gets))
            {
                if (!cache.TryGet("x", out PinnedElement? found))
                {
                    Interlocked.Increment(ref misses); // evicted
                    continue;
                }

                ReadOnlySpan<byte> bytes = found.Columns[0].Values.Span<byte>();
                Assert.True(bytes[0] >= last, $"{bytes[0]} was found after {last}.");
                Assert.Equal(-1, bytes.IndexOfAnyExcept(bytes[0]));
                last = bytes[0];
                found.Dispose();
            }
        }))];
        Task evictor = Task.Run(() =>
        {
            using Cache cache = Cache.Open(_line.Options with { HotBytes = 8_000_000 });
            for (int i = 0; !done.IsCancellationRequested; i++) { PutIn(cache, 1, $"other {i % 9}", 2_000_000); }
        });
        for (byte round = 1; round <= Rounds; round++)
        {
            PutIn(writer, round);
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        await done.CancelAsync();
        await Task.WhenAll([.. readers, evictor]);
        output.WriteLine($"{gets} gets and {misses} misses beside {Rounds} overwrites");
        Assert.True(gets > Rounds && misses < gets / 10, $"{gets} gets, {misses} misses");
        writer.Dispose();
        using Cache after = Cache.Open(_line.Options with { HotBytes = 8_000_000 });
        Assert.Empty(after.Verify(TestContext.Current.CancellationToken));
        Assert.True(after.Usage().UsedBytes <= 8_000_000);
    }

    /// <summary>More rounds: <c>ANNDATA_CACHE_KILL_ROUNDS=1000</c>.</summary>
    [Fact]
    public void PuttersAndDeletersThatAreKilledAnywhereLeaveACleanStore()
    {
        int rounds = int.Parse(Environment.GetEnvironmentVariable("ANNDATA_CACHE_KILL_ROUNDS") ?? "8", null), killed = 0;
        Random random = new(11);
        BothTiers("1500000"); // less than three: puts evict, or go to the cold tier
        for (int round = 0; round < rounds; round++)
        {
            Process[] processes = [.. Enumerable.Range(0, 4).Select(i => random.Next(4) == 0
                ? _line.Start(["delete", "a", "b"])
                : Start((byte)i, random.Next(2) == 0 ? "a" : "b", random.Next(2) == 0 ? Size : 2_000_000))];
            Thread.Sleep(random.Next(20, 200));
            foreach (Process process in processes.Where(_ => random.Next(3) > 0))
            {
                if (!process.HasExited) { killed++; }
                process.Kill();
            }

            foreach (Process process in processes)
            {
                string error = process.StandardError.ReadToEnd();
                process.WaitForExit();
                Assert.True(process.ExitCode is 0 or Killed or 31, $"A neighbour ended with {process.ExitCode}: {error}");
                process.Dispose();
            }

            CallResult verify = _line.Run("verify");
            Assert.True(verify.ExitCode == 0, $"Round {round}: {verify.Out}{verify.Error}");
        }

        output.WriteLine($"{rounds} rounds of 4 processes, {killed} killed at work");
        Assert.True(killed >= rounds / 2, $"Only {killed} were killed before they were done.");
    }

    private void CheckAndPutAgain(byte visible)
    {
        using (Cache survivor = Cache.Open(BothOf(_line)))
        {
            Assert.Empty(survivor.Verify(TestContext.Current.CancellationToken));
            Assert.Empty(Directory.GetFiles(Path.Join(_line.HotFolder, "tmp")));
            using PinnedElement found = survivor.Get("x");
            Assert.Equal(visible, Value(found));
        }

        Assert.Equal(0, Put(3).ExitCode);
        using Cache cache = Cache.Open(BothOf(_line));
        using PinnedElement last = cache.Get("x");
        Assert.Equal(3, Value(last));
    }

    private CacheOptions BothTiers(string hotBytes)
    {
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = hotBytes;
        _line.Environment["ANNDATA_CACHE_COLD_BYTES"] = "1GB";
        return _line.Options;
    }

    private static CacheOptions BothOf(CommandLine line) => line.Environment.ContainsKey("ANNDATA_CACHE_COLD_BYTES")
        ? line.Options with { HotBytes = 1_000_000 }
        : line.Options with { ColdBytes = 0 };

    private int Parts(string tier) => Directory.GetFiles(Path.Join(tier == "hot" ? _line.HotFolder : _line.Options.ColdFolder, "parts")).Length;

    private CallResult Put(byte value)
    {
        using Process process = Start(value, "x", Size);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CallResult(process.ExitCode, text, error.Result);
    }

    private Process Start(byte value, string name, int size)
    {
        Process process = _line.Start(["put", name]);
        _ = Task.Run(() =>
        {
            try
            {
                process.StandardInput.BaseStream.Write(PutBytes.Dense(value, size));
                process.StandardInput.Close();
            }
            catch (Exception gone) when (gone is IOException or InvalidOperationException)
            {
                // it was killed before it had read all
            }
        });
        return process;
    }

    private void Die(string step, Func<CallResult> call)
    {
        _line.Environment["ANNDATA_CACHE_CRASH"] = step;
        CallResult died = call();
        _line.Environment.Remove("ANNDATA_CACHE_CRASH");
        Assert.True(died.ExitCode == Killed, $"It ran past '{step}' and proves nothing: {died.ExitCode} {died.Error}");
    }

    private static void PutIn(Cache cache, byte value, string name = "x", int size = Size)
    {
        byte[] values = new byte[size];
        Array.Fill(values, value);
        cache.Put<byte>(name, values, [size]);
    }

    private static byte Value(PinnedElement found) => found.Columns[0].Values.Span<byte>()[^1];

    public void Dispose() => _line.Dispose();
}
