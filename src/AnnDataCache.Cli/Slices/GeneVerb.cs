using System.CommandLine;
using System.Globalization;
using AnnDataCache.Cli.Export;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Genes of all cells. The answer comes first; the twin, if this was the first gene, is finished before the process ends.</summary>
internal sealed class GeneVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();
    private readonly Argument<string[]> _names = new("NAME") { Description = "Names of genes.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _element = new("--element") { Description = "Matrix: X, raw/X, layers/counts, mod/rna/X.", HelpName = "ELEMENT" };
    private readonly Option<bool> _positions = new("--positions") { Description = "The names are positions, from 0." };
    private readonly Option<bool> _csv = new("--csv") { Description = "Write a row for each cell." };
    private readonly SliceOptions _slice = new();

    internal override string Name => "gene";
    protected override string Summary => "Give genes of all cells: genes × cells numbers, from memory.";
    protected override string Example => "gene pbmc3k.h5ad CD3D MS4A1 --csv";
    protected override IEnumerable<Symbol> Symbols => [_file, _names, _element, _positions, _csv, .. _slice.Symbols];

    protected override int Execute(Session session)
    {
        string[] names = session.Parsed.GetRequiredValue(_names);
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        MatrixSlices slices = _slice.Open(session, source, session.Parsed.GetValue(_element));
        long[] genes = session.Parsed.GetValue(_positions)
            ? SliceArguments.Positions(string.Join(',', names), slices.VarCount, "--positions", null)
            : slices.FindGenes(names, _slice.Column(session), session.Cancellation);
        DType type = _slice.TypeOf(session, slices);
        long observations = slices.ObsCount;
        byte[] values = SliceOptions.Read(
            type, slices.Type, genes.Length * observations,
            destination => slices.ReadGenes(genes, destination, session.Cancellation),
            destination => slices.ReadGenes(genes, destination, session.Cancellation),
            destination => slices.ReadGenes(genes, destination, session.Cancellation));
        if (names.Length != genes.Length) { names = [.. genes.Select(gene => gene.ToString(CultureInfo.InvariantCulture))]; }
        SliceResult result = SliceResult.Of(slices.Element, names, observations, type, values);
        _slice.Write(session, result, () =>
        {
            if (session.Parsed.GetValue(_csv)) { WriteCsv(session, source, result); }
            else { WriteText(session.Out, result, genes); }
        });
        return ExitCodes.Done;
    }

    private static void WriteText(TextWriter writer, SliceResult result, long[] genes)
    {
        TextTable table = new TextTable("gene", "position", "cells", "not zero", "share", "least", "greatest", "mean").Right(1, 2, 3, 4, 5, 6, 7);
        SliceArray values = result.Arrays[0];
        for (int gene = 0; gene < genes.Length; gene++)
        {
            long cells = values.Shape[1], present = 0;
            double least = double.PositiveInfinity, greatest = double.NegativeInfinity, sum = 0;
            for (long cell = 0; cell < cells && values.Type is not (DType.Complex64 or DType.Complex128); cell++)
            {
                double value = Convert.ToDouble(values[(gene * cells) + cell] is Half half ? (float)half : values[(gene * cells) + cell], CultureInfo.InvariantCulture);
                if (value != 0) { present++; }
                (least, greatest, sum) = (Math.Min(least, value), Math.Max(greatest, value), sum + value);
            }

            string[] numbers = cells == 0 ? ["", "", "", ""] :
                [string.Create(CultureInfo.InvariantCulture, $"{100.0 * present / cells:F1} %"), Words.Value(least), Words.Value(greatest), Words.Value((float)(sum / cells))];
            table.Add([result.Genes![gene], Words.Value(genes[gene]), Words.Value(cells), Words.Value(present), .. numbers]);
        }

        table.Write(writer);
    }

    /// <summary>A row for each cell with its name, where the file has names.</summary>
    private static void WriteCsv(Session session, CachedAnnData source, SliceResult result)
    {
        int cut = result.Element.StartsWith("mod/", StringComparison.Ordinal) ? result.Element.IndexOf('/', 4) + 1 : 0;
        using PinnedElement? obs = source.Tree.Find(result.Element[..cut] + "obs") is { Kind: ElementKind.DataFrame } frame ? source.Pin(frame.Path, null, session.Cancellation) : null;
        PinnedColumn? names = obs?.Columns.FirstOrDefault(column => column.Name == obs.Info.IndexName);
        SliceArray values = result.Arrays[0];
        CsvExport.WriteRow(session.Out, result.Genes!.Prepend("cell"));
        for (long cell = 0; cell < values.Shape[1]; cell++)
        {
            if ((cell & 0xFFF) == 0) { session.Cancellation.ThrowIfCancellationRequested(); }
            long current = cell;
            string name = names is not null && names.Rows == values.Shape[1] ? CsvExport.Text(names.GetValue(cell)) : cell.ToString(CultureInfo.InvariantCulture);
            CsvExport.WriteRow(
                session.Out, result.Genes!.Select((_, gene) => CsvExport.Text(values[(gene * values.Shape[1]) + current])).Prepend(name));
        }
    }
}
