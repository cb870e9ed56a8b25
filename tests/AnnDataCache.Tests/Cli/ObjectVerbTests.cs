using System.Diagnostics;
using System.Text.Json;
using AnnDataCache.Tests.Objects;

namespace AnnDataCache.Tests.Cli;

/// <summary>Objects and CSV files by the executable, as scripts and people use it.</summary>
public sealed class ObjectVerbTests : IDisposable
{
    private readonly CommandLine _line = new();

    [Fact]
    public void AnObjectIsPutShownExportedAndDeleted()
    {
        CallResult put = Put("a/b", PutBytes.Dense(7, 5), "--json");
        Assert.Equal((0, "a/b", "hot", false), (put.ExitCode, Text(put.Json, "name"), Text(put.Json, "tier"), put.Json.GetProperty("replaced").GetBoolean()));
        Assert.Equal(new FileInfo(Text(put.Json, "file")).Length, put.Json.GetProperty("bytes").GetInt64());
        Assert.StartsWith("replaced", Put("a/b", PutBytes.Dense(8, 5)).Out, StringComparison.Ordinal);

        CallResult kept = Put("a/b", PutBytes.Dense(9, 5), "--no-overwrite", "--json");
        Assert.Equal((12, "ObjectExists"), (kept.ExitCode, Text(kept.Json.GetProperty("error"), "name")));
        Assert.Equal(13, Put("a/b", [1, 2, 3]).ExitCode);

        JsonElement listed = Assert.Single(_line.Succeed("ls", "--json").Json.GetProperty("parts").EnumerateArray());
        Assert.Equal(("a/b", "", true), (Text(listed, "element"), Text(listed, "source"), listed.GetProperty("object").GetBoolean()));
        Assert.Contains("(object)", _line.Succeed("ls").Out, StringComparison.Ordinal);
        Assert.Equal("dense", Text(_line.Succeed("get", "a/b", "--json").Json, "kind"));
        Assert.Contains("dense, 5, uint8", _line.Succeed("get", "a/b", "--rows", "2").Out, StringComparison.Ordinal);
        _line.Succeed("get", "a/b", "-o", "x.npy");
        Assert.Equal([8, 8, 8, 8, 8], File.ReadAllBytes(Path.Join(_line.Folder, "x.npy"))[^5..]);

        Assert.True(_line.Succeed("contains", "a/b", "--json").Json.GetProperty("a/b").GetBoolean());
        Assert.Equal(1, _line.Run("contains", "a/b", "absent").ExitCode);
        Assert.Equal(1, _line.Succeed("delete", "a/b", "absent", "--json").Json.GetProperty("deleted").GetInt32());
        Assert.Equal(10, _line.Run("get", "a/b").ExitCode);
    }

    [Fact]
    public void PlainDataAndPicklesAreShownAsWhatTheyAre()
    {
        using (Cache cache = Cache.Open(_line.Options)) { cache.Put("j", System.Text.Json.Nodes.JsonNode.Parse("""{"a":[1,null]}""")); }
        Assert.Equal("""{"a":[1,null]}""", _line.Succeed("get", "j").Out.Trim());
        _line.Succeed("get", "j", "-o", "j.json");
        Assert.Equal("""{"a":[1,null]}""", File.ReadAllText(Path.Join(_line.Folder, "j.json")));

        byte[] offsets = new byte[16];
        offsets[8] = 3;
        Assert.Equal(0, Put("p", PutBytes.Of("""{"kind":"pickle","shape":[],"columns":[{"name":"0","kind":"bytes","rows":1,"offsets":16,"values":3}]}""", offsets, [1, 2, 3])).ExitCode);
        Assert.Contains("a Python object, 3 bytes", _line.Succeed("get", "p").Out, StringComparison.Ordinal);
        _line.Succeed("get", "p", "-o", "p.pickle");
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Join(_line.Folder, "p.pickle")));
        CallResult wrong = _line.Run("get", "p", "-o", "p.csv");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal(2, _line.Run("get", "p", "-o", "p.docx").ExitCode);
    }

    [Fact]
    public void NamesThatMakeNoSenseAreMisuse()
    {
        foreach (string verb in (string[])["put", "get", "contains", "delete"]) { Assert.Equal(2, _line.Run(verb, "").ExitCode); }
        Assert.Equal(2, _line.Run("get", new string('x', 1025)).ExitCode);
    }

    [Fact]
    public void NamesThatLookLikeOptionsAreTakenBehindTwoDashes()
    {
        Assert.Equal(2, _line.Run("contains", "--x").ExitCode);
        Assert.Equal(0, Put("--x", PutBytes.Dense(7, 5)).ExitCode);
        Assert.Equal(0, _line.Run("contains", "--", "--x").ExitCode);
        Assert.Contains("dense", _line.Succeed("get", "--", "--x").Out, StringComparison.Ordinal);
        Assert.Equal(1, _line.Succeed("delete", "--json", "--", "--x", "--help").Json.GetProperty("deleted").GetInt32());
        Assert.Equal(2, _line.Run("contains", "--x", "--", "--y").ExitCode);
    }

    [Fact]
    public void ExplainKnowsObjects()
    {
        Assert.Contains("It was never put", _line.Succeed("explain", "x").Out, StringComparison.Ordinal);
        Put("x", PutBytes.Dense(7, 5));
        Assert.Contains("it is there", _line.Succeed("explain", "x").Out, StringComparison.Ordinal);
        _line.Succeed("delete", "x");
        Assert.Contains("'delete'", _line.Succeed("explain", "x", "--json").Json.GetProperty("findings")[0].GetProperty("meaning").GetString(), StringComparison.Ordinal);
        File.WriteAllText(Path.Join(_line.Folder, "a.h5ad"), "");
        Assert.Contains("is a file", _line.Run("explain", "a.h5ad").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void APutWaitsForItsStreamAndEndsWhenItIsTerminated()
    {
        using Process process = _line.Start(["put", "x"]);
        process.StandardInput.BaseStream.Write(PutBytes.Dense(1, 1_000_000).AsSpan(0, 500_000));
        process.StandardInput.BaseStream.Flush();
        string temporaries = Path.Join(_line.HotFolder, "tmp");
        for (int i = 0; i < 1000 && !(Directory.Exists(temporaries) && Directory.GetFiles(temporaries).Length == 1); i++) { Thread.Sleep(10); }
        using (Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(null, null)])) { kill.WaitForExit(); }
        Assert.True(process.WaitForExit(20_000), "It still waits for its stream.");
        Assert.Equal(143, process.ExitCode);
        Assert.Empty(Directory.GetFiles(temporaries));
    }

    [Fact]
    public void ACsvFileIsLoadedOnce()
    {
        File.WriteAllText(Path.Join(_line.Folder, "t.csv"), "n,s\n1,x\n2,\n");
        JsonElement first = _line.Succeed("csv", "t.csv", "--json").Json, second = _line.Succeed("csv", "t.csv", "--json").Json;
        Assert.Equal(("loaded", "hit"), (Text(first, "result"), Text(second, "result")));
        Assert.Equal(Text(first, "file"), Text(second, "file"));
        Assert.Contains("dataframe, 2 × 2", _line.Succeed("csv", "t.csv").Out, StringComparison.Ordinal);
        Assert.Equal(20, _line.Run("csv", "absent.csv").ExitCode);
    }

    private static string Text(JsonElement json, string member) => json.GetProperty(member).GetString()!;

    private CallResult Put(string name, byte[] stream, params string[] options)
    {
        using Process process = _line.Start(["put", .. options, "--", name]);
        try
        {
            process.StandardInput.BaseStream.Write(stream);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // it ended before it had read the stream
        }

        Task<string> error = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CallResult(process.ExitCode, text, error.Result);
    }

    public void Dispose() => _line.Dispose();
}
