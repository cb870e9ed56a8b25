using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AnnDataCache.Tests.Api;

/// <summary>The Python of the README and of the documents runs as it stands, against parts of the sample that ships.</summary>
public sealed partial class PythonSnippetTests : IDisposable
{
    private const string Interpreter = "/usr/bin/python3";

    private readonly TestStore _store = new();
    private readonly Cache _cache;
    private readonly CachedAnnData _pbmc;

    public PythonSnippetTests()
    {
        Assert.SkipUnless(File.Exists(Interpreter) && Run("import numpy, anndata").ExitCode == 0, "python3 with numpy and anndata is missing.");
        _cache = _store.Open();
        _pbmc = _cache.Open(Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad"));
    }

    [Fact]
    public void TheReadmesExampleMapsTheEmbedding()
    {
        using PinnedElement umap = _pbmc.Pin("obsm/X_umap");
        Succeed(Snippet("README.md") + $"\nassert umap.shape == (700, 2) and umap[0, 0] == {DTypes.Text(umap.Dense<float>()[0, 0])}\n");
    }

    [Fact]
    public void TheFormatsExampleReadsDenseAndSparseParts()
    {
        using PinnedElement pca = _pbmc.Pin("obsm/X_pca"), x = _pbmc.Pin("X");
        string code = Snippet("docs/part-format.md");
        Succeed($"path = '{pca.PartFile}'\n{code}\nassert array.shape == (700, 20) and array[699, 19] == {DTypes.Text(pca.Dense<float>()[699, 19])}\n");
        Succeed($"path = '{x.PartFile}'\n{code}\nassert len(indptr) == 701 and indptr[-1] == len(indices) == len(data) == {x.Sparse<float>().NonZeros}\n");
    }

    [Fact]
    public void TheFormatsExampleReadsAGeneOfATwin()
    {
        using PinnedElement twin = _pbmc.Slices("X").PinTwin(TestContext.Current.CancellationToken)!;
        float[] gene = _pbmc.Slices("X").Gene<float>(17, TestContext.Current.CancellationToken);
        string code = Snippet("docs/part-format.md"), function = Snippet("docs/part-format.md", "def gene(");
        Succeed($"path = '{twin.PartFile}'\n{code}\n{function}\nvalues = gene(layout, buffer, 17)\nassert values.dtype == 'float32'\n"
            + $"assert values.tolist() == [{string.Join(',', gene.Select(value => DTypes.Text(value)))}]\n");
    }

    [Fact]
    public void TheProtocolsExamplePinsAPart()
    {
        using PinnedElement x = _pbmc.Pin("X");
        string tier = _store.Options.HotFolder!, name = Path.GetFileName(x.PartFile);
        Succeed($"{Snippet("docs/sharing.md")}\nmemory, layout = pin('{tier}', '{name}')\nassert layout['element'] == 'X' and len(memory) == {x.Bytes}\n"
            + $"assert pin('{tier}', 'absent') is None\n");
    }

    private static string Snippet(string document, string start = "") => PythonBlock()
        .Matches(File.ReadAllText(Path.Join(TestFiles.Repository, document))).Select(match => match.Groups[1].Value)
        .First(code => code.StartsWith(start, StringComparison.Ordinal));

    private void Succeed(string code)
    {
        (int exit, string error) = Run(code, _store);
        Assert.True(exit == 0, $"{error}\n{code}");
    }

    private static (int ExitCode, string Error) Run(string code, TestStore? store = null)
    {
        ProcessStartInfo start = new(Interpreter, ["-c", code]) { WorkingDirectory = TestFiles.Repository, RedirectStandardError = true };
        start.Environment["PATH"] = Path.GetDirectoryName(Cli.CommandLine.Executable) + ":" + Environment.GetEnvironmentVariable("PATH");
        start.Environment["PYTHONPATH"] = Path.Join(TestFiles.Repository, "python", "src");
        start.Environment["ANNDATA_CACHE_HOT_FOLDER"] = store?.Options.HotFolder;
        start.Environment["ANNDATA_CACHE_FOLDER"] = store?.Options.ColdFolder;
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }

    public void Dispose()
    {
        _pbmc.Dispose();
        _cache.Dispose();
        _store.Dispose();
    }

    [GeneratedRegex(@"```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex PythonBlock();
}
