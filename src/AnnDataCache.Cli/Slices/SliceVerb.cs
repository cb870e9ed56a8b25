using System.CommandLine;
using System.Globalization;
using AnnDataCache.Cli.Output;

namespace AnnDataCache.Cli;

/// <summary>Some cells, with all their genes or some.</summary>
internal sealed class SliceVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();
    private readonly Argument<string?> _element =
        new("ELEMENT") { Description = "Matrix: X, raw/X, layers/counts, obsm/X_umap [default: X].", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _cells =
        new("--cells") { Description = "Positions from 0 and ranges without their end, such as 5,9,20:30; file:PATH reads them [default: all].", HelpName = "CELLS" };
    private readonly Option<string?> _genes =
        new("--genes") { Description = "Names, positions and ranges; file:PATH reads them [default: all].", HelpName = "GENES" };
    private readonly Option<bool> _dense = new("--dense") { Description = "All genes of sparse cells as dense numbers, zeros included." };
    private readonly SliceOptions _slice = new();

    internal override string Name => "slice";
    protected override string Summary => "Give some cells and genes of a matrix: cells × genes numbers; with all genes of a sparse one, CSR.";
    protected override string Example => "slice pbmc3k.h5ad --cells 0:100 --genes CD3D,MS4A1 --json";
    protected override IEnumerable<Symbol> Symbols => [_file, _element, _cells, _genes, _dense, .. _slice.Symbols];

    protected override int Execute(Session session)
    {
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        MatrixSlices slices = _slice.Open(session, source, session.Parsed.GetValue(_element));
        long[] cells = SliceArguments.Positions(session.Parsed.GetValue(_cells) ?? ":", slices.ObsCount, "--cells", null);
        string? named = session.Parsed.GetValue(_genes);
        SliceResult result;
        if (named is null && !session.Parsed.GetValue(_dense) && source.Tree.Find(slices.Element)!.Kind is ElementKind.Csr or ElementKind.Csc)
        {
            result = SliceResult.Of(slices.Element, slices.Cells(cells, session.Cancellation));
        }
        else
        {
            Dictionary<long, string> names = [];
            long[] genes = SliceArguments.Positions(named ?? ":", slices.VarCount, "--genes", name =>
            {
                long gene = slices.FindGene(name, _slice.Column(session), session.Cancellation);
                names[gene] = name;
                return gene;
            });
            string[] asked = [.. genes.Select(gene => names.GetValueOrDefault(gene) ?? gene.ToString(CultureInfo.InvariantCulture))];
            result = ReadDense(session, slices, cells, genes, asked);
        }

        _slice.Write(session, result, () => WriteText(session.Out, result));
        return ExitCodes.Done;
    }

    private SliceResult ReadDense(Session session, MatrixSlices slices, long[] cells, long[] genes, string[] names)
    {
        DType type = _slice.TypeOf(session, slices);
        byte[] values = SliceOptions.Read(
            type, slices.Type, (long)cells.Length * genes.Length,
            destination => slices.ReadBlock(cells, genes, destination, session.Cancellation),
            destination => slices.ReadBlock(cells, genes, destination, session.Cancellation),
            destination => slices.ReadBlock(cells, genes, destination, session.Cancellation));
        long[] shape = [cells.Length, genes.Length];
        return new SliceResult(slices.Element, "dense", shape, names, [new SliceArray("values", type, shape, values)]);
    }

    /// <summary>The beginning, for people.</summary>
    private static void WriteText(TextWriter writer, SliceResult result)
    {
        const int Rows = 10, Columns = 8;
        writer.WriteLine($"{SafeText.OneLine(result.Element)}: {result.Format}, {Words.Shape(result.Shape)}, {result.Arrays[^1].Type.Name()}");
        if (result.Format != "dense")
        {
            writer.WriteLine($"{Words.Count(result.Arrays[1].Shape[0], "entry", "entries")}; give --json or --raw for them, or --dense.");
            return;
        }

        SliceArray values = result.Arrays[0];
        int width = (int)Math.Min(values.Shape[1], Columns);
        TextTable table = new([.. Enumerable.Range(0, width).Select(i => result.Genes![i])]);
        for (long row = 0; row < Math.Min(values.Shape[0], Rows); row++)
        {
            table.Add([.. Enumerable.Range(0, width).Select(i => Words.Value(values[(row * values.Shape[1]) + i]))]);
        }

        table.Write(writer);
    }
}
