using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace AnnDataCache.Tests.Cli;

/// <summary>What is exported is what a foreign reader finds in the source.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("layers/dense", "f['layers/dense'][()]")]
    [InlineData("obsm/X_pca", "f['obsm/X_pca'][()]")]
    [InlineData("obs/is_doublet", "f['obs/is_doublet'][()]")]
    [InlineData("obs/depth", "f['obs/depth'][()]")]
    public void NumpyReadsNpy(string element, string expected) => Compare(element, "npy",
        $"""
        import h5py, numpy, sys
        a = numpy.load(sys.argv[2])
        with h5py.File(sys.argv[1]) as f:
            e = {expected}
        assert a.dtype == e.dtype and a.shape == e.shape and a.tobytes() == e.tobytes(), (a, e)
        """);

    [Theory]
    [InlineData("X", "csr_matrix")]
    [InlineData("layers/by_gene", "csc_matrix")]
    public void ScipyReadsMatrixMarket(string element, string type) => Compare(element, "mtx",
        $"""
        import h5py, scipy.io, scipy.sparse, sys
        a = scipy.io.mmread(sys.argv[2]).toarray()
        with h5py.File(sys.argv[1]) as f:
            g = f['{element}']
            e = scipy.sparse.{type}((g['data'][()], g['indices'][()], g['indptr'][()]), shape=tuple(g.attrs['shape'])).toarray()
        assert a.shape == e.shape and (a.astype(e.dtype) == e).all(), (a, e)
        """);

    [Fact]
    public void PandasReadsCsv() => Compare("obs", "csv",
        """
        import numpy, pandas, sys
        a = pandas.read_csv(sys.argv[2], keep_default_na=False)
        assert list(a.columns) == ['_index', 'quality', 'depth', 'is_doublet', 'cell_type', 'note'], a.columns
        assert list(a['note']) == ['plain', 'with, comma', 'with "quotes"', 'two\nlines', '', '日本語 Ä', '\x1b[31mred'], list(a['note'])
        assert list(a['cell_type']) == ['T', 'B', '', 'T', 'B', 'NK', 'T']
        assert list(a['is_doublet']) == [True, False, True, False, False, True, True]
        assert list(a['depth']) == [i * 1000000007 for i in range(7)]
        q = [float(x) for x in a['quality']]
        assert q[2:] == [-1.25, 1e300, numpy.inf, 0.1, 3.0] and q[1] != q[1], q
        """);

    [Fact]
    public void ArrowReadsThePart()
    {
        string output = Path.Join(_line.Folder, "obs.arrow");
        _line.Succeed("export", CommandLine.Small, "obs", "-o", output);
        using ArrowFileReader reader = new(File.OpenRead(output));
        using RecordBatch batch = reader.ReadNextRecordBatch();
        Assert.Equal(7, batch.Length);
        Int64Array depth = (Int64Array)batch.Column("depth");
        Assert.Equal(6_000_000_042, depth.GetValue(6));
    }

    [Fact]
    public void AnExistingFileIsReplacedOnlyWhenForced()
    {
        string output = Path.Join(_line.Folder, "obs.csv");
        File.WriteAllText(output, "precious");
        CallResult refused = _line.Run("export", CommandLine.Small, "obs", "-o", output);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--force", refused.Error, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(output));
        _line.Succeed("export", CommandLine.Small, "obs", "-o", output, "--force");
        Assert.StartsWith("_index,quality", File.ReadAllText(output), StringComparison.Ordinal);
        Assert.Equal(["obs.csv"], Directory.GetFiles(_line.Folder).Select(Path.GetFileName));
    }

    private void Compare(string element, string format, string script)
    {
        Python.Require();
        string output = Path.Join(_line.Folder, $"out.{format}");
        _line.Succeed("export", CommandLine.Small, element, "-o", output);
        CallResult result = Python.Run(script, CommandLine.Small, output);
        Assert.True(result.ExitCode == 0, result.Error);
    }
}
