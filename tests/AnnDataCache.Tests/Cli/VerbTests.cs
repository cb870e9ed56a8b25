using System.Runtime.Versioning;
using System.Text.Json;

namespace AnnDataCache.Tests.Cli;

/// <summary>What each verb says of the small file and of the store.</summary>
[SupportedOSPlatform("linux")]
public sealed class VerbTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void ShowSaysWhichColumnsAreMissingAndWhy()
    {
        using CommandLine line = new();
        string shown = line.Succeed("show", TestFiles.Small(Path.Join("broken", "bad.h5ad")), "obs").Out;
        Assert.Contains("refused  codes_out_of_range: 'obs/codes_out_of_range' has code 7", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void BothWaysOfFillingAPartGiveTheSameBytes()
    {
        string sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");
        using CommandLine written = new(), mapped = new();
        mapped.Environment["ANNDATA_CACHE_FILL"] = "map";
        Assert.Equal(written.Succeed("checksum", sample).Out, mapped.Succeed("checksum", sample).Out);
    }

    [Fact]
    public void InspectGivesEveryElementWithItsKind()
    {
        JsonElement json = _line.Succeed("inspect", CommandLine.Small, "--json").Json;
        Assert.Equal(7, json.GetProperty("n_obs").GetInt64());
        Assert.Equal(5, json.GetProperty("n_vars").GetInt64());
        Dictionary<string, string> kinds = json.GetProperty("elements").EnumerateArray()
            .ToDictionary(element => element.GetProperty("path").GetString()!, element => element.GetProperty("kind").GetString()!);
        Assert.Equal("csr", kinds["X"]);
        Assert.Equal("csc", kinds["layers/by_gene"]);
        Assert.Equal("categorical", kinds["obs/cell_type"]);
        Assert.Equal("number", kinds["uns/params/n_neighbors"]);
        string text = _line.Succeed("inspect", CommandLine.Small).Out;
        Assert.Contains("7 observations × 5 variables", text, StringComparison.Ordinal);
        Assert.Contains("    n_neighbors", text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatOneProcessLoadedIsAHitForTheNext()
    {
        IReadOnlyList<JsonElement> first = _line.Succeed("load", CommandLine.Small, "X", "obs", "--json").JsonLines;
        Assert.Equal(["loaded", "loaded"], first.Select(line => line.GetProperty("result").GetString()));
        IReadOnlyList<JsonElement> second = _line.Succeed("load", CommandLine.Small, "--all", "--json").JsonLines;
        Assert.All(second, line => Assert.Equal("hot", line.GetProperty("tier").GetString()));
        Dictionary<string, JsonElement> byPath = second.ToDictionary(line => line.GetProperty("element").GetString()!);
        Assert.Equal("hit", byPath["X"].GetProperty("result").GetString());
        Assert.Equal("loaded", byPath["uns"].GetProperty("result").GetString());
        string file = byPath["X"].GetProperty("file").GetString()!;
        Assert.Equal(first[0].GetProperty("file").GetString(), file);
        Assert.StartsWith(_line.HotFolder, file, StringComparison.Ordinal);
        Assert.Equal(byPath["X"].GetProperty("bytes").GetInt64(), new FileInfo(file).Length);
    }

    [Fact]
    public void ShowGivesTheCornerOfASparseMatrixByRowsAndByColumns()
    {
        foreach (string element in (string[])["X", "layers/by_gene"])
        {
            JsonElement rows = _line.Succeed("show", CommandLine.Small, element, "--rows", "3", "--columns", "4", "--json").Json.GetProperty("rows");
            double[][] values = [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(cell => cell.GetDouble()).ToArray())];
            Assert.Equal([[0, 0, 0, 3], [0, 6, 0, 0]], values[..2]);
            Assert.Equal([0, 0, 12, 0.1], values[2], (expected, actual) => Math.Abs(expected - actual) < 1e-6);
        }
    }

    [Fact]
    public void ShowGivesValuesOfColumnsAndMissingOnes()
    {
        JsonElement json = _line.Succeed("show", CommandLine.Small, "obs", "--rows", "4", "--json").Json;
        Assert.Equal(
            ["_index", "quality", "depth", "is_doublet", "cell_type", "note"], json.GetProperty("columns").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(
            """["cell-2",-1.25,2000000014,true,null,"with \"quotes\""]""", JsonSerializer.Serialize(json.GetProperty("rows")[2], JsonSerializerOptions.Default)
                .Replace("\\u0022", "\\\"", StringComparison.Ordinal));
    }

    [Fact]
    public void TextOfAFileCannotSteerTheTerminal()
    {
        string text = _line.Succeed("show", CommandLine.Small, "obs/note").Out;
        Assert.DoesNotContain('\e', text);
        Assert.Contains("\\u001b[31mred", text, StringComparison.Ordinal);
        Assert.Contains("日本語", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ShowGivesScalarsOfADict()
    {
        string text = _line.Succeed("show", CommandLine.Small, "uns").Out;
        Assert.Contains("A small file", text, StringComparison.Ordinal);
        Assert.Matches(@"params/n_neighbors\s+number\s+15", text);
        Assert.Contains("euclidean", _line.Succeed("show", CommandLine.Small, "uns/params/metric").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void ListAndStatsAndEvictAndClearAgree()
    {
        _line.Succeed("load", CommandLine.Small, "X", "obs");
        Assert.Equal(["", "X", "obs"], Elements());
        Assert.Equal(3, Hot().GetProperty("parts").GetInt64());
        Assert.Equal(1, _line.Succeed("evict", CommandLine.Small, "X", "--json").Json.GetProperty("removed").GetInt64());
        Assert.Equal(["", "obs"], Elements());
        Assert.Equal(2, _line.Succeed("clear", "--json").Json.GetProperty("removed").GetInt64());
        Assert.Empty(Elements());
        Assert.Equal(0, Hot().GetProperty("used_bytes").GetInt64());
        Assert.Contains("empty", _line.Succeed("ls").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void VerifyEndsWithOneWhenAPartIsDamaged()
    {
        JsonElement loaded = _line.Succeed("load", CommandLine.Small, "X", "--json").JsonLines[0];
        Assert.Contains("clean", _line.Succeed("verify").Out, StringComparison.Ordinal);
        string part = loaded.GetProperty("file").GetString()!;
        File.SetUnixFileMode(part, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (FileStream stream = File.OpenWrite(part)) { stream.SetLength(stream.Length - 64); }
        CallResult result = _line.Run("verify", "--json");
        Assert.Equal(1, result.ExitCode);
        Assert.NotEmpty(result.Json.GetProperty("findings").EnumerateArray());
    }

    [Fact]
    public void DoctorSaysWhatIsAndWhatItMeans()
    {
        JsonElement[] findings = [.. _line.Succeed("doctor", "--json").Json.GetProperty("findings").EnumerateArray()];
        Assert.NotEmpty(findings);
        Assert.All(findings, finding => Assert.NotEmpty(finding.GetProperty("fact").GetString()!));
        Assert.Contains(_line.HotFolder, _line.Succeed("doctor").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void TheDemonstrationSharesOneCopyAndLeavesNothing()
    {
        JsonElement json = _line.Succeed("demo", CommandLine.Small, "--json").Json;
        Assert.True(json.GetProperty("equal").GetBoolean());
        JsonElement first = json.GetProperty("first"), second = json.GetProperty("second");
        Assert.NotEqual(first.GetProperty("process").GetInt32(), second.GetProperty("process").GetInt32());
        Assert.All(first.GetProperty("elements").EnumerateArray(), element => Assert.Equal("loaded", element.GetProperty("result").GetString()));
        Assert.All(second.GetProperty("elements").EnumerateArray(), element => Assert.Equal("hit", element.GetProperty("result").GetString()));
        Assert.Equal(first.GetProperty("inodes").ToString(), second.GetProperty("inodes").ToString());
        Assert.NotEmpty(second.GetProperty("inodes").EnumerateArray());
        long resident = second.GetProperty("resident_bytes").GetInt64(), share = second.GetProperty("proportional_bytes").GetInt64();
        Assert.InRange(share, 1, resident / 2);
        string text = _line.Succeed("demo", CommandLine.Small).Out;
        Assert.Contains("loaded once, there for everyone", text, StringComparison.Ordinal);
        string folder = text.Split('\n')[1].Split(' ', ',')[3];
        Assert.StartsWith("/", folder, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder), $"{folder} is left.");
        Assert.False(Directory.Exists(_line.HotFolder), "The user's own store was touched.");
    }

    private IEnumerable<string> Elements() => _line.Succeed("ls", "--json").Json.GetProperty("parts").EnumerateArray()
        .Select(part => part.GetProperty("element").GetString()!).Order(StringComparer.Ordinal);

    private JsonElement Hot() => _line.Succeed("stats", "--json").Json.GetProperty("hot");
}
