using System.IO.Compression;
using System.Text.Json;
using AnnDataCache.Tests.Cli;

namespace AnnDataCache.Tests.Zarr;

/// <summary>One AnnData, written as .h5ad and as .zarr: all checksums are equal; and every verb takes the store.</summary>
public sealed class SameContentTests : IDisposable
{
    private const string Write = """
        import sys, warnings
        warnings.simplefilter("ignore")
        import anndata, numpy as np, pandas as pd, scipy.sparse as sp
        random = np.random.default_rng(5)
        n, m = 60, 40
        counts = sp.random(n, m, 0.2, "csr", "f4", random_state=3)
        obs = pd.DataFrame({
            "type": pd.Categorical(random.choice(["T", "B", "NK"], n)), "score": random.normal(size=n), "good": random.random(n) > 0.5,
            "maybe": pd.array(random.integers(0, 9, n), "Int64"), "text": [f"cell {i} é" for i in range(n)],
        }, index=[f"c{i}" for i in range(n)])
        obs.loc["c3", "maybe"] = pd.NA
        data = anndata.AnnData(counts, obs, pd.DataFrame(index=[f"g{i}" for i in range(m)]), dtype="f4")
        data.layers["dense"] = np.asfortranarray(random.normal(size=(n, m)))
        data.layers["columns"] = sp.csc_matrix(counts)
        data.obsm["X_umap"] = random.normal(size=(n, 2)).astype("f4")
        data.obsm["frame"] = pd.DataFrame({"a": np.arange(n)}, index=obs.index)
        data.obsp["near"] = sp.random(n, n, 0.1, "csr", random_state=4)
        data.uns.update({"text": "täxt", "number": 3, "real": 0.5, "list": np.array(["a", "", "ü"]), "deep": {"er": {"x": np.arange(4)}}})
        data.raw = data[:, :20]
        data.write_h5ad(sys.argv[1] + ".h5ad")
        data.write_zarr(sys.argv[1] + ".zarr", chunks=(17, 9))
        """;

    private readonly CommandLine _line = new();

    [Fact]
    public void BothFormatsGiveEqualChecksums()
    {
        string name = WriteBoth();
        string file = Elements(name + ".h5ad");
        Assert.Equal(file, Elements(name + ".zarr"));
        ZipFile.CreateFromDirectory(name + ".zarr", name + ".zarr.zip");
        Assert.Equal(file, Elements(name + ".zarr.zip"));
        Directory.CreateDirectory(Path.Join(_line.Folder, "spatial.zarr", "tables"));
        Directory.Move(name + ".zarr", Path.Join(_line.Folder, "spatial.zarr", "tables", "table"));
        Assert.Equal(file, Elements(Path.Join(_line.Folder, "spatial.zarr", "tables", "table")));
    }

    [Fact]
    public void EveryVerbTakesAStore()
    {
        string store = WriteBoth() + ".zarr";
        Assert.Contains("csr", _line.Succeed("inspect", store).Out, StringComparison.Ordinal);
        Assert.Contains("loaded", _line.Succeed("load", store, "X", "obs").Out, StringComparison.Ordinal);
        Assert.Contains("hit", _line.Succeed("load", store + "/", "X").Out, StringComparison.Ordinal);
        Assert.Contains("cell 1 é", _line.Succeed("show", store, "obs").Out, StringComparison.Ordinal);
        Assert.NotEmpty(_line.Succeed("explain", store, "X").Out);
        Assert.Contains(store, _line.Succeed("ls").Out, StringComparison.Ordinal);
        string csv = Path.Join(_line.Folder, "obs.csv");
        _line.Succeed("export", store, "obs", "--output", csv);
        Assert.StartsWith("index,", File.ReadAllText(csv).Replace("_index,", "index,", StringComparison.Ordinal), StringComparison.Ordinal);
        _line.Succeed("load", store, "X", "--check");
        _line.Succeed("evict", store, "X");
        Assert.Contains("loaded", _line.Succeed("load", store, "X").Out, StringComparison.Ordinal);
        Assert.Contains("hit", _line.Succeed("load", Path.GetFileName(store), "X").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoStoreIsRefusedWithWhatToDo()
    {
        string store = WriteBoth() + ".zarr";
        Assert.Contains("open the store", _line.Run("inspect", Path.Join(store, "obs")).Error, StringComparison.Ordinal);
        Assert.Contains("is a folder", _line.Run("inspect", _line.Folder).Error, StringComparison.Ordinal);
        string zip = Path.Join(_line.Folder, "file.zip");
        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Create)) { archive.CreateEntryFromFile(CommandLine.Small, "small.h5ad"); }
        Assert.Contains("unzip it", _line.Run("inspect", zip).Error, StringComparison.Ordinal);
        string compressed = Path.Join(_line.Folder, "file.h5ad.gz");
        using (GZipStream stream = new(File.Create(compressed), CompressionLevel.Fastest)) { stream.Write(File.ReadAllBytes(CommandLine.Small)); }
        Assert.Contains("gunzip", _line.Run("inspect", compressed).Error, StringComparison.Ordinal);
    }

    private string WriteBoth()
    {
        CallResult probe = Python.Run("import anndata, zarr");
        Assert.SkipUnless(probe.ExitCode == 0, "/usr/bin/python3 with anndata and zarr is missing.");
        string name = Path.Join(_line.Folder, "both");
        CallResult written = Python.Run(Write, name);
        Assert.True(written.ExitCode == 0, written.Error);
        return name;
    }

    /// <summary>What <c>checksum</c> says of all elements.</summary>
    private string Elements(string path) => JsonSerializer.Serialize(_line.Succeed("checksum", path).Json.GetProperty("elements"));

    public void Dispose() => _line.Dispose();
}
