namespace AnnDataCache.Tests.Api;

/// <summary>Texts that are reviewed in the diff: a test compares them, and <c>UPDATE=1</c> writes them anew.</summary>
internal static class VerifiedText
{
    /// <summary>Fails when the text differs from the file beside the tests.</summary>
    /// <param name="name">File name in <c>tests/AnnDataCache.Tests/Api</c>.</param>
    /// <param name="text">As it is now.</param>
    public static void Check(string name, string text) =>
        CheckFile(Path.Join(TestFiles.Repository, "tests", "AnnDataCache.Tests", "Api", name), text);

    /// <summary>Fails when the text differs from a document.</summary>
    /// <param name="name">File name in <c>docs</c>.</param>
    /// <param name="text">As it is now.</param>
    public static void CheckDocument(string name, string text) => CheckFile(Path.Join(TestFiles.Repository, "docs", name), text);

    private static void CheckFile(string path, string text)
    {
        if (Environment.GetEnvironmentVariable("UPDATE") == "1") { File.WriteAllText(path, text); }
        string verified = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(verified == text, $"{Path.GetFileName(path)} is stale. Review the change, then run the tests with UPDATE=1. It should be:\n{text}");
    }
}
