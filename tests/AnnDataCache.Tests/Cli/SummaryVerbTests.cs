using System.Text.Json;
using System.Xml.Linq;

namespace AnnDataCache.Tests.Cli;

/// <summary>What <c>summary</c> prints, what it draws, and what it refuses.</summary>
public sealed class SummaryVerbTests : IDisposable
{
    private static readonly string s_sample = Path.Join(TestFiles.Repository, "samples", "pbmc-like.h5ad");

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void GenesByGroupsAreATableAndJsonAndCsv()
    {
        string[] call = ["summary", s_sample, "--genes", "CD3D,LYZ", "--groupby", "donor"];
        JsonElement json = _line.Succeed([.. call, "--json"]).Json;
        Assert.Equal(["D1", "D2", "D3"], json.GetProperty("groups").EnumerateArray().Select(group => group.GetProperty("name").GetString()));
        Assert.Equal(14, json.GetProperty("ungrouped_cells").GetInt64());
        JsonElement lyz = json.GetProperty("genes")[1];
        Assert.Equal("LYZ", lyz.GetProperty("name").GetString());

        using Cache cache = Cache.Open(_line.Options);
        using CachedAnnData data = cache.Open(s_sample);
        GeneSummary summary = data.SummarizeGenes(["LYZ"], "donor");
        Assert.Equal(summary.Means.ToArray(), Numbers(lyz, "mean"));
        Assert.Equal(summary.Variances.ToArray(), Numbers(lyz, "variance"));
        Assert.Equal(summary.Fractions.ToArray(), Numbers(lyz, "fraction"));
        string[] csv = _line.Succeed([.. call, "--csv"]).Out.TrimEnd().Split('\n');
        Assert.Equal("gene,group,cells,mean,variance,fraction", csv[0]);
        Assert.Equal(7, csv.Length);
        Assert.StartsWith($"LYZ,D1,{summary.CellCounts[0]},{DTypes.Text(summary.Means[0])},", csv[4], StringComparison.Ordinal);
        string text = _line.Succeed(call).Out;
        Assert.Contains("14 cells without a value of 'donor' left out", text, StringComparison.Ordinal);
        Assert.Contains("expressed", text, StringComparison.Ordinal);
        Assert.Contains($" {(100 * summary.Fractions[0]).ToString("0.0", null)} %\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void AllGenesAndAnotherCutoff()
    {
        using Cache cache = Cache.Open(_line.Options);
        using CachedAnnData data = cache.Open(s_sample);
        GeneSummary wanted = data.SummarizeGenes(null, null, "X", cutoff: 5);
        JsonElement genes = _line.Succeed("summary", s_sample, "--genes", "*", "--cutoff", "5", "--json").Json.GetProperty("genes");
        Assert.NotEqual(data.SummarizeGenes().Fractions.ToArray(), wanted.Fractions.ToArray());
        Assert.Equal(wanted.Genes, genes.EnumerateArray().Select(gene => gene.GetProperty("name").GetString()));
        Assert.Equal(wanted.Fractions.ToArray(), genes.EnumerateArray().Select(gene => Assert.Single(Numbers(gene, "fraction"))));
    }

    [Fact]
    public void BinsFollowEachOther()
    {
        string[] call = ["summary", s_sample, "--column", "n_genes", "--bins", "7"];
        JsonElement column = _line.Succeed([.. call, "--json"]).Json.GetProperty("columns")[0];
        double[] edges = [.. Numbers(column, "edges")];
        Assert.Equal(8, edges.Length);
        Assert.Equal((column.GetProperty("min").GetDouble(), column.GetProperty("max").GetDouble()), (edges[0], edges[^1]));
        string[] rows = _line.Succeed([.. call, "--csv"]).Out.TrimEnd().Split('\n')[1..];
        Assert.Equal(
            Numbers(column, "counts").Select((count, i) => $"obs/n_genes,{DTypes.Text(edges[i])},{DTypes.Text(edges[i + 1])},,{DTypes.Text(count)}"), rows);
    }

    [Fact]
    public void TheTableOfColumnsNamesTheLargestCategoriesFirst()
    {
        string text = _line.Succeed("summary", s_sample, "--column", "donor,n_genes").Out;
        Assert.Contains("3: D3 (248), D2 (225), D1 (213)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutAWishAllColumnsOfObsAreSummarized()
    {
        JsonElement columns = _line.Succeed("summary", s_sample, "--json").Json.GetProperty("columns");
        Dictionary<string, JsonElement> byName = columns.EnumerateArray().ToDictionary(column => column.GetProperty("column").GetString()!);
        Assert.Equal(8, byName.Count);
        Assert.Equal(700, byName["obs/n_genes"].GetProperty("counts").EnumerateArray().Sum(count => count.GetDouble()));
        Assert.Equal(8, byName["obs/cell_type"].GetProperty("categories").GetArrayLength());
        string[] csv = _line.Succeed("summary", s_sample, "--column", "donor", "--csv").Out.TrimEnd().Split('\n');
        Assert.Equal(["column,from,to,category,count", "obs/donor,,,D1,213", "obs/donor,,,D2,225", "obs/donor,,,D3,248", "obs/donor,,,,14"], csv);
    }

    [Theory]
    [InlineData("--genes", "CD3D,LYZ", "CD3D", "Mean expression")]
    [InlineData("--column", "total_counts", "total_counts", "cells")]
    [InlineData("--column", "donor", "D2", "missing")]
    [InlineData("--color", "LYZ", "UMAP 1", "UMAP 2")]
    [InlineData("--color", "cell_type", "CD14+ Monocyte (109)", "UMAP 1")]
    [InlineData("--color", "note", "plate 1, well 1 (1)", "… and 588 more")]
    public void APictureIsValidAndSaysWhatItShows(string option, string value, string first, string second)
    {
        string svg = Path.Join(_line.Folder, "plot.svg"), png = Path.Join(_line.Folder, "plot.png");
        _line.Succeed("summary", s_sample, option, value, "--plot", svg);
        XDocument document = XDocument.Load(svg);
        string[] texts = [.. document.Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value)];
        Assert.Contains(texts, text => text.Contains(first, StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains(second, StringComparison.Ordinal));
        _line.Succeed("summary", s_sample, option, value, "--plot", png);
        CheckPng(File.ReadAllBytes(png));
    }

    [Fact]
    public void CellsWithoutACategoryAreCountedByThemselves()
    {
        Assert.Equal(["D1 (213)", "D2 (225)", "D3 (248)", "missing (14)"], TextsOf(s_sample, "donor")[^4..]);
        Python.Require();
        string nullable = Path.Join(_line.Folder, "nullable.h5ad");
        CallResult made = Python.Run(
            """
            import shutil, sys, h5py, numpy as np
            shutil.copy(sys.argv[1], sys.argv[2])
            with h5py.File(sys.argv[2], "a") as file:
                obs = file["obs"]
                obs.attrs["column-order"] = [*obs.attrs["column-order"], "passed"]
                column = obs.create_group("passed")
                column.attrs.update({"encoding-type": "nullable-boolean", "encoding-version": "0.1.0"})
                for name, values in (("values", [1, 0, 1, 1, 0, 1, 0]), ("mask", [0, 0, 1, 0, 0, 0, 1])):
                    column[name] = np.array(values, bool)
                    column[name].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
            """, CommandLine.Small, nullable);
        Assert.True(made.ExitCode == 0, made.Error);
        Assert.Equal(["False (2)", "True (3)", "missing (2)"], TextsOf(nullable, "passed")[^3..]);

        string[] TextsOf(string file, string column)
        {
            string svg = Path.Join(_line.Folder, "plot.svg");
            _line.Succeed("summary", file, "--color", column, "--plot", svg, "--force");
            return [.. XDocument.Load(svg).Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value)];
        }
    }

    [Fact]
    public void EachGeneMayHaveItsOwnScale()
    {
        string[] call = ["summary", s_sample, "--genes", "CD3D,LYZ", "--groupby", "donor"];
        string same = Path.Join(_line.Folder, "same.svg"), own = Path.Join(_line.Folder, "own.svg");
        _line.Succeed([.. call, "--plot", same]);
        _line.Succeed([.. call, "--plot", own, "--scale-genes"]);
        Assert.Equal((1, 2), (Darkest(same), Darkest(own)));

        static int Darkest(string path) => XDocument.Load(path).Descendants().Count(
            node => node.Name.LocalName == "circle" && node.Attribute("fill")!.Value == "#67000d");
    }

    [Fact]
    public void APictureIsReplacedOnlyByForce()
    {
        string[] call = ["summary", s_sample, "--column", "donor", "--plot", "plot.svg"];
        _line.Succeed(call);
        Assert.Equal(ExitCodes.Usage, _line.Run(call).ExitCode);
        _line.Succeed([.. call, "--force"]);
    }

    [Fact]
    public void ThePicturesOfThePlotAreReadByAnotherDecoder()
    {
        Python.Require();
        string png = Path.Join(_line.Folder, "plot.png");
        _line.Succeed("summary", s_sample, "--color", "cell_type", "--plot", png);
        CallResult result = Python.Run(
            """
            import sys, struct, zlib, numpy as np
            data = open(sys.argv[1], "rb").read()
            width, height = struct.unpack(">II", data[16:24])
            at, packed = 8, b""
            while at < len(data):
                size, = struct.unpack(">I", data[at:at + 4]); kind = data[at + 4:at + 8]; body = data[at + 8:at + 8 + size]
                assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
                packed += body if kind == b"IDAT" else b""
                at += 12 + size
            rows = np.frombuffer(zlib.decompress(packed), "u1").reshape(height, 1 + 3 * width)
            image = np.zeros((height, width, 3), "u1"); above = np.zeros(3 * width, "u1")
            for y, row in enumerate(rows):
                line = row[1:].copy()
                if row[0] == 1: line = np.cumsum(line.reshape(-1, 3), axis=0, dtype="u1").ravel()
                if row[0] == 2: line = line + above
                image[y] = line.reshape(width, 3); above = line
            colors = {tuple(c) for c in np.unique(image.reshape(-1, 3), axis=0)}
            assert (0x1f, 0x77, 0xb4) in colors and (255, 255, 255) in colors and (image[:, 0] == 255).all()
            """, png);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    [Fact]
    public void NamesOfAFileCannotBreakTheSvg()
    {
        string svg = Path.Join(_line.Folder, "plot.svg");
        _line.Succeed("summary", CommandLine.Small, "--column", "note", "--plot", svg);
        string[] texts = [.. XDocument.Load(svg).Descendants().Where(node => node.Name.LocalName == "text").Select(node => node.Value)];
        Assert.Contains("with \"quotes\"", texts);
    }

    [Fact]
    public void WhatMakesNoSenseIsRefusedBeforeAnythingIsLoaded()
    {
        string[][] calls =
        [
            ["--genes", "LYZ", "--column", "donor"], ["--color", "LYZ"], ["--plot", "x.png"], ["--groupby", "donor"],
            ["--genes", "LYZ", "--plot", "x.gif"], ["--bins", "0"], ["--column", "a,b", "--plot", "x.png"], ["--json", "--csv"],
            ["--genes", ""], ["--column", ","],
        ];
        foreach (string[] call in calls) { Assert.Equal(ExitCodes.Usage, _line.Run(["summary", s_sample, .. call]).ExitCode); }
        Assert.Equal((int)CacheError.NameNotFound, _line.Run("summary", s_sample, "--genes", "NOPE").ExitCode);
        Assert.Equal((int)CacheError.ElementNotFound, _line.Run("summary", s_sample, "--genes", "LYZ", "--groupby", "nope").ExitCode);
        CallResult nope = _line.Run("summary", s_sample, "--color", "nope", "--plot", "x.png");
        Assert.Equal((int)CacheError.NameNotFound, nope.ExitCode);
        Assert.Contains("neither a column of obs (cell_type, quality, ", nope.Error, StringComparison.Ordinal);
        string empty = TestFiles.Small(Path.Join("summary", "no-cells.h5ad"));
        foreach (string[] call in (string[][])[["--genes", "A", "--groupby", "kind"], ["--column", "kind"], ["--column", "n"]])
        {
            _line.Succeed(["summary", empty, .. call, "--plot", "empty.png", "--force"]);
        }
    }

    private static IEnumerable<double> Numbers(JsonElement owner, string name) =>
        owner.GetProperty(name).EnumerateArray().Select(number => number.GetDouble());

    private static void CheckPng(byte[] bytes)
    {
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], bytes[..8]);
        Assert.Equal("IEND"u8.ToArray(), bytes[^8..^4]);
        Assert.InRange(bytes.Length, 2000, 4_000_000);
    }

    private static class ExitCodes
    {
        internal const int Usage = 2;
    }
}
