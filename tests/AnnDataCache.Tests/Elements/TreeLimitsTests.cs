using AnnDataCache.Containers;
using AnnDataCache.Elements;

namespace AnnDataCache.Tests.Elements;

/// <summary>Containers that no honest writer makes, put together in memory.</summary>
public sealed class TreeLimitsTests
{
    [Fact]
    public void AGroupThatHoldsItselfIsRefusedAtTheDepthLimit()
    {
        ViewGroup root = new(""), loop = new("uns");
        loop.With("again", loop);
        root.With("uns", loop).With("obs", Frame("obs"));
        ElementInfo tree = Describe(root);
        ElementInfo deepest = tree.Find("uns")!.SelfAndDescendants().Single(info => info.Kind == ElementKind.Refused);
        Assert.Contains($"deeper than {ElementTree.MaxDepth} levels", deepest.Reason, StringComparison.Ordinal);
        Assert.Equal(ElementKind.DataFrame, tree.Find("obs")!.Kind);
    }

    [Fact]
    public void AFileOfTooManyElementsIsCutThere()
    {
        ViewGroup root = new(""), wide = new("uns"), inner = new("uns/inner");
        for (int i = 0; i < 1000; i++) { inner.With($"{i:D4}", new ViewGroup($"uns/inner/{i:D4}")); }
        for (int i = 0; i < 1000; i++) { wide.With($"{i:D4}", inner); }
        root.With("uns", wide);
        ElementInfo tree = Describe(root);
        Assert.Contains(tree.SelfAndDescendants(), info => info.Reason?.Contains("more than 250,000", StringComparison.Ordinal) ?? false);
        Assert.True(tree.SelfAndDescendants().LongCount() < 2 * ElementTree.MaxNodes);
    }

    [Fact]
    public void AFrameWhoseColumnsAreMissingKeepsTheirPlaces()
    {
        ViewGroup frame = Frame("obs").WithStrings("column-order", "gone", "/", "a/b");
        ElementInfo tree = Describe(new ViewGroup("").With("obs", frame));
        Assert.All(tree.Find("obs")!.Children, column => Assert.Equal(ElementKind.Refused, column.Kind));
        Assert.Equal(["_index", "gone", "/", "a/b"], tree.Find("obs")!.Children.Select(column => column.Name));
    }

    [Theory]
    [InlineData("csr_matrix", "without the attribute 'shape'")]
    [InlineData("awkward-array", "without the attribute 'length'")]
    [InlineData("categorical", "no dataset 'codes'")]
    [InlineData("nullable-integer", "no dataset 'values'")]
    [InlineData("quantum", "'quantum' is not read on a group")]
    public void AnEncodingWithoutItsMembersIsRefusedByWhatIsMissing(string encoding, string reason)
    {
        ElementInfo tree = Describe(new ViewGroup("").With("uns", new ViewGroup("uns").With("x", new ViewGroup("uns/x").As(encoding, "0.1.0"))));
        Assert.Contains(reason, tree.Find("uns/x")!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1,2")]
    [InlineData("2")]
    [InlineData("1,2,3")]
    public void AnImpossibleShapeOfASparseMatrixIsRefused(string lengths)
    {
        long[] shape = [.. lengths.Split(',').Select(length => long.Parse(length, null))];
        ViewGroup matrix = new ViewGroup("X").As("csr_matrix", "0.1.0").WithIntegers("shape", shape);
        Assert.Contains("two lengths, 0 or more", Describe(new ViewGroup("").With("X", matrix)).Find("X")!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ANameWithSlashesSurvivesTheJsonOfATree()
    {
        ElementInfo tree = new("uns/ranks", ElementKind.RecArray)
        {
            Shape = [2], PartPath = "uns/ranks",
            Children =
            [
                new("uns/ranks/a", ElementKind.Dense) { Shape = [2], Type = DType.Int8, PartPath = "uns/ranks" },
                new("uns/ranks/a/b", ElementKind.Dense, "a/b") { Shape = [2], Type = DType.Int16, PartPath = "uns/ranks" },
                new("uns/ranks/raw", ElementKind.String) { Value = new byte[] { 0xFE, 1 }, PartPath = "uns/ranks" },
            ],
        };
        ElementInfo read = TreeJson.Read(TreeJson.Write(tree));
        Assert.Equal(["a", "a/b", "raw"], read.Children.Select(child => child.Name));
        Assert.Equal(DType.Int16, read.Find("uns/ranks/a/b")!.Type);
        Assert.Equal(new byte[] { 0xFE, 1 }, read.Find("uns/ranks/raw")!.Value);
    }

    private static ViewGroup Frame(string path) => new ViewGroup(path).As("dataframe", "0.2.0").WithStrings("_index", "_index");

    private static ElementInfo Describe(ContainerGroup root) => ElementTree.Describe(root, root, "", null, withValues: true);
}
