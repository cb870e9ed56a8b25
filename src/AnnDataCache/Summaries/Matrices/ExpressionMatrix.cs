using System.Numerics;
using AnnDataCache.Parts;

namespace AnnDataCache.Summaries;

/// <summary>A matrix of cells × genes, however it is stored, as summaries read it. Owns the pinned element.</summary>
internal abstract class ExpressionMatrix(PinnedElement pinned) : IDisposable
{
    internal long Cells { get; } = pinned.Info.Shape[0];

    internal long Genes { get; } = pinned.Info.Shape[1];

    /// <summary>True when a gene's values lie together.</summary>
    internal virtual bool ByGene => false;

    /// <exception cref="ElementException">Not a matrix of real numbers.</exception>
    internal static ExpressionMatrix Open(PinnedElement pinned)
    {
        if (pinned.Info.Kind is not (ElementKind.Csr or ElementKind.Csc or ElementKind.Dense) || pinned.Info.Shape.Count != 2)
        {
            throw new ElementException(
                CacheError.ElementUnreadable,
                $"'{pinned.Info.Path}' is a {pinned.Info.Kind.Name()}; a matrix of cells × genes is wanted, such as X or a layer.");
        }

        Opening opening = new(pinned);
        return NumberTypes.Visit<Opening, ExpressionMatrix>(pinned.Columns[0].Type, ref opening, pinned.Info.Path);
    }

    /// <summary>Adds cells [first, end) to tallies of slots × groups. For what is not stored by gene.</summary>
    internal virtual void AddCells(long first, long end, TallyQuery query, Span<Tally> tallies) => throw new NotSupportedException();

    /// <summary>Adds all cells of one gene, stripe by stripe, to a tally for each group. For what is stored by gene.</summary>
    internal virtual void AddGene(int gene, TallyQuery query, Span<Tally> tallies) => throw new NotSupportedException();

    public void Dispose() => pinned.Dispose();

    private readonly struct Opening(PinnedElement pinned) : INumberVisitor<ExpressionMatrix>
    {
        public ExpressionMatrix Visit<T>() where T : unmanaged, INumberBase<T>
        {
            if (pinned.Layout.Kind == PartKind.Dense) { return new DenseExpression<T>(pinned); }
            bool byCell = pinned.Layout.Kind == PartKind.Csr; // of a twin the other axis than the element's
            return pinned.Columns[0].Indices.Type switch
            {
                DType.UInt8 => byCell ? new ExpressionByCell<byte, T>(pinned) : new ExpressionByGene<byte, T>(pinned),
                DType.UInt16 => byCell ? new ExpressionByCell<ushort, T>(pinned) : new ExpressionByGene<ushort, T>(pinned),
                DType.Int32 => byCell ? new ExpressionByCell<int, T>(pinned) : new ExpressionByGene<int, T>(pinned),
                _ => byCell ? new ExpressionByCell<long, T>(pinned) : new ExpressionByGene<long, T>(pinned),
            };
        }
    }
}
