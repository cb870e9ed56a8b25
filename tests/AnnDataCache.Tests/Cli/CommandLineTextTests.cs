using System.Text;

namespace AnnDataCache.Tests.Cli;

/// <summary>The command line is an interface: a change of it must be seen. UPDATE=1 writes the file anew.</summary>
public sealed class CommandLineTextTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void EveryVerbAndOptionIsAsRecorded()
    {
        string recorded = Path.Join(TestFiles.Repository, "tests", "AnnDataCache.Tests", "Api", "CommandLine.verified.txt");
        string root = _line.Succeed("--help").Out;
        StringBuilder text = new();
        Append(text, "", root);
        foreach (string verb in Verbs(root)) { Append(text, verb, _line.Succeed(verb, "--help").Out); }
        if (Environment.GetEnvironmentVariable("UPDATE") == "1") { File.WriteAllText(recorded, text.ToString()); }
        Assert.Equal(File.ReadAllText(recorded), text.ToString());
    }

    [Fact]
    public void EveryVerbHasAnExampleThatStartsWithIt()
    {
        string[] verbs = [.. Verbs(_line.Succeed("--help").Out)];
        Assert.Contains("load", verbs);
        foreach (string verb in verbs)
        {
            Assert.Contains($"anndata-cache {verb}", _line.Succeed(verb, "--help").Out.Split("Example:")[1].Split("Usage:")[0], StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Verbs(string rootHelp) => rootHelp.Split("Commands:")[1]
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Length > 2 && line.StartsWith("  ", StringComparison.Ordinal) && char.IsAsciiLetter(line[2]))
        .Select(line => line.Trim().Split(' ')[0]);

    private static void Append(StringBuilder text, string verb, string help)
    {
        text.Append("==== anndata-cache ").Append(verb).Append('\n');
        foreach (string line in help.TrimEnd().Split('\n')) { text.Append(line.TrimEnd()).Append('\n'); }
        text.Append('\n');
    }
}
