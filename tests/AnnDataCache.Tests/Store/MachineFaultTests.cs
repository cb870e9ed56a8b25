using System.Diagnostics;
using System.Text.RegularExpressions;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Store;

/// <summary>What the machine does to a store: clocks that jump, processes that fork, a shared memory that is small, or that a stranger fills.</summary>
public sealed partial class MachineFaultTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly CommandLine _line = new();

    /// <summary>A pin is the kernel's lock, which a fork inherits: it ends with the last process that has the mapping, however the others end.</summary>
    [Fact]
    public void AForkedReaderKeepsThePinOfItsParentThatWasKilled()
    {
        Python.Require();
        using Cache cache = Cache.Open(_line.Options with { ColdBytes = 0 });
        string part, hash;
        using (CachedAnnData file = cache.Open(s_sample))
        using (PinnedElement x = file.Pin("X"))
        {
            part = Path.GetFileName(x.PartFile);
            hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(x.PartFile)));
        }

        string pin = PythonBlock().Match(File.ReadAllText(Path.Join(TestFiles.Repository, "docs", "sharing.md"))).Groups[1].Value;
        string script = $"""
            {pin}
            import hashlib, signal, sys
            memory, layout = pin({PythonText(_line.HotFolder)}, {PythonText(part)})
            if os.fork():
                os.kill(os.getpid(), signal.SIGKILL)
            print("forked", os.getpid(), flush=True)
            sys.stdin.readline()
            print(hashlib.sha256(memory).hexdigest(), flush=True)
            """;
        using Process reader = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.StartsWith("forked", reader.StandardOutput.ReadLine(), StringComparison.Ordinal);
        reader.WaitForExit(); // the parent; its child still reads the same pipes
        Assert.Equal(137, reader.ExitCode);
        Assert.Equal((1, 1), cache.Evict(s_sample)); // the tree goes, X does not
        reader.StandardInput.WriteLine();
        Assert.Equal(hash, reader.StandardOutput.ReadLine());
        Assert.Null(reader.StandardOutput.ReadLine()); // the child has ended
        Assert.Equal((1, 0), cache.Evict(s_sample));
    }

    /// <summary>What .NET starts is forked before it becomes another program; neither the fork nor the program may keep a pin.</summary>
    [Fact]
    public void AProgramThatIsStartedWhileAPartIsPinnedDoesNotPinIt()
    {
        using Cache cache = Cache.Open(_line.Options with { ColdBytes = 0 });
        Process sleeper;
        using (CachedAnnData file = cache.Open(s_sample))
        using (file.Pin("X")) { sleeper = Process.Start("sleep", ["600"]); }

        try
        {
            Assert.Equal((2, 0), cache.Evict(s_sample));
        }
        finally
        {
            sleeper.Kill();
            sleeper.Dispose();
        }
    }

    /// <summary>Nothing is decided by the clock of the day: here it jumps by up to ten years at every look.</summary>
    [Fact]
    public void AClockThatJumpsChangesNothing()
    {
        string shim = Path.Join(_line.Folder, "jumping.so");
        Assert.SkipUnless(File.Exists(CommandLine.Native), "The native executable is not published.");
        Assert.SkipUnless(TryCompile(shim), "There is no C compiler.");
        ProcessStartInfo date = new("date", ["+%s"]) { Environment = { ["LD_PRELOAD"] = shim } };
        Assert.True(Enumerable.Range(0, 5).Select(_ => long.Parse(CallResult.Of(date).Out, null)).Distinct().Count() > 2, "The clock does not jump.");
        _line.Program = CommandLine.Native;
        _line.Environment["LD_PRELOAD"] = shim;
        _line.Environment["ANNDATA_CACHE_COLD_BYTES"] = "1GB";
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = "1500000"; // less than all of it: loads evict
        for (int round = 0; round < 3; round++)
        {
            CallResult load = _line.Run("load", s_sample, "--all");
            Assert.True(load.ExitCode == 0, load.Error);
            CallResult hit = _line.Run("load", s_sample, "obs", "--json");
            Assert.Equal("hit", hit.Json.GetProperty("result").GetString());
            Assert.Equal(0, _line.Run("explain", s_sample, "X").ExitCode);
            Assert.Equal(0, _line.Run("evict", s_sample, "X").ExitCode);
            CallResult verify = _line.Run("verify");
            Assert.True(verify.ExitCode == 0, verify.Out);
        }
    }

    /// <summary>Docker's 64 MB, with the defaults: a hot tier of it would hold nothing, so the cold one serves alone.</summary>
    [Fact]
    public void InASharedMemoryOf64MegabytesTheColdTierServesAlone()
    {
        CallResult load = InSharedMemoryOf("64m", null, "load", s_sample, "X", "--json");
        Assert.True(load.ExitCode == 0, load.Error);
        Assert.Equal("cold", load.Json.GetProperty("tier").GetString());
        CallResult doctor = InSharedMemoryOf("64m", null, "doctor");
        Assert.Contains("--shm-size", doctor.Out, StringComparison.Ordinal);
    }

    /// <summary>A budget that the shared memory cannot hold: what is refused there goes to the cold tier; nobody meets SIGBUS.</summary>
    [Fact]
    public void ABudgetBeyondTheSharedMemoryIsNoSigbus()
    {
        CallResult load = InSharedMemoryOf("1m", "1GiB", "load", s_sample, "--all", "--json");
        Assert.True(load.ExitCode == 0, load.Error);
        Assert.Contains(load.JsonLines, line => line.TryGetProperty("tier", out System.Text.Json.JsonElement tier) && tier.GetString() == "cold");
    }

    [Fact]
    public void ATmpfsThatAStrangerFillsIsARefusalAndReadersKeepTheirBytes()
    {
        string mount = Path.GetDirectoryName(_line.HotFolder)!;
        using TestTmpfs tmpfs = TestTmpfs.Mount(mount, "4m");
        using Cache cache = Cache.Open(_line.Options with { ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement x = file.Pin("X");
        byte[] before = File.ReadAllBytes(x.PartFile);
        string stranger = Path.Join(mount, "stranger");
        Fill(stranger);
        StoreException error = Assert.Throws<StoreException>(() => file.Pin("layers/counts"));
        Assert.Equal(CacheError.NoRoom, error.Error);
        Assert.Contains("its file system has 0 free", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(x.PartFile));
        File.Delete(stranger);
        file.Pin("layers/counts").Dispose();
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
    }

    /// <summary>Room is looked for again (L4): here there is none, and the disk has it. What is begun anew has the same bytes.</summary>
    [Theory]
    [InlineData("X", 1)]
    [InlineData("layers/counts", 2)]
    public void ATmpfsThatAStrangerFillsDuringALoadSendsItToTheDisk(string element, int reports)
    {
        string mount = Path.GetDirectoryName(_line.HotFolder)!;
        using TestTmpfs tmpfs = TestTmpfs.Mount(mount, "4m");
        using Cache cache = Cache.Open(_line.Options with { ColdBytes = 1 << 30 });
        using CachedAnnData file = cache.Open(s_sample);
        Stranger stranger = new(Path.Join(mount, "stranger"), reports);
        using PinnedElement pinned = file.Pin(element, stranger, TestContext.Current.CancellationToken);
        Assert.Equal((true, "cold"), (pinned.Loaded, pinned.Tier));
        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken)); // compares with the source
        Assert.Empty(Directory.GetFiles(Path.Join(_line.HotFolder, "tmp")));
    }

    /// <summary>Fills the file system when so much progress was reported.</summary>
    private sealed class Stranger(string file, int reports) : IProgress<LoadProgress>
    {
        private int _seen;

        public void Report(LoadProgress value)
        {
            if (Interlocked.Increment(ref _seen) == reports) { Fill(file); }
        }
    }

    private static void Fill(string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true) { file.Write(new byte[4096]); }
        }
        catch (IOException)
        {
            // full, as was wanted
        }
    }

    /// <summary>Runs a call in a mount namespace of its own, where <c>/dev/shm</c> is small.</summary>
    private CallResult InSharedMemoryOf(string size, string? budget, params string[] arguments)
    {
        string[] outer = ["-m", "sh", "-c", "mount -t tmpfs -o size=\"$0\" tmpfs /dev/shm || exit 99; exec \"$@\"", size, CommandLine.Executable, .. arguments];
        ProcessStartInfo start = new("unshare", outer);
        start.Environment["ANNDATA_CACHE_FOLDER"] = _line.Options.ColdFolder;
        if (budget is not null) { start.Environment["ANNDATA_CACHE_HOT_BYTES"] = budget; }
        CallResult result = CallResult.Of(start);
        Assert.SkipWhen(result.ExitCode == 99 || result.Error.Contains("unshare:", StringComparison.Ordinal), "This user may not mount in a namespace of its own.");
        return result;
    }

    private static bool TryCompile(string library)
    {
        const string Source = """
            #define _GNU_SOURCE
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <sys/time.h>
            #include <time.h>
            #include <unistd.h>
            static long jump(void) { static __thread unsigned seed; if (!seed) seed = getpid(); return (long)(rand_r(&seed) % 7300 - 3650) * 86400; }
            int clock_gettime(clockid_t clock, struct timespec *time)
            {
                int result = syscall(SYS_clock_gettime, clock, time);
                if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) time->tv_sec += jump();
                return result;
            }
            int gettimeofday(struct timeval *time, void *zone) { struct timespec now; clock_gettime(CLOCK_REALTIME, &now); time->tv_sec = now.tv_sec; time->tv_usec = now.tv_nsec / 1000; return 0; }
            """;
        File.WriteAllText(library + ".c", Source);
        foreach (string compiler in (string[])["cc", "gcc", "clang"])
        {
            try
            {
                using Process process = Process.Start(new ProcessStartInfo(compiler, ["-shared", "-fPIC", "-O1", "-o", library, library + ".c"]) { RedirectStandardError = true })!;
                process.WaitForExit();
                if (process.ExitCode == 0) { return true; }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // not this one
            }
        }

        return false;
    }

    private static string PythonText(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex PythonBlock();

    public void Dispose() => _line.Dispose();
}
