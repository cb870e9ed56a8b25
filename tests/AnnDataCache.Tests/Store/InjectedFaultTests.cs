using System.Diagnostics;
using AnnDataCache.Tests.Cli;
using AnnDataCache.Tests.Objects;

namespace AnnDataCache.Tests.Store;

/// <summary>System calls that fail below the store, one after the other, by strace's injection: each ends in a plain error, and nothing is left.</summary>
public sealed class InjectedFaultTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");
    private static readonly Lazy<bool> s_traces = new(TryTrace);

    private readonly CommandLine _line = new();
    private string _coldBytes = "0", _hotBytes = "1GiB";

    /// <summary>A cold copy that fails is no failure of the load, and leaves nothing; without extended attributes there is a copy, and no hash.</summary>
    [Theory]
    [InlineData("fdatasync", "EIO", false)]
    [InlineData("fsync", "EIO", true)]
    [InlineData("fsetxattr", "EOPNOTSUPP", true)]
    public void ACallThatFailsBelowTheColdTierCostsTheCopyAtMost(string call, string error, bool hasCopy)
    {
        Require();
        CallResult load = TraceWithCold($"inject={call}:error={error}", "load", s_sample, "X");
        Assert.True(load.ExitCode == 0, load.Error);
        using Cache cache = Cache.Open(_line.Options);
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
        Assert.Equal(hasCopy, cache.List().Any(part => part is { Tier: "cold", Element: "X" }));
        Assert.Empty(Directory.GetFiles(Path.Join(_line.Options.ColdFolder, "tmp")));
        Assert.Contains(cache.List(), part => part is { Tier: "hot", Element: "X" });
    }

    [Theory]
    [InlineData("pwrite64", "EIO", 10)]
    [InlineData("pwrite64", "ENOSPC", 6)]
    [InlineData("ftruncate", "ENOSPC", 4)]
    [InlineData("fallocate", "ENOSPC", 2)]
    [InlineData("fchmod", "EPERM", 2)]
    [InlineData("renameat2", "EIO", 3)]
    [InlineData("flock", "ENOLCK", 2)]
    [InlineData("fcntl", "EIO", 2)]
    [InlineData("mkdirat", "EACCES", 2)]
    [InlineData("statx", "EIO", 6)]
    public void ACallThatFailsIsAPlainErrorAndLeavesNothing(string call, string error, int times)
    {
        Require();
        Dictionary<int, int> outcomes = []; // the runtime locks what it reads with flock too: so every one from some on fails
        for (int when = 1; when <= times; when++)
        {
            CallResult result = Trace($"inject={call}:error={error}:when={when}{(call == "flock" ? "+" : "")}", "load", s_sample, "X", "obs");
            outcomes[result.ExitCode] = outcomes.GetValueOrDefault(result.ExitCode) + 1;
            Assert.True(result.ExitCode is 0 or 11 or (>= 20 and <= 32), $"{call} number {when}: ended with {result.ExitCode}: {result.Error}");
            Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
            CallResult verify = _line.Run("verify");
            Assert.True(verify.ExitCode == 0, $"{call} number {when}: {verify.Out}{verify.Error}");
            Assert.Equal(0, _line.Succeed("load", s_sample, "X", "obs").ExitCode);
            _line.Succeed("clear");
        }

        output.WriteLine($"{call} {error}: {string.Join(", ", outcomes.Select(outcome => $"{outcome.Value} ended with {outcome.Key}"))}");
    }

    /// <summary>A write that finds the file system full once costs a second try (L4), which begins anew. One thread writes: its writes can be counted.</summary>
    [Fact]
    public void AFileSystemThatIsFullForAMomentCostsACsvFileASecondTry()
    {
        Require();
        string source = Path.Join(_line.Folder, "large.csv"); // of several blocks
        File.WriteAllLines(source, ["name,number,share", .. Enumerable.Range(0, 150_000).Select(i => $"row {i},{i},{i}.5")]);
        int loads = 0;
        for (int when = 1; when <= 12; when++)
        {
            CallResult result = Trace($"inject=pwrite64:error=ENOSPC:when={when}", "csv", source);
            bool isSum = result.Error.Contains("Cannot write 8 bytes", StringComparison.Ordinal); // the tier's own, which has its page long since
            Assert.True(result.ExitCode == 0 || isSum, $"pwrite number {when}: {result.Error}");
            loads += isSum ? 0 : 1;
            CallResult verify = _line.Run("verify"); // compares with the source
            Assert.True(verify.ExitCode == 0, $"pwrite number {when}: {verify.Out}");
            _line.Succeed("clear");
        }

        Assert.True(loads > 6, $"{loads} writes of parts were hit.");
    }

    /// <summary>A put that fails leaves the old object; one that fails after the name was given leaves the new one. Never a piece, never none.</summary>
    [Theory]
    [InlineData("pwrite64", "EIO", 8)]
    [InlineData("pwrite64", "ENOSPC", 8)]
    [InlineData("ftruncate", "ENOSPC", 1)]
    [InlineData("fchmod", "EPERM", 1)]
    [InlineData("flock", "ENOLCK", 3)]
    [InlineData("renameat2", "EIO", 2)]
    [InlineData("unlinkat", "EIO", 1)]
    [InlineData("statx", "EIO", 6)]
    [InlineData("fdatasync", "EIO", 1)]
    [InlineData("fsync", "EIO", 1)]
    public void APutThatMeetsAFailingCallLeavesTheOldObjectOrTheNewOne(string call, string error, int times)
    {
        Require();
        Dictionary<(int, byte), int> outcomes = [];
        bool isCold = call is "fdatasync" or "fsync"; // nothing is flushed in memory
        if (isCold) { (_coldBytes, _hotBytes) = ("1GB", "100KB"); }
        CacheOptions options = _line.Options with { HotBytes = isCold ? 100_000 : 1 << 30, ColdBytes = isCold ? 1 << 30 : 0 };
        for (int when = 1; when <= times; when++)
        {
            using (Cache cache = Cache.Open(options)) { cache.Put<byte>("x", Enumerable.Repeat((byte)1, 200_000).ToArray(), [200_000]); }
            CallResult put = Trace($"inject={call}:error={error}:when={when}{(call == "flock" ? "+" : "")}", PutBytes.Dense(2, 200_000), "put", "x");
            Assert.True(put.ExitCode is 0 or (>= 20 and <= 32), $"{call} number {when}: ended with {put.ExitCode}: {put.Error}");
            Assert.DoesNotContain("   at ", put.Error, StringComparison.Ordinal);
            using Cache after = Cache.Open(options);
            Assert.Empty(after.Verify(TestContext.Current.CancellationToken));
            using PinnedElement found = after.Get("x");
            ReadOnlySpan<byte> bytes = found.Columns[0].Values.Span<byte>();
            Assert.Equal(-1, bytes.IndexOfAnyExcept(bytes[0]));
            Assert.True(put.ExitCode != 0 || bytes[0] == 2, "It said that it had put the object, and the old one is there.");
            outcomes[(put.ExitCode, bytes[0])] = outcomes.GetValueOrDefault((put.ExitCode, bytes[0])) + 1;
            Assert.Equal(found.Bytes / 4096 * 4096 + (found.Bytes % 4096 > 0 ? 4096 : 0), after.Usage().UsedBytes);
        }

        output.WriteLine($"{call} {error}: {string.Join(", ", outcomes.Select(one => $"{one.Value} ended with {one.Key.Item1}, object {one.Key.Item2} is there"))}");
    }

    /// <summary>A file system whose locks exclude nobody costs bytes over the budget at worst, never wrong bytes; the doctor says so.</summary>
    [Theory]
    [InlineData("0")]
    [InlineData("1GB")]
    public void AFileSystemThatLiesAboutLocksGivesRightBytesAndIsFoundOut(string coldBytes)
    {
        Require();
        _line.Environment["ANNDATA_CACHE_COLD_BYTES"] = _coldBytes = coldBytes;
        CallResult doctor = Trace("inject=flock:retval=0", "doctor");
        Assert.Contains("do not exclude each other", doctor.Out, StringComparison.Ordinal);
        Process[] processes = [.. Enumerable.Range(0, 3).Select(_ => Start("inject=flock:retval=0", "load", s_sample, "--all"))];
        foreach (Process process in processes)
        {
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode is 0 or 31 or 32, error);
            process.Dispose();
        }

        _line.Run("verify"); // corrects the sums, which unlocked writers may have made wrong
        CallResult verify = _line.Run("verify");
        Assert.True(verify.ExitCode == 0, verify.Out);
        _line.Succeed("load", s_sample, "X");
    }

    /// <summary>The native executable: a runtime that compiles would meet the faults before the store does.</summary>
    private static readonly string s_executable = Path.Join(TestFiles.Repository, "artifacts", "anndata-cache");

    private static void Require()
    {
        Assert.SkipUnless(s_traces.Value, "strace is missing, or may not trace here.");
        Assert.SkipUnless(File.Exists(s_executable), "The native executable is not published.");
    }

    private static bool TryTrace()
    {
        try
        {
            using Process probe = Process.Start(new ProcessStartInfo("strace", ["-qq", "-o", "/dev/null", "true"]) { RedirectStandardError = true })!;
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private CallResult Trace(string injection, params string[] arguments)
    {
        using Process process = Start(injection, arguments);
        return CallResult.Of(process);
    }

    private CallResult Trace(string injection, byte[] input, params string[] arguments)
    {
        using Process process = Start(injection, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync(), text = process.StandardOutput.ReadToEndAsync();
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it ended before it had read all
        }

        process.WaitForExit();
        return new CallResult(process.ExitCode, text.Result, error.Result);
    }

    private CallResult TraceWithCold(string injection, params string[] arguments)
    {
        _coldBytes = "1GB";
        return Trace(injection, arguments);
    }

    /// <summary>The executable under strace.</summary>
    private Process Start(string injection, params string[] arguments)
    {
        string call = injection.Split('=')[1].Split(':')[0];
        List<string> trace = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", $"trace={call}", "-e", injection];
        ProcessStartInfo start = new("strace", [.. trace, s_executable, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ANNDATA_CACHE_HOT_FOLDER"] = _line.HotFolder;
        start.Environment["ANNDATA_CACHE_HOT_BYTES"] = _hotBytes;
        start.Environment["ANNDATA_CACHE_FOLDER"] = _line.Options.ColdFolder;
        start.Environment["ANNDATA_CACHE_COLD_BYTES"] = _coldBytes;
        return Process.Start(start)!;
    }

    public void Dispose() => _line.Dispose();
}
