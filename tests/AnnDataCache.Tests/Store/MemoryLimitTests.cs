using System.Diagnostics;
using AnnDataCache.Store;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Store;

/// <summary>A memory control group kills whoever writes one page too many to a tmpfs: its limits are read before a load, and hold.</summary>
public sealed class MemoryLimitTests : IDisposable
{
    private const string V1 = "/sys/fs/cgroup/memory", V2 = "/sys/fs/cgroup";

    private readonly CommandLine _line = new();

    [Fact]
    public void TheTightestGroupOfTheSecondVersionRules()
    {
        Write("self", "0::/a/b\n");
        Write("group/memory.max", "max\n");
        Group("group/a", ("memory.max", "1000"), ("memory.high", "900"), ("memory.current", "850"), ("memory.stat", "anon 1\ninactive_file 100\n"));
        Group("group/a/b", ("memory.max", "max"), ("memory.high", "max"), ("memory.current", "700"), ("memory.stat", ""));
        Assert.Equal((900, 150), Limits());
    }

    [Fact]
    public void TheTightestGroupOfTheFirstVersionRules()
    {
        Write("self", "9:name=systemd:/\n4:memory:/a/b\n0::/\n");
        Group("group/memory", ("memory.limit_in_bytes", "9223372036854771712"), ("memory.usage_in_bytes", "5000"), ("memory.stat", ""));
        Group("group/memory/a/b", ("memory.limit_in_bytes", "2000"), ("memory.usage_in_bytes", "1500"), ("memory.stat", "inactive_file 1\ntotal_inactive_file 400\n"));
        Assert.Equal((2000, 900), Limits());
    }

    /// <summary>In a container the path of the group is the host's, which cannot be seen: the root is the container's own.</summary>
    [Fact]
    public void AContainersOwnLimitIsFoundWhereItsPathIsNot()
    {
        Write("self", "0::/system.slice/docker-1234.scope\n");
        Group("group", ("memory.max", "4096000"), ("memory.current", "96000"));
        Assert.Equal((4_096_000, 4_000_000), Limits());
    }

    [Fact]
    public void WhatAGroupUsesIsReadEachTimeAndWhichGroupsHaveALimitOnceAWhile()
    {
        Write("self", "0::/\n");
        Group("group", ("memory.max", "1000"), ("memory.current", "200"));
        MemoryLimit limit = new(Path.Join(_line.Folder, "group"), Path.Join(_line.Folder, "self"));
        Assert.Equal(800, limit.FindHeadroom());
        Write("group/memory.current", "300");
        Assert.Equal(700, limit.FindHeadroom());
        Write("group/memory.max", "900");
        Assert.True(SpinWait.SpinUntil(() => limit.FindHeadroom() == 600, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void WhereNoGroupLimitsThereIsNoLimit()
    {
        Write("self", "0::/\n");
        Directory.CreateDirectory(Path.Join(_line.Folder, "group"));
        Assert.Equal((long.MaxValue, long.MaxValue), Limits());
    }

    /// <summary>For real: parts of 120 MB, a group of 100 MB. Written to a tmpfs they would be the process's end.</summary>
    [Theory]
    [InlineData(0, 31)]
    [InlineData(1_000_000_000, 0)]
    public void ALoadInASmallGroupIsRefusedOrServedFromDiskAndNeverKilled(long coldBytes, int exitCode)
    {
        Python.Require();
        string group = MakeGroup(100_000_000);
        try
        {
            string file = Path.Join(_line.Folder, "big.h5ad");
            CallResult made = Python.Run("""
                import sys, h5py, numpy
                with h5py.File(sys.argv[1], "w") as file:
                    file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
                    x = file.create_dataset("X", data=numpy.arange(30_000_000, dtype="f4").reshape(30_000, 1000), chunks=(100, 1000))
                    x.attrs["encoding-type"], x.attrs["encoding-version"] = "array", "0.2.0"
                """, file);
            Assert.True(made.ExitCode == 0, made.Error);
            CallResult load = RunIn(group, coldBytes, "load", file, "X", "--json");
            Assert.True(load.ExitCode == exitCode, $"{load.ExitCode}: {load.Out}{load.Error}");
            if (coldBytes > 0) { Assert.Equal("cold", load.Json.GetProperty("tier").GetString()); }
            else { Assert.Contains("free", load.Error, StringComparison.Ordinal); }
            CallResult verify = RunIn(group, coldBytes, "verify");
            Assert.True(verify.ExitCode == 0, verify.Out + verify.Error);
        }
        finally
        {
            _line.Run("clear"); // the pages of tmpfs are charged to the group until then
            Directory.Delete(group);
        }
    }

    private static string MakeGroup(long bytes)
    {
        string own = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.Contains(":memory:", StringComparison.Ordinal))?.Split(':')[2] ?? "";
        string controllers = Path.Join(V2, "cgroup.controllers");
        bool isSecond = File.Exists(controllers) && File.ReadAllText(controllers).Contains("memory", StringComparison.Ordinal);
        string group = Path.Join(isSecond ? V2 : Path.Join(V1, own), $"anndata-cache-test-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(group);
            File.WriteAllText(Path.Join(group, isSecond ? "memory.max" : "memory.limit_in_bytes"), $"{bytes}");
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"This user may not make a memory control group: {denied.Message}");
        }

        return group;
    }

    private CallResult RunIn(string group, long coldBytes, params string[] arguments)
    {
        string program = File.Exists(CommandLine.Native) ? CommandLine.Native : CommandLine.Executable;
        ProcessStartInfo start = new("sh", ["-c", "echo $$ > \"$0/cgroup.procs\"; exec \"$@\"", group, program, .. arguments]);
        start.Environment["ANNDATA_CACHE_HOT_FOLDER"] = _line.HotFolder;
        start.Environment["ANNDATA_CACHE_HOT_BYTES"] = "1GB"; // more than the group allows: the budget alone would not save it
        start.Environment["ANNDATA_CACHE_FOLDER"] = _line.Options.ColdFolder;
        start.Environment["ANNDATA_CACHE_COLD_BYTES"] = $"{coldBytes}";
        return CallResult.Of(start);
    }

    private (long, long) Limits()
    {
        MemoryLimit limit = new(Path.Join(_line.Folder, "group"), Path.Join(_line.Folder, "self"));
        return (limit.FindLimit(), limit.FindHeadroom());
    }

    private void Group(string folder, params (string Name, string Text)[] files)
    {
        foreach ((string name, string text) in files) { Write($"{folder}/{name}", text); }
    }

    private void Write(string path, string text)
    {
        string full = Path.Join(_line.Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    public void Dispose() => _line.Dispose();
}
