using System.Diagnostics;
using AnnDataCache.Interop;
using AnnDataCache.Store;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Store;

/// <summary>A folder that a group shares: two users, one copy; and nobody reads by the cache what the file denies. Needs root to be two users.</summary>
public sealed class SharedFolderTests : IDisposable
{
    private const string Group = "54321", First = "54001", Second = "54002", Stranger = "54003";

    private static readonly string s_executable = Path.Join(TestFiles.Repository, "artifacts", "anndata-cache");

    private readonly TestStore _store = new();
    private readonly string _hot, _file;
    private string _hotBytes = "1GiB";

    public SharedFolderTests()
    {
        _hot = Path.Join(Path.GetDirectoryName(_store.Options.HotFolder)!, "shared");
        Directory.CreateDirectory(Path.GetDirectoryName(_hot)!);
        File.SetUnixFileMode(Path.GetDirectoryName(_hot)!, (UnixFileMode)0x1FF);
        File.SetUnixFileMode(_store.Disk, (UnixFileMode)0x1ED);
        _file = Path.Join(_store.Disk, "sample.h5ad");
        File.Copy(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"), _file);
        File.SetUnixFileMode(_file, (UnixFileMode)0x1A4);
    }

    [Fact]
    public void MembersShareOneCopyWhateverTheirUmask()
    {
        Require();
        Assert.Equal("loaded", State(As(First, "077", "load", _file, "X", "--json")));
        CallResult second = As(Second, "022", "load", _file, "X", "--json");
        Assert.Equal("hit", State(second));
        Assert.Equal(0, As(Second, "022", "evict", _file, "X").ExitCode); // members may make room
        Assert.Equal("loaded", State(As(Second, "077", "load", _file, "X", "--json")));
        Assert.Equal("hit", State(As(First, "022", "load", _file, "X", "--json")));
        CallResult verify = As(First, "022", "verify");
        Assert.True(verify.ExitCode == 0, verify.Out + verify.Error);
        foreach (string part in Directory.GetFiles(Path.Join(_hot, "parts"))) { Assert.Equal((UnixFileMode)0x120, File.GetUnixFileMode(part)); }
    }

    /// <summary>Nobody can change the mode of another member's file, so its pages are not written again; one's own are.</summary>
    [Fact]
    public void MembersMakeRoomOfEachOthersPartsAndRecycleTheirOwn()
    {
        Require();
        Assert.SkipUnless(FileSystem.Of(_store.Options.HotFolder!.Replace("/hot", "", StringComparison.Ordinal)).IsMemory, "There is no tmpfs: nothing is recycled.");
        _hotBytes = "4MB"; // one table of 3.2 MB, and not two
        string[] tables = [.. Enumerable.Range(0, 3).Select(Table)];
        Assert.Equal("loaded", State(As(First, "077", "csv", tables[0], "--json")));
        ulong first = Inode();
        Assert.Equal("loaded", State(As(Second, "022", "csv", tables[1], "--json")));
        ulong second = Inode();
        Assert.NotEqual(first, second);
        Assert.Equal("hit", State(As(First, "022", "csv", tables[1], "--json")));
        Assert.Equal("loaded", State(As(Second, "077", "csv", tables[2], "--json")));
        Assert.Equal(second, Inode());
        Assert.Equal("hit", State(As(First, "022", "csv", tables[2], "--json")));
        CallResult verify = As(First, "022", "verify");
        Assert.True(verify.ExitCode == 0, verify.Out + verify.Error);

        ulong Inode()
        {
            string part = Assert.Single(Directory.GetFiles(Path.Join(_hot, "parts")));
            Assert.Equal((UnixFileMode)0x120, File.GetUnixFileMode(part));
            return FileStat.Of(part).Inode;
        }
    }

    /// <summary>A reservation that another member cannot open takes its room all the same.</summary>
    [Fact]
    public void WhatAMemberCannotOpenIsCountedForHim()
    {
        Require();
        As(First, "022", "load", _file, "X");
        string temporary = Path.Join(_hot, "tmp", $"{PartName.ForObject("x").Value}.{Guid.NewGuid():N}");
        using (FileStream file = File.Create(temporary)) { file.SetLength(5_000_000); }
        File.SetUnixFileMode(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (Process own = Process.Start("chown", [$"{First}:{Group}", temporary])) { own.WaitForExit(); }
        File.Delete(Path.Join(_hot, "capacity.lock")); // so that he counts anew
        CallResult stats = As(Second, "022", "stats", "--json");
        Assert.True(stats.ExitCode == 0, stats.Error);
        Assert.True(stats.Json.GetProperty("hot").GetProperty("used_bytes").GetInt64() > 5_000_000, stats.Out);
    }

    private string Table(int number)
    {
        string file = Path.Join(_store.Disk, $"{number}.csv");
        File.WriteAllText(file, "a,b\n" + string.Concat(Enumerable.Range(number, 200_000).Select(i => $"{i},{2 * i}\n")));
        File.SetUnixFileMode(file, (UnixFileMode)0x1A4);
        return file;
    }

    [Fact]
    public void WhoIsNoMemberIsRefused()
    {
        Require();
        As(First, "022", "load", _file, "X");
        CallResult stranger = As(Stranger, "022", "load", _file, "X", isMember: false);
        Assert.Equal(32, stranger.ExitCode);
    }

    [Fact]
    public void ASourceThatTheGroupMayNotReadIsNotShared()
    {
        Require();
        using (Process own = Process.Start("chown", [First, _file])) { own.WaitForExit(); }
        File.SetUnixFileMode(_file, (UnixFileMode)0x180);
        Assert.Equal("loaded", State(As(First, "022", "load", _file, "X", "--json")));
        Assert.All(Directory.GetFiles(Path.Join(_hot, "parts")), part => Assert.Equal((UnixFileMode)0x100, File.GetUnixFileMode(part)));
        Assert.Equal(21, As(Second, "022", "load", _file, "X").ExitCode);
    }

    [Fact]
    public void AFolderOfAnotherGroupIsRefusedWithBothNumbers()
    {
        Require();
        Directory.CreateDirectory(_hot, (UnixFileMode)0x1FD);
        CallResult refused = As(First, "022", "load", _file, "X");
        Assert.Equal(32, refused.ExitCode);
        Assert.Contains($"it must belong to group {Group}", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AGroupThatDoesNotExistIsABadSetting()
    {
        StoreException error = Assert.Throws<StoreException>(() => Cache.Open(_store.Options with { Group = "no such group" }));
        Assert.Equal(CacheError.BadSetting, error.Error);
    }

    private static void Require()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root can be two users.");
        Assert.SkipUnless(File.Exists(s_executable), "The native executable is not published.");
    }

    private static string State(CallResult result)
    {
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Json.GetProperty("result").GetString()!;
    }

    private CallResult As(string user, string umask, params string[] arguments) => As(user, umask, arguments, isMember: true);

    private CallResult As(string user, string umask, string verb, string file, string element, bool isMember) => As(user, umask, [verb, file, element], isMember);

    private CallResult As(string user, string umask, string[] arguments, bool isMember)
    {
        string program = Path.Join(_store.Disk, "anndata-cache"); // where every user may execute it
        if (!File.Exists(program))
        {
            File.Copy(s_executable, program);
            File.SetUnixFileMode(program, (UnixFileMode)0x1ED);
        }

        string[] groups = isMember ? ["--groups", Group] : ["--clear-groups"];
        ProcessStartInfo start = new("setpriv", ["--reuid", user, "--regid", user, .. groups, "sh", "-c", $"umask {umask}; exec \"$0\" \"$@\"", program, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        start.Environment["ANNDATA_CACHE_HOT_FOLDER"] = _hot;
        start.Environment["ANNDATA_CACHE_HOT_BYTES"] = _hotBytes;
        start.Environment["ANNDATA_CACHE_COLD_BYTES"] = "0";
        start.Environment["ANNDATA_CACHE_GROUP"] = Group;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CallResult(process.ExitCode, output, error.Result);
    }

    public void Dispose() => _store.Dispose();
}
