using System.Numerics;

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
        public ExpressionMatrix Visit<T>() where T : unmanaged, INumberBase<T> =>
            (pinned.Info.Kind, pinned.Columns[0].Offsets.Type) switch
            {
                (ElementKind.Dense, _) => new DenseExpression<T>(pinned),
                (ElementKind.Csr, DType.Int32) => new ExpressionByCell<int, T>(pinned),
                (ElementKind.Csr, _) => new ExpressionByCell<long, T>(pinned),
                (_, DType.Int32) => new ExpressionByGene<int, T>(pinned),
                _ => new ExpressionByGene<long, T>(pinned),
            };
    }
}
