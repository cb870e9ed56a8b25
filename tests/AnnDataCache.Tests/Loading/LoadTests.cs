using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Loading;

/// <summary>Many elements with one call: the same parts as one by one, told in their order.</summary>
public sealed class LoadTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly TestStore _store = new();

    [Fact]
    public void WithoutNamesAllThatHasAPartIsLoadedOnceAndFoundThen()
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(s_sample);
        string[] parts = [.. file.Tree.Parts().Select(part => part.Path)];
        Assert.Contains("obsm/X_umap", parts);
        Assert.DoesNotContain("obs/cell_type", parts);

        List<LoadedElement> first = [], second = [];
        file.Load(told: first.Add);
        file.Load(told: second.Add);
        Assert.Equal(parts, first.Select(one => one.Element));
        Assert.Equal(parts, second.Select(one => one.Element));
        Assert.All(first, one => Assert.True(one.Loaded && one.Failure is null && one.Tier == "hot", one.Element));
        Assert.All(second, one => Assert.False(one.Loaded, one.Element));
        Assert.Equal(first.Select(one => (one.PartFile, one.Bytes, one.Kind)), second.Select(one => (one.PartFile, one.Bytes, one.Kind)));
        Assert.All(first, one => Assert.Equal(one.Bytes, new FileInfo(one.PartFile).Length));
    }

    [Fact]
    public void AnElementThatIsNotThereFailsAlone()
    {
        using Cache cache = _store.Open();
        using CachedAnnData file = cache.Open(s_sample);
        List<LoadedElement> told = [];
        file.Load(["obs", "nothing", "obs/cell_type"], told.Add);
        Assert.Equal(["obs", "nothing", "obs/cell_type"], told.Select(one => one.Element));
        Assert.Equal(CacheError.ElementNotFound, told[1].Failure!.Error);
        Assert.Equal(told[0].PartFile, told[2].PartFile);
        Assert.Throws<ArgumentNullException>(() => file.Load([null!]));
    }

    /// <summary>An errand that waits for the part whose own thread it is on would wait for ever.</summary>
    [Fact]
    public void AColumnCountsAsTheDataframeThatHoldsIt()
    {
        ElementInfo column = new("obs/label", ElementKind.Categorical) { Shape = [10_000_000], Type = DType.Int8, PartPath = "obs" };
        ElementInfo number = new("obs/n", ElementKind.Dense) { Shape = [10_000_000], Type = DType.Float64, PartPath = "obs" };
        ElementInfo tree = new("", ElementKind.Dict)
        {
            Children = [new("obs", ElementKind.DataFrame) { Shape = [10_000_000, 2], Children = [column, number], PartPath = "obs" }],
        };
        Assert.Equal([("obs", 9e7), ("obs/label", 9e7), ("else", 0)], CachedAnnData.PartsOf(tree, ["obs", "obs/label", "else"]));
        Assert.Equal([("obs", 9e7)], CachedAnnData.PartsOf(tree, null));
    }

    /// <summary>For real: a matrix large enough to have the other elements loaded beside it, by two processes at once.</summary>
    [Fact]
    public void ALargeFileIsLoadedInTwoLanesByTwoProcessesAtOnce()
    {
        Python.Require();
        string file = Path.Join(_store.Disk, "large.h5ad");
        CallResult made = Python.Run("""
            import sys, numpy as np, h5py
            rng = np.random.default_rng(1)
            with h5py.File(sys.argv[1], "w") as f:
                f.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
                def array(path, values):
                    d = f.create_dataset(path, data=values)
                    d.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
                array("X", rng.random((9000, 1000), dtype="f4"))
                array("layers/counts", rng.integers(0, 9, (9000, 1000), dtype="i4"))
                for g in ("layers", "obsm"):
                    f.require_group(g).attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
                for i in range(40):
                    array(f"obsm/e{i}", rng.random((9000, 1 + i)))
            """, file);
        Assert.True(made.ExitCode == 0, made.Error);
        using CommandLine line = new();
        using System.Diagnostics.Process beside = line.Start(["load", file, "--all", "--json"]);
        CallResult here = line.Run("load", file, "--all", "--json"), there = CallResult.Of(beside);
        Assert.Equal((0, 0), (here.ExitCode, there.ExitCode));
        string[] elements = [.. here.JsonLines.Select(one => one.GetProperty("element").GetString()!)];
        Assert.Equal(elements, there.JsonLines.Select(one => one.GetProperty("element").GetString()!));
        Assert.Equal(42, elements.Length);
        Assert.All(
            here.JsonLines.Zip(there.JsonLines),
            pair => Assert.Equal(1, new[] { pair.First, pair.Second }.Count(one => one.GetProperty("result").GetString() == "loaded")));
        Assert.Equal(0, line.Run("verify").ExitCode); // every part once more from its source, byte by byte
    }

    public void Dispose() => _store.Dispose();
}
