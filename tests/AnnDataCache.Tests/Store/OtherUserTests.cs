using System.Diagnostics;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Store;

/// <summary>What another user may put in a world-writable place, and what a member of the group may do inside: refused, or found out, with its reason. Needs root to be two users.</summary>
public sealed class OtherUserTests : IDisposable
{
    private const string Victim = "54001", Attacker = "54002", Group = "54321";

    private readonly CommandLine _line = new();
    private readonly string _place, _tier, _file, _program;

    public OtherUserTests()
    {
        _place = Path.Join(_line.Folder, "place");
        (_tier, _file, _program) = (Path.Join(_place, "tier"), Path.Join(_line.Folder, "sample.h5ad"), Path.Join(_line.Folder, "anndata-cache"));
        if (Environment.UserName != "root" || !File.Exists(CommandLine.Native)) { return; }
        Directory.CreateDirectory(_place);
        File.SetUnixFileMode(_place, (UnixFileMode)0x3FF); // 1777, as /tmp and /dev/shm are
        File.SetUnixFileMode(_line.Folder, (UnixFileMode)0x1ED);
        File.Copy(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"), _file);
        File.Copy(CommandLine.Native, _program);
        File.SetUnixFileMode(_file, (UnixFileMode)0x1A4);
        File.SetUnixFileMode(_program, (UnixFileMode)0x1ED);
    }

    [Theory]
    [InlineData("mkdir -m 0777 $T", "belongs to user 54002")]
    [InlineData("mkdir -m 0700 $T", "54002|Permission denied")]
    [InlineData("mkdir -m 0777 $T.real; ln -s $T.real $T", "Not a directory|symbolic link|Too many levels")]
    [InlineData("touch $T; chmod 0666 $T", "this is a file")]
    public void ASquattedFolderIsRefusedAndItsOwnerNamed(string squat, string reason)
    {
        Require();
        Succeed(As(Attacker, null, "sh", "-c", squat.Replace("$T", _tier, StringComparison.Ordinal)));
        CallResult load = Load(Victim, null, "X");
        Assert.True(load.ExitCode is 32 or 40, $"{load.ExitCode}: {load.Out}{load.Error}");
        Assert.True(reason.Split('|').Any(load.Error.Contains), load.Error);
        Assert.Contains(_tier, load.Error, StringComparison.Ordinal);
    }

    /// <summary>The folder is ours, what lies in it is not: it was made before its mode was set, or moved there.</summary>
    [Fact]
    public void AFolderInsideThatBelongsToAnotherIsRefused()
    {
        Require();
        Succeed(As(Victim, null, "mkdir", "-m", "0700", _tier));
        Directory.CreateDirectory(Path.Join(_tier, "parts"));
        Succeed(CallResult.Of(new ProcessStartInfo("chown", [Attacker, Path.Join(_tier, "parts")])));
        CallResult load = Load(Victim, null, "X");
        Assert.Equal(32, load.ExitCode);
        Assert.Contains("54002", load.Error, StringComparison.Ordinal);
    }

    /// <summary>A file of somebody else in a private tier is passed over, and decoded again beside it is impossible: its name is taken.</summary>
    [Fact]
    public void APartOfAnotherUserIsNotServed()
    {
        Require();
        string part = Load(Victim, null, "X").Json.GetProperty("file").GetString()!;
        Succeed(CallResult.Of(new ProcessStartInfo("chown", [Attacker, part])));
        CallResult verify = As(Victim, null, _program, "verify");
        Assert.NotEqual(0, verify.ExitCode);
        Assert.Contains("it belongs to user 54002", verify.Out, StringComparison.Ordinal);
        CallResult load = Load(Victim, null, "X");
        Assert.True(load.ExitCode != 0 || Word(load) == "loaded", load.Out); // never what the other one wrote
    }

    /// <summary>Members may write the folder. What they put there is checked before it is mapped, and dropped for everybody.</summary>
    [Theory]
    [InlineData("head -c 5000 $P > $P.new && chmod 0440 $P.new && mv -f $P.new $P")]
    [InlineData("cp $Q $P.new && chmod 0440 $P.new && mv -f $P.new $P")]
    [InlineData("head -c 200000 /dev/urandom > $P.new && chmod 0440 $P.new && mv -f $P.new $P")]
    [InlineData("ln -s $Q $P.new && mv -f $P.new $P")]
    public void WhatAMemberForgesIsFoundOut(string forge)
    {
        Require();
        Directory.CreateDirectory(_tier);
        Succeed(CallResult.Of(new ProcessStartInfo("sh", ["-c", $"chgrp {Group} {_tier} && chmod 2770 {_tier}"])));
        string part = Load(Victim, Group, "X").Json.GetProperty("file").GetString()!;
        string other = Load(Victim, Group, "layers/counts").Json.GetProperty("file").GetString()!;
        Assert.Equal("hit", Word(Load(Attacker, Group, "X")));
        Succeed(As(Attacker, Group, "sh", "-c", forge.Replace("$P", part, StringComparison.Ordinal).Replace("$Q", other, StringComparison.Ordinal)));
        CallResult verify = As(Victim, Group, _program, "verify");
        Assert.NotEqual(0, verify.ExitCode);
        Assert.Contains(Path.GetFileName(part), verify.Out, StringComparison.Ordinal);
        CallResult load = Load(Victim, Group, "X");
        Assert.True(load.ExitCode == 32 || Word(load) == "loaded", load.Out + load.Error);
    }

    private static void Require()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root can be two users.");
        Assert.SkipUnless(File.Exists(CommandLine.Native), "The native executable is not published.");
    }

    private static string Word(CallResult load) => load.ExitCode == 0 ? load.Json.GetProperty("result").GetString()! : load.Error;

    private CallResult Load(string user, string? group, string element) => As(user, group, _program, "load", _file, element, "--json");

    private static void Succeed(CallResult result) => Assert.True(result.ExitCode == 0, result.Out + result.Error);

    private CallResult As(string user, string? group, params string[] command)
    {
        string[] groups = group is null ? ["--clear-groups"] : ["--groups", group];
        ProcessStartInfo start = new("setpriv", ["--reuid", user, "--regid", user, .. groups, .. command]) { WorkingDirectory = "/" };
        start.Environment["ANNDATA_CACHE_HOT_FOLDER"] = _tier;
        start.Environment["ANNDATA_CACHE_HOT_BYTES"] = "1GiB";
        start.Environment["ANNDATA_CACHE_COLD_BYTES"] = "0";
        if (group is not null) { start.Environment["ANNDATA_CACHE_GROUP"] = group; }
        return CallResult.Of(start);
    }

    public void Dispose() => _line.Dispose();
}
