using PublicApiGenerator;

namespace AnnDataCache.Tests.Api;

/// <summary>The public surface is small, and changes only in a reviewed text.</summary>
public sealed class PublicApiTests
{
    private const int Budget = 38;

    [Fact]
    public void TheSurfaceIsTheReviewedOne() => VerifiedText.Check(
        "PublicApi.verified.txt",
        typeof(Cache).Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n") + "\n");

    [Fact]
    public void TheSurfaceStaysWithinItsBudget()
    {
        string[] types = [.. typeof(Cache).Assembly.GetExportedTypes().Select(type => type.Name)];
        Assert.True(types.Length <= Budget, $"{types.Length} public types; {Budget} are allowed: {string.Join(", ", types)}");
    }
}
