namespace AnnDataCache.Tests.Slicing;

/// <summary>A gene is found by its name in any column of var; a name that leads nowhere, or to several genes, is an error that helps.</summary>
public sealed class NameTests : IDisposable
{
    private readonly SliceFixture _fixture = new();

    [Theory]
    [InlineData("X", "ENSG00017", null, 17)]
    [InlineData("X", "ENSG00017", "_index", 17)]
    [InlineData("layers/counts", "Gene36", "feature_name", 36)]
    [InlineData("X", "sym-0", "gene_symbols", 0)]
    [InlineData("X", "1011", "entrez", 1)]
    [InlineData("raw/X", "ENSG00039", null, 39)]
    public void AGeneIsFoundByItsName(string element, string name, string? column, long gene) =>
        Assert.Equal(gene, _fixture.File.Slices(element).FindGene(name, column, TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("MATR3", "feature_name", CacheError.NameAmbiguous, "5 (ENSG00005), 20 (ENSG00020)")]
    [InlineData("Gene17", null, CacheError.NameNotFound, "column 'feature_name'")]
    [InlineData("gene17", "feature_name", CacheError.NameNotFound, "Gene17")]
    [InlineData("Gene117", "feature_name", CacheError.NameNotFound, "Gene17")]
    [InlineData("sym-3", "gene_symbols", CacheError.NameNotFound, "sym-30")]
    [InlineData("", null, CacheError.NameNotFound, "names")]
    [InlineData("ENSG00001", "nothing", CacheError.ElementNotFound, "feature_name")]
    public void AWrongNameIsAnErrorThatHelps(string name, string? column, CacheError error, string hint)
    {
        ElementException wrong = Assert.Throws<ElementException>(() => _fixture.File.Slices("X").FindGene(name, column));
        Assert.Equal(error, wrong.Error);
        Assert.Contains(hint, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatHasNoGenesHasNoNames() =>
        Assert.Contains("positions", Assert.Throws<ElementException>(() => _fixture.File.Slices("obsm/X_umap").FindGene("a")).Message, StringComparison.Ordinal);

    [Fact]
    public void TheTableIsAPartThatOthersFind()
    {
        _fixture.File.Slices("X").FindGene("Gene1", "feature_name", TestContext.Current.CancellationToken);
        StoredPart table = Assert.Single(_fixture.Cache.List(), part => part.Derived == "lookup feature_name");
        Assert.Equal(("var", "hot", false), (table.Element, table.Tier, table.Stale));
        using Cache other = _fixture.Store.Open();
        using CachedAnnData same = other.Open(SliceFixture.Forms);
        long loads = other.Statistics().Hot.Loads;
        Assert.Equal(2, same.Slices("X").FindGene("Gene2", "feature_name", TestContext.Current.CancellationToken));
        Assert.Equal(loads, other.Statistics().Hot.Loads);
        Assert.Empty(other.Verify(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("ACTB", "ACTB", 0)]
    [InlineData("actb", "ACTB", 0)]
    [InlineData("ACTG", "ACTB", 1)]
    [InlineData("CTB", "ACTB", 1)]
    [InlineData("XXTB", "ACTB", 2)]
    [InlineData("XXXB", "ACTB", null)]
    [InlineData("A", "ACTB", null)]
    public void EditsAreCounted(string left, string right, int? edits) => Assert.Equal(edits, AnnDataCache.Slicing.EditDistance.AtMostTwo(left, right));

    public void Dispose() => _fixture.Dispose();
}
