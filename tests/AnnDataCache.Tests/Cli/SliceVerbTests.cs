namespace AnnDataCache.Tests.Cli;

/// <summary>Genes and slices on the command line are what scipy takes from the same file, in every form of output.</summary>
public sealed class SliceVerbTests : IDisposable
{
    private static readonly string s_forms = TestFiles.Small("slices/forms.h5ad");

    private readonly CommandLine _line = new();

    [Theory]
    [InlineData("layers/counts", "float32")]
    [InlineData("layers/int64", "exact")]
    [InlineData("layers/csc_fractions", "float64")]
    [InlineData("layers/dense_int16", "float32")]
    [InlineData("layers/complex64", "float32")]
    public void RawGenesAreAHeaderAndTheNumbers(string element, string type)
    {
        Python.Require();
        Succeed($"""
            header, arrays = raw("gene", path, "Gene9", "Gene0", "--column", "feature_name", "--element", "{element}", "--dtype", "{type}")
            want = expected("{element}")[:, [9, 0]].T
            want = want if "{type}" == "exact" or want.dtype.kind == "c" else want.astype("{type}")
            assert header["genes"] == ["Gene9", "Gene0"] and header["shape"] == [2, 61] and header["format"] == "dense", header
            assert arrays["values"].dtype == want.dtype and arrays["values"].tobytes() == np.ascontiguousarray(want).tobytes()
            """);
    }

    [Theory]
    [InlineData("layers/counts", "5,0,20:23", "[5, 0, 20, 21, 22]")]
    [InlineData("layers/unsorted", ":4", "[0, 1, 2, 3]")]
    [InlineData("layers/csc_counts", "60,60", "[60, 60]")]
    [InlineData("layers/counts", ":", "range(61)")]
    [InlineData("layers/counts", "4:4", "[]")]
    public void RawCellsAreTheArraysOfACsr(string element, string cells, string wanted)
    {
        Python.Require();
        Succeed($"""
            header, arrays = raw("slice", path, "{element}", "--cells", "{cells}")
            assert header["format"] == "csr", header
            got = sp.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), header["shape"])
            want = expected("{element}")[np.array({wanted}, int)]
            assert got.shape == want.shape and got.toarray().tobytes() == want.tobytes()
            header, arrays = raw("slice", path, "{element}", "--cells", "{cells}", "--genes", "Gene3,7,0:2", "--column", "feature_name")
            assert header["genes"] == ["Gene3", "7", "0", "1"], header["genes"]
            assert arrays["values"].tobytes() == np.ascontiguousarray(want[:, [3, 7, 0, 1]]).tobytes()
            """);
    }

    [Fact]
    public void NpyAndJsonAndCsvHoldTheSame()
    {
        Python.Require();
        string output = Path.Join(_line.Folder, "gene.npy");
        _line.Succeed("gene", s_forms, "ENSG00009", "-o", output);
        string csv = Path.Join(_line.Folder, "gene.csv"), json = Path.Join(_line.Folder, "gene.json");
        File.WriteAllText(csv, _line.Succeed("gene", s_forms, "ENSG00009", "--csv").Out);
        File.WriteAllText(json, _line.Succeed("gene", s_forms, "9", "--positions", "--json").Out);
        Succeed($"""
            want = expected("X")[:, 9]
            assert np.load("{output}").tolist() == want.tolist()
            frame = pd.read_csv("{csv}", index_col=0)
            assert frame["ENSG00009"].tolist() == want.tolist() and frame.index[60] == "cell-60"
            assert json.load(open("{json}"))["values"] == [want.tolist()]
            """);
        Assert.Contains("dense", _line.Run("slice", s_forms, "--cells", "1", "-o", Path.Join(_line.Folder, "cells.npy")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralGenesAreARowEachOrAColumnEach()
    {
        Python.Require();
        string npy = Path.Join(_line.Folder, "genes.npy"), csv = Path.Join(_line.Folder, "genes.csv"), json = Path.Join(_line.Folder, "genes.json");
        _line.Succeed("gene", s_forms, "ENSG00009", "ENSG00000", "-o", npy);
        File.WriteAllText(csv, _line.Succeed("gene", s_forms, "ENSG00009", "ENSG00000", "--csv").Out);
        File.WriteAllText(json, _line.Succeed("gene", s_forms, "9", "0", "--positions", "--json").Out);
        Succeed($"""
            want = expected("X")[:, [9, 0]]
            assert np.load("{npy}").tolist() == want.T.tolist()
            assert pd.read_csv("{csv}", index_col=0)[["ENSG00009", "ENSG00000"]].values.tolist() == want.tolist()
            assert json.load(open("{json}"))["values"] == want.T.tolist()
            """);
    }

    [Fact]
    public void TheTextHasTheNumbers()
    {
        Python.Require();
        string genes = Path.Join(_line.Folder, "genes.txt"), block = Path.Join(_line.Folder, "block.txt");
        File.WriteAllText(genes, _line.Succeed("gene", s_forms, "ENSG00009", "ENSG00000").Out);
        File.WriteAllText(block, _line.Succeed("slice", s_forms, "--cells", "5,0", "--genes", "9,3").Out);
        Succeed($$"""
            for line, gene in zip(open("{{genes}}").read().splitlines()[-2:], (9, 0)):
                want = expected("X")[:, gene]
                name, position, cells, present, share, percent, least, greatest, mean = line.split()
                assert name == f"ENSG0000{gene}" and [int(position), int(cells), int(present)] == [gene, 61, (want != 0).sum()], line
                assert share == f"{(want != 0).mean() * 100:.1f}" and [float(least), float(greatest)] == [want.min(), want.max()], line
                assert np.isclose(float(mean), want.mean(), rtol=1e-6), line
            rows = [[float(number) for number in line.split()] for line in open("{{block}}").read().splitlines()[-2:]]
            assert rows == expected("X")[[5, 0]][:, [9, 3]].tolist(), rows
            """);
    }

    [Fact]
    public void DenseCellsHaveTheirZeros()
    {
        Python.Require();
        string npy = Path.Join(_line.Folder, "cells.npy");
        _line.Succeed("slice", s_forms, "--cells", "5,0", "--dense", "-o", npy);
        Succeed($"""
            header, arrays = raw("slice", path, "--cells", "5,0", "--dense")
            want = expected("X")[[5, 0]]
            assert header["format"] == "dense" and arrays["values"].tolist() == want.tolist() == np.load("{npy}").tolist()
            """);
    }

    [Theory]
    [InlineData(14, "feature_name", "gene", "Gene9")]
    [InlineData(15, "20 (ENSG00020)", "gene", "MATR3", "--column", "feature_name")]
    [InlineData(10, "layers/nothing", "gene", "ENSG00009", "--layer", "nothing")]
    [InlineData(2, "outside", "gene", "37", "--positions")]
    [InlineData(2, "0:61", "slice", "--cells", "5:62")]
    [InlineData(2, "no position", "slice", "--cells", "cell-1")]
    [InlineData(2, "cannot be read", "slice", "--cells", "file:/nowhere")]
    public void AWrongAskHasItsExitCodeAndSaysWhatWouldDo(int exit, string hint, string verb, params string[] rest)
    {
        CallResult result = _line.Run([verb, s_forms, .. rest]);
        Assert.True(exit == result.ExitCode && result.Error.Contains(hint, StringComparison.Ordinal), $"{result.ExitCode}: {result.Error}");
    }

    [Fact]
    public void AFileWithoutLayersSaysSo()
    {
        Python.Require();
        string path = Path.Join(_line.Folder, "bare.h5ad");
        Assert.Equal(0, Python.Run("import sys, anndata, numpy; anndata.AnnData(numpy.ones((2, 2), 'f4')).write_h5ad(sys.argv[1])", path).ExitCode);
        Assert.Contains("Its 'layers' is empty.", _line.Run("gene", path, "0", "--layer", "counts").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TwinsAreBuiltWithALoadAndListed()
    {
        Assert.Contains("(twin)", _line.Succeed("load", s_forms, "X", "obs", "--twin").Out, StringComparison.Ordinal);
        Assert.Contains("X (twin)", _line.Succeed("ls").Out, StringComparison.Ordinal);
        Assert.Contains("ENSG00009", _line.Succeed("gene", s_forms, "ENSG00009").Out, StringComparison.Ordinal);
        _line.Succeed("evict", s_forms, "X");
        Assert.DoesNotContain("(twin)", _line.Succeed("ls").Out, StringComparison.Ordinal);
        Assert.Contains("nothing but offsets", _line.Succeed("load", s_forms, "uns/wide", "--twin").Out, StringComparison.Ordinal);
    }

    private void Succeed(string code)
    {
        CallResult result = Python.Run($$"""
            import json, os, subprocess
            import h5py, numpy as np, pandas as pd, scipy.sparse as sp
            path, line = "{{s_forms}}", "{{CommandLine.Executable}}"
            environment = dict(os.environ, ANNDATA_CACHE_HOT_FOLDER="{{_line.HotFolder}}", ANNDATA_CACHE_COLD_BYTES="0")

            def raw(*arguments):
                out = subprocess.run([line, *arguments, "--raw"], check=True, capture_output=True, env=environment).stdout
                head, at, arrays = out[:out.index(b"\n")], out.index(b"\n") + 1, {}
                for array in json.loads(head)["arrays"]:
                    count = int(np.prod(array["shape"]))
                    arrays[array["name"]] = np.frombuffer(out, array["dtype"], count, at).reshape(array["shape"])
                    at += arrays[array["name"]].nbytes
                assert at == len(out)
                return json.loads(head), arrays

            def expected(element):
                with h5py.File(path) as file:
                    return file["uns/expected/" + ("counts" if element == "X" else element.split("/")[1])][()]
            """ + "\n" + code);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    public void Dispose() => _line.Dispose();
}
