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

    /// <summary>Version 3 as anndata 0.13 writes it, of files that hold every encoding there is.</summary>
    [Theory]
    [InlineData("samples/pbmc-like.h5ad")]
    [InlineData("tests/data/h5ad/awkward.h5ad")]
    [InlineData("tests/data/h5ad/encodings.h5ad", "uns", "uns/none", "uns/opaque", "var/old")] // HDF5's own ways: a null space, opaque bytes, references
    [InlineData("")]
    public void Version3GivesEqualChecksumsToo(string source, params string[] apart)
    {
        Python.Require();
        string file = source.Length > 0 ? Path.Join(TestFiles.Repository, source) : WriteCategories(), store = Path.Join(_line.Folder, "v3.zarr");
        CallResult written = Python.Run("import sys; sys.path.insert(0, sys.argv[1]); import from_h5ad; from_h5ad.convert(*sys.argv[2:])", TestFiles.Small("zarr"), file, store);
        Assert.SkipWhen(written.Error.Contains("ModuleNotFoundError", StringComparison.Ordinal), written.Error);
        Assert.True(written.ExitCode == 0, written.Error);
        JsonElement expected = _line.Succeed("checksum", file).Json.GetProperty("elements"), found = _line.Succeed("checksum", store).Json.GetProperty("elements");
        Dictionary<string, string> here = found.EnumerateObject().ToDictionary(element => element.Name, element => element.Value.GetRawText());
        List<string> different = [];
        foreach (JsonProperty element in expected.EnumerateObject().Where(element => !apart.Contains(element.Name)))
        {
            if (here.GetValueOrDefault(element.Name) != element.Value.GetRawText()) { different.Add($"{element.Name}: {element.Value} in the file, {here.GetValueOrDefault(element.Name)} in the store"); }
        }

        Assert.True(different.Count == 0, string.Join('\n', different));
        Assert.True(here.Count > 10);
    }

    /// <summary>Codes of every type, categories of every kind, a frame without rows.</summary>
    private string WriteCategories()
    {
        string file = Path.Join(_line.Folder, "categories.h5ad");
        CallResult written = Python.Run("""
            import sys, h5py, numpy as np
            text = h5py.string_dtype()
            def typed(node, kind, version):
                node.attrs.update({"encoding-type": kind, "encoding-version": version})
                return node
            def frame(parent, name, index, columns):
                node = typed(parent.create_group(name), "dataframe", "0.2.0")
                node.attrs["_index"], node.attrs["column-order"] = "_index", np.array(columns, object) if columns else np.zeros(0)
                typed(node.create_dataset("_index", data=np.array(index, object), dtype=text), "string-array", "0.2.0")
                return node
            with h5py.File(sys.argv[1], "w") as file:
                typed(file, "anndata", "0.1.0")
                types = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
                kinds = {"words": np.array(["a", "", "ü"], object), "numbers": np.array([1.5, -2, np.inf]), "integers": np.array([7, -1, 2**60]), "truth": np.array([False, True])}
                obs = frame(file, "obs", ["x", "y", "z", "q"], types + list(kinds))
                for name in types + list(kinds):
                    node = typed(obs.create_group(name), "categorical", "0.2.0")
                    node.attrs["ordered"] = name in ("i2", "numbers")
                    categories = kinds.get(name, kinds["words"])
                    typed(node.create_dataset("categories", data=categories, **({"dtype": text} if categories.dtype.kind == "O" else {})), "array" if categories.dtype.kind != "O" else "string-array", "0.2.0")
                    codes = np.array([1, 0, 1, 0], name if name in types else "i1")
                    if codes.dtype.kind == "i":
                        codes[2] = -1
                    typed(node.create_dataset("codes", data=codes), "array", "0.2.0")
                frame(file, "var", [], [])
                uns = typed(file.create_group("uns"), "dict", "0.1.0")
                for name, values in (("none", np.zeros((0, 3), "f4")), ("truth", np.array([True, False])), ("one", np.zeros((1, 1, 1, 2), "i2"))):
                    typed(uns.create_dataset(name, data=values), "array", "0.2.0")
                for name, value in (("flag", np.bool_(True)), ("large", np.int64(2**60 + 1)), ("nan", np.float32("nan")), ("complex", np.complex64(1 + 2j))):
                    typed(uns.create_dataset(name, data=value), "numeric-scalar", "0.2.0")
            """, file);
        Assert.True(written.ExitCode == 0, written.Error);
        return file;
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
