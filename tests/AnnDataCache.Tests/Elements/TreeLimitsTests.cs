using AnnDataCache.Containers;
using AnnDataCache.Elements;

namespace AnnDataCache.Tests.Elements;

/// <summary>Containers that no honest writer makes, put together in memory.</summary>
public sealed class TreeLimitsTests
{
    [Fact]
    public void AGroupThatHoldsItselfIsRefusedWhereItComesBack()
    {
        ViewGroup root = new(""), loop = new("uns");
        loop.With("again", loop).With("up", root);
        root.With("uns", loop).With("obs", Frame("obs"));
        ElementInfo tree = Describe(root);
        Assert.Equal(["uns/again", "uns/up"], tree.Find("uns")!.Children.Select(child => child.Path));
        Assert.All(tree.Find("uns")!.Children, child => Assert.Contains("links back to a group that holds it", child.Reason, StringComparison.Ordinal));
        Assert.Equal(ElementKind.DataFrame, tree.Find("obs")!.Kind);
    }

    [Fact]
    public void AChainOfGroupsEndsAtTheDepthLimit()
    {
        ViewGroup last = new("last");
        for (int i = 0; i < 2 * ElementTree.MaxDepth; i++) { last = new ViewGroup($"{i}").With("next", last); }
        ElementInfo deepest = Describe(last).SelfAndDescendants().Single(info => info.Kind == ElementKind.Refused);
        Assert.Contains($"deeper than {ElementTree.MaxDepth} levels", deepest.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ManyWaysToFewGroupsAreNotAllWalked()
    {
        ViewGroup level = new("bottom");
        for (int i = 0; i < 40; i++) { level = new ViewGroup($"{i}").With("left", level).With("right", level); } // 2^40 ways
        ElementInfo tree = Describe(level);
        Assert.Contains(tree.SelfAndDescendants(), info => info.Reason?.Contains("more than 16 places", StringComparison.Ordinal) ?? false);
        Assert.True(tree.SelfAndDescendants().Count() < 40 * 16 * 2 + 10);
    }

    [Fact]
    public void AFileOfTooManyElementsIsCutThere()
    {
        ViewGroup root = new(""), wide = new("uns"), inner = new("uns/inner");
        for (int i = 0; i < 300_000; i++) { inner.With($"{i:D6}", new ViewGroup($"uns/inner/{i:D6}")); }
        wide.With("inner", inner);
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

    [Fact]
    public void AMemberToWhichNoPathLeadsIsRefused()
    {
        ElementInfo tree = Describe(new ViewGroup("").With("", new ViewGroup("")).With("a/b", new ViewGroup("a/b")));
        Assert.All(tree.Children, child => Assert.Contains("no path leads to it", child.Reason, StringComparison.Ordinal));
        Assert.Equal(2, tree.Children.Count);
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
