using System.Diagnostics;
using AnnDataCache.Interop;
using AnnDataCache.Store;
using AnnDataCache.Tests.Cli;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnnDataCache.Tests.Store;

/// <summary>What happens to some process must not hurt another: killed, stopped, robbed of its folder, forked, refused.</summary>
public sealed class FaultTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly CommandLine _line = new();

    /// <summary>More rounds: <c>ANNDATA_CACHE_KILL_ROUNDS=1000</c>.</summary>
    [Fact]
    public void ProcessesThatAreKilledAnywhereLeaveACleanStore()
    {
        int rounds = int.Parse(Environment.GetEnvironmentVariable("ANNDATA_CACHE_KILL_ROUNDS") ?? "12", null), killed = 0;
        Random random = new(7);
        _line.Environment["ANNDATA_CACHE_COLD_BYTES"] = "1GB";
        _line.Environment["ANNDATA_CACHE_HOT_BYTES"] = "1500000"; // less than all of it: loads evict
        string[][] calls = [["load", s_sample, "--all"], ["load", s_sample, "X"], ["load", s_sample, "layers/counts", "obs"], ["evict", s_sample], ["clear"]];
        for (int round = 0; round < rounds; round++)
        {
            Process[] processes = [.. Enumerable.Range(0, 4).Select(_ => _line.Start(calls[random.Next(calls.Length)]))];
            Thread.Sleep(random.Next(20, 250));
            foreach (Process process in processes.Where(_ => random.Next(3) > 0))
            {
                if (!process.HasExited) { killed++; }
                process.Kill();
            }

            foreach (Process process in processes)
            {
                string error = process.StandardError.ReadToEnd();
                process.WaitForExit();
                Assert.True(process.ExitCode is 0 or 137 or 31, $"A neighbour ended with {process.ExitCode}: {error}");
                process.Dispose();
            }

            CallResult verify = _line.Run("verify");
            Assert.True(verify.ExitCode == 0, $"Round {round}: {verify.Out}{verify.Error}");
            using Cache cache = Cache.Open(_line.Options with { HotBytes = 1_500_000 });
            CacheStatistics now = cache.Statistics();
            Assert.Equal(0, now.Hot.PinnedBytes + now.Cold.PinnedBytes); // the dead pin nothing
            Assert.True(now.Hot.UsedBytes <= now.Hot.BudgetBytes, $"{now.Hot.UsedBytes:N0} of {now.Hot.BudgetBytes:N0}");
        }

        output.WriteLine($"{rounds} rounds of 4 processes, {killed} killed at work");
        Assert.True(killed >= rounds / 2, $"Only {killed} were killed before they were done.");
    }

    [Fact]
    public void ALoadWhoseProcessIsStoppedDoesNotHoldUpOthers()
    {
        _line.Succeed("inspect", s_sample);
        _line.Environment["ANNDATA_CACHE_CRASH"] = "filled:park";
        using Process parked = _line.Start(["load", s_sample, "X"]);
        try
        {
            WaitFor(() => Directory.GetFiles(Path.Join(_line.HotFolder, "tmp")).Length == 1);
            Signal(parked, "STOP");
            using Cache cache = Cache.Open(_line.Options with { Patience = TimeSpan.FromSeconds(1) });
            using CachedAnnData file = cache.Open(s_sample);
            using PinnedElement x = file.Pin("X");
            Assert.True(x.Loaded);
            Signal(parked, "CONT");
            Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
        }
        finally
        {
            parked.Kill();
            parked.WaitForExit();
        }
    }

    [Fact]
    public void AStoppedHolderOfTheCapacityLockSendsLoadsToTheOtherTierAndIsNamed()
    {
        _line.Succeed("inspect", s_sample);
        string script = $"import fcntl,time; f=open('{_line.HotFolder}/capacity.lock','r+'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(600)";
        using Process holder = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", script]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("held", holder.StandardOutput.ReadLine());
            using (Cache alone = Cache.Open(_line.Options with { ColdBytes = 0 }))
            using (CachedAnnData file = alone.Open(s_sample))
            {
                StoreException error = Assert.Throws<StoreException>(() => file.Pin("obs"));
                Assert.Equal(CacheError.StoreUnusable, error.Error); // a larger budget would not help
                Assert.Contains($"{holder.Id} (python3)", error.Message, StringComparison.Ordinal);
                Assert.EndsWith("does not run. Continue or end it.", error.Message, StringComparison.Ordinal);
            }

            using Cache cache = Cache.Open(_line.Options with { ColdBytes = 1L << 30 });
            using CachedAnnData source = cache.Open(s_sample);
            using PinnedElement obs = source.Pin("obs");
            Assert.Equal("cold", obs.Tier);
            Assert.True(cache.Statistics().Hot.UsedBytes > 0); // and statistics do not wait
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    /// <summary>A sum that is changed without its lock would drift: what cannot be counted now is left to whoever reaps it.</summary>
    [Fact]
    public void WhatIsGivenUpBesideAStoppedHolderIsCountedLater()
    {
        CacheOptions options = _line.Options with { ColdBytes = 0 };
        using Cache cache = Cache.Open(options);
        using (CachedAnnData file = cache.Open(s_sample)) { file.Pin("obs").Dispose(); }
        using PartStore store = PartStore.Open(options, NullLogger.Instance);
        FileStat source = FileStat.Of(s_sample);
        PartReservation reservation = store.Reserve(PartName.For("/data/other.h5ad", "X", "", source), 1 << 20, source);
        using (FileDescriptor held = FileDescriptor.Open(Path.Join(_line.HotFolder, "capacity.lock"), Posix.ReadWrite))
        {
            Assert.True(FileLocks.TryLock(held, exclusive: true));
            reservation.Dispose();
            StoreException error = Assert.Throws<StoreException>(() => cache.Evict(s_sample));
            Assert.Contains("does not run", error.Message, StringComparison.Ordinal);
        }

        Assert.Empty(cache.Verify(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(Path.Join(_line.HotFolder, "tmp")));
        Assert.Equal(2, cache.Evict(s_sample).Removed); // obs, and the tree
    }

    /// <summary>A loss of power may keep parts and lose the sum that was written after them.</summary>
    [Fact]
    public void ASumOfAnotherBootIsCountedAnew()
    {
        using Cache cache = Cache.Open(_line.Options with { ColdBytes = 0 });
        using (CachedAnnData file = cache.Open(s_sample)) { file.Pin("X").Dispose(); }
        long used = cache.Statistics().Hot.UsedBytes;
        using (FileStream sum = File.OpenWrite(Path.Join(_line.HotFolder, "capacity.lock")))
        {
            sum.Position = 16;
            sum.Write(new byte[24]); // no bytes in no files, said in a boot whose number is 0
        }

        Assert.Equal(used, cache.Statistics().Hot.UsedBytes);
    }

    [Fact]
    public void AFolderThatIsDeletedUnderneathIsAnErrorWithARemedyAndReadersKeepTheirBytes()
    {
        using Cache cache = Cache.Open(_line.Options with { ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        using PinnedElement x = file.Pin("X");
        int entries = x.Sparse<float>().Offsets.Span<int>()[^1];
        Directory.Delete(_line.HotFolder, recursive: true);
        Assert.Equal(entries, x.Sparse<float>().Offsets.Span<int>()[^1]);
        StoreException error = Assert.Throws<StoreException>(() => file.Pin("obs"));
        Assert.Equal(CacheError.StoreUnusable, error.Error);
        using Cache again = Cache.Open(_line.Options with { ColdBytes = 0 });
        using CachedAnnData reopened = again.Open(s_sample);
        using PinnedElement obs = reopened.Pin("obs");
        Assert.True(obs.Loaded);
    }

    [Fact]
    public async Task AReadOnlyColdFolderServesItsPartsAndTakesNoMore()
    {
        using (Cache filled = Cache.Open(_line.Options with { ColdBytes = 1L << 30 }))
        using (CachedAnnData file = filled.Open(s_sample))
        {
            file.Pin("obsm/X_pca").Dispose();
            await filled.FlushAsync(TestContext.Current.CancellationToken);
        }

        string cold = _line.Options.ColdFolder!;
        using Process bind = Process.Start(new ProcessStartInfo("mount", ["--bind", cold, cold]) { RedirectStandardError = true })!;
        bind.WaitForExit();
        Assert.SkipWhen(bind.ExitCode != 0, "This user may not mount.");
        try
        {
            using Process readOnly = Process.Start("mount", ["-o", "remount,ro,bind", cold]);
            readOnly.WaitForExit();
            Directory.Delete(_line.HotFolder, recursive: true);
            using Cache cache = Cache.Open(_line.Options with { ColdBytes = 1L << 30 });
            using CachedAnnData file = cache.Open(s_sample);
            using PinnedElement pca = file.Pin("obsm/X_pca"), obs = file.Pin("obs");
            Assert.Equal(("cold", false), (pca.Tier, pca.Loaded));
            Assert.Equal(("hot", true), (obs.Tier, obs.Loaded));
        }
        finally
        {
            using Process unmount = Process.Start("umount", ["-l", cold]);
            unmount.WaitForExit();
        }
    }

    [Fact]
    public void AReservationThatCannotFitEvictsNothing()
    {
        using Cache cache = Cache.Open(_line.Options with { HotBytes = 1_200_000, ColdBytes = 0 });
        using CachedAnnData file = cache.Open(s_sample);
        file.Pin("obs").Dispose();
        using PinnedElement x = file.Pin("X");
        long parts = cache.Statistics().Hot.Parts;
        using Cache other = Cache.Open(_line.Options with { HotBytes = 1_200_000, ColdBytes = 0 });
        using CachedAnnData same = other.Open(s_sample);
        StoreException error = Assert.Throws<StoreException>(() => same.Pin("layers/counts"));
        Assert.Contains($"{Environment.ProcessId} (", error.Message, StringComparison.Ordinal); // pinned by whom
        Assert.Equal(parts, cache.Statistics().Hot.Parts);
    }

    [Fact]
    public void ATrailingSlashDoesNotOpenTheDoorToASymbolicLink()
    {
        Directory.CreateSymbolicLink(_line.HotFolder, _line.Folder);
        Assert.Equal(CacheError.StoreUnusable, Assert.Throws<StoreException>(() => Cache.Open(_line.Options with { HotFolder = _line.HotFolder + "/" })).Error);
    }

    [Fact]
    public void AControlFileWithHolesIsFilledBeforeItIsWritten()
    {
        using (Cache.Open(_line.Options)) { }
        string control = Path.Join(_line.HotFolder, "control");
        long length = new FileInfo(control).Length;
        File.Delete(control);
        using (FileStream sparse = File.Create(control)) { sparse.SetLength(length); }
        using (Cache.Open(_line.Options)) { }
        Assert.True(FileStat.Of(control).AllocatedBytes >= length);
    }

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static void WaitFor(Func<bool> condition)
    {
        for (int i = 0; i < 1000 && !condition(); i++) { Thread.Sleep(10); }
        Assert.True(condition(), "It did not happen in 10 s.");
    }

    public void Dispose() => _line.Dispose();
}
