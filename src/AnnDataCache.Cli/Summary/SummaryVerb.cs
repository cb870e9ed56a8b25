using System.CommandLine;
using AnnDataCache.Cli.Output;
using AnnDataCache.Cli.Plots;

namespace AnnDataCache.Cli;

/// <summary>Numbers of genes, groups and columns, and pictures of them.</summary>
internal sealed class SummaryVerb : Verb
{
    private const StringSplitOptions Separate = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private readonly Argument<string> _file = FileArgument();
    private readonly Option<string[]> _genes = List(
        "--genes", "GENES", "Genes, separated by commas; * for all: mean, variance and fraction expressed.");
    private readonly Option<string?> _groupBy = Text("--groupby", "COLUMN", "Column of obs by whose values the cells are grouped.");
    private readonly Option<string> _element =
        new("--element") { Description = "Matrix to read.", HelpName = "ELEMENT", DefaultValueFactory = _ => "X" };
    private readonly Option<double> _cutoff =
        new("--cutoff") { Description = "A cell expresses a gene above this value.", HelpName = "VALUE", DefaultValueFactory = _ => 0 };
    private readonly Option<string[]> _columns = List(
        "--column", "COLUMNS", "Columns, such as obs/n_genes: histogram or counts of categories.");
    private readonly Option<int> _bins =
        new("--bins") { Description = "Bins of a histogram.", HelpName = "COUNT", DefaultValueFactory = _ => 50 };
    private readonly Option<string?> _color = Text("--color", "NAME", "Plot an embedding, coloured by this gene or column of obs.");
    private readonly Option<string?> _embedding = Text(
        "--embedding", "ELEMENT", "Coordinates to plot [default: the first of obsm/X_umap, X_tsne, X_pca, spatial].");
    private readonly Option<bool> _perGene = new("--scale-genes")
    {
         Description = "In a dot plot, colour each gene from its own lowest to its own highest mean.",
    };
    private readonly Option<string?> _plot = Text(
        "--plot", "OUT", "Picture to write, .svg or .png: a dot plot of genes, a histogram of a column, or an embedding.");
    private readonly Option<bool> _force = new("--force") { Description = "Replace the picture if it exists." };
    private readonly Option<bool> _csv = new("--csv") { Description = "Write comma-separated values instead of text." };

    internal override string Name => "summary";
    protected override string Summary => "Summarize genes by groups of cells, or columns; plot a dot plot, a histogram or an embedding.";
    protected override string Example => "summary pbmc3k.h5ad --genes CD3D,MS4A1 --groupby cell_type --plot dots.png";
    protected override IEnumerable<Symbol> Symbols =>
        [_file, _genes, _groupBy, _element, _cutoff, _columns, _bins, _color, _embedding, _perGene, _plot, _force, _csv];

    protected override int Execute(Session session)
    {
        string[] genes = session.Parsed.GetValue(_genes) ?? [], columns = session.Parsed.GetValue(_columns) ?? [];
        string? color = session.Parsed.GetValue(_color), plot = session.Parsed.GetValue(_plot);
        CheckCall(session, genes, columns, color, plot);
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        if (color is not null) { PlotEmbedding(session, source, color, plot!); }
        else if (genes.Length > 0) { SummarizeGenes(session, source, genes, plot); }
        else { SummarizeColumns(session, source, columns, plot); }
        return ExitCodes.Done;
    }

    private void CheckCall(Session session, string[] genes, string[] columns, string? color, string? plot)
    {
        if ((genes.Length > 0 ? 1 : 0) + (columns.Length > 0 ? 1 : 0) + (color is null ? 0 : 1) > 1)
        {
            throw new UsageException("--genes, --column and --color ask for different things; give one of them.");
        }

        if (Names(session, _genes) is [] || Names(session, _columns) is []) { throw new UsageException("--genes and --column need a name."); }
        if (color is not null && plot is null) { throw new UsageException("--color needs a picture to write: give --plot OUT.png or OUT.svg."); }
        if (plot is not null && genes.Length == 0 && columns.Length != 1 && color is null)
        {
            throw new UsageException("--plot needs --genes, one --column, or --color.");
        }

        if (session.Json && session.Parsed.GetValue(_csv)) { throw new UsageException("--json and --csv exclude each other."); }
        if (session.Parsed.GetValue(_bins) is < 1 or > 10_000) { throw new UsageException("--bins must be from 1 to 10000."); }
        if (double.IsNaN(session.Parsed.GetValue(_cutoff))) { throw new UsageException("--cutoff must be a number."); }
        if (session.Parsed.GetValue(_groupBy) is not null && genes.Length == 0) { throw new UsageException("--groupby needs --genes."); }
        if (plot is not null) { Figure.CheckExtension(plot); }
    }

    private void SummarizeGenes(Session session, CachedAnnData source, string[] genes, string? plot)
    {
        string element = session.Parsed.GetValue(_element)!;
        string? groupBy = session.Parsed.GetValue(_groupBy);
        Load(session, source, element);
        GeneSummary summary = source.SummarizeGenes(
            genes is ["*"] ? null : genes, groupBy, element, session.Parsed.GetValue(_cutoff), session.Cancellation);
        if (plot is not null)
        {
            const int MaxColumns = 300;
            if (summary.Genes.Count > MaxColumns || summary.Groups.Count > MaxColumns)
            {
                throw new UsageException(
                    $"A dot plot of {summary.Genes.Count} genes × {summary.Groups.Count} groups cannot be read; {MaxColumns} of each are drawn at most.");
            }

            string title = $"{Path.GetFileName(source.Path)}, {element}";
            new DotPlotFigure(summary, title, groupBy ?? "cells", session.Parsed.GetValue(_perGene)).Write(plot, session.Parsed.GetValue(_force));
        }

        GeneSummaryOutput output = new(summary, element, groupBy);
        if (session.Json) { Session.WriteJson(writer => output.WriteJson(writer, plot)); }
        else if (session.Parsed.GetValue(_csv)) { output.WriteCsv(session.Out); }
        else
        {
            output.WriteText(session.Out);
            WritePlotLine(session, plot);
        }
    }

    private void SummarizeColumns(Session session, CachedAnnData source, string[] names, string? plot)
    {
        IReadOnlyList<string> paths = names.Length > 0 ? [.. names.Select(name => Resolve(source, name))] : AllOfObs(source);
        List<ColumnSummary> columns = [];
        List<(string Path, string Reason)> refused = [];
        foreach (string path in paths)
        {
            try { columns.Add(source.SummarizeColumn(path, session.Parsed.GetValue(_bins), 0, session.Cancellation)); }
            catch (ElementException error) when (names.Length == 0) { refused.Add((path, error.Message)); }
        }

        if (plot is not null)
        {
            string unit = columns[0].Path.StartsWith("var", StringComparison.Ordinal) ? "genes" : "cells";
            string title = columns[0].Path[(columns[0].Path.IndexOf('/') + 1)..];
            Figure figure = columns[0].IsNumeric
                ? new HistogramFigure(columns[0], title, unit)
                : new CategoryBarsFigure(columns[0], title, unit, CellColumns.ColorsOf(source, title, columns[0].Categories.Count));
            figure.Write(plot, session.Parsed.GetValue(_force));
        }

        ColumnSummaryOutput output = new(columns, refused);
        if (session.Json) { Session.WriteJson(writer => output.WriteJson(writer, plot)); }
        else if (session.Parsed.GetValue(_csv)) { output.WriteCsv(session.Out); }
        else
        {
            output.WriteText(session.Out);
            WritePlotLine(session, plot);
        }
    }

    private void PlotEmbedding(Session session, CachedAnnData source, string color, string plot)
    {
        string element = session.Parsed.GetValue(_element)!;
        string path = session.Parsed.GetValue(_embedding) ?? CellColumns.DefaultEmbedding(source);
        Embedding embedding = CellColumns.ReadEmbedding(source, path, session.Cancellation);
        PointColors colors = CellColumns.ReadColors(source, color, element, session.Cancellation);
        string what = colors.Categories is null && source.Tree.Find($"obs/{color}") is null ? $"{color} in {element}" : color;
        string title = $"{what} · {Ticks.Count(embedding.Count)} cells";
        new EmbeddingFigure(embedding, colors, title).Write(plot, session.Parsed.GetValue(_force));
        if (!session.Json) { WritePlotLine(session, plot); }
        else
        {
            Session.WriteJson(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("embedding", path);
                writer.WriteString("color", color);
                writer.WriteString("plot", Path.GetFullPath(plot));
                writer.WriteEndObject();
            });
        }
    }

    /// <summary>A load may take long: show how far it is.</summary>
    private static void Load(Session session, CachedAnnData source, string element)
    {
        using ProgressLine progress = new();
        source.Pin(element, progress, session.Cancellation).Dispose();
    }

    private static void WritePlotLine(Session session, string? plot)
    {
        if (plot is null) { return; }
        session.Out.WriteLine($"→ {SafeText.OneLine(Path.GetFullPath(plot))}, {Words.Bytes(new FileInfo(plot).Length)}");
    }

    /// <summary>Null when the option was not given.</summary>
    private static string[]? Names(Session session, Option<string[]> option) =>
        session.Parsed.GetResult(option) is { Implicit: false } ? session.Parsed.GetValue(option) ?? [] : null;

    /// <summary>A bare name is a column of obs.</summary>
    private static string Resolve(CachedAnnData source, string name) => source.Tree.Find(name) is not null ? name : $"obs/{name}";

    private static IReadOnlyList<string> AllOfObs(CachedAnnData source) => source.Tree.Find("obs") is { Kind: ElementKind.DataFrame } obs
        ? [.. obs.Children.Where(column => column.Name != obs.IndexName).Select(column => column.Path)]
        : throw new UsageException("The file has no obs; give --genes or --column.");

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    private static Option<string[]> List(string name, string value, string description) => new(name)
    {
        Description = description, HelpName = value, AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', Separate))],
    };
}
