using System.Text.RegularExpressions;

namespace AnnDataCache.Tests.Api;

/// <summary>What the README shows is compiled and run: its C# is the body of a test, its settings are those that are read.</summary>
public sealed partial class ReadmeTests
{
    private static string Readme => File.ReadAllText(Path.Join(TestFiles.Repository, "README.md"));

    [Fact]
    public void TheCSharpOfTheReadmeIsTheBodyOfATestThatRuns()
    {
        string samples = Normal(File.ReadAllText(Path.Join(TestFiles.Repository, "tests", "AnnDataCache.Tests", "Api", "ReadmeSamples.cs")));
        string[] blocks = [.. CSharpBlock().Matches(Readme).Select(block => block.Groups[1].Value)];
        Assert.NotEmpty(blocks);
        foreach (string block in blocks)
        {
            Assert.True(samples.Contains(Normal(block), StringComparison.Ordinal), $"Not in ReadmeSamples.cs, so neither compiled nor run:\n{block}");
        }
    }

    [Fact]
    public void EverySettingOfTheReadmeIsReadAndEveryOneThatIsReadIsThere()
    {
        string options = File.ReadAllText(Path.Join(TestFiles.Repository, "src", "AnnDataCache", "CacheOptions.cs"));
        string[] read = [.. Variable().Matches(options).Select(match => match.Value).Distinct().Order()];
        string[] shown = [.. Variable().Matches(Readme).Select(match => match.Value).Distinct().Order()];
        Assert.Equal(read, shown);
    }

    [Fact]
    public void EveryLinkOfTheReadmeLeadsSomewhere()
    {
        foreach (Match link in Link().Matches(Readme))
        {
            string path = Path.Join(TestFiles.Repository, link.Groups[1].Value);
            Assert.True(Path.Exists(path), $"README.md links to '{link.Groups[1].Value}', which does not exist.");
        }
    }

    private static string Normal(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"ANNDATA_[A-Z_]+")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\]\((?!http)([^)#]+)\)")]
    private static partial Regex Link();
}
