namespace AnnDataCache.Tests.Api;

/// <summary>Texts that are reviewed in the diff: a test compares them, and <c>UPDATE=1</c> writes them anew.</summary>
internal static class VerifiedText
{
    /// <summary>Fails when the text differs from the file beside the tests.</summary>
    /// <param name="name">File name in <c>tests/AnnDataCache.Tests/Api</c>.</param>
    /// <param name="text">As it is now.</param>
    public static void Check(string name, string text)
    {
        string path = Path.Join(TestFiles.Repository, "tests", "AnnDataCache.Tests", "Api", name);
        if (Environment.GetEnvironmentVariable("UPDATE") == "1") { File.WriteAllText(path, text); }
        string verified = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(verified == text, $"{name} is stale. Review the change, then run the tests with UPDATE=1. It should be:\n{text}");
    }
}
