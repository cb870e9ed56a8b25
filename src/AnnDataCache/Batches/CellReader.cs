using System.Numerics;
using AnnDataCache.Parts;
using AnnDataCache.Summaries;

namespace AnnDataCache.Batches;

/// <summary>Copies cells out of a mapped matrix, in any order, as float32. Owns the pinned element.</summary>
/// <param name="pinned">The matrix.</param>
/// <param name="genes">Columns to take, in the order of the result; null for all.</param>
internal abstract class CellReader(PinnedElement pinned, int[]? genes) : IDisposable
{
    /// <summary>Columns of the result.</summary>
    internal int Width { get; } = genes?.Length ?? checked((int)pinned.Info.Shape[1]);

    /// <exception cref="ElementException">Not a matrix of real numbers that lies by cell.</exception>
    internal static CellReader Open(PinnedElement pinned, int[]? genes)
    {
        if (pinned.Layout.Kind is not (PartKind.Csr or PartKind.Dense) || pinned.Info.Shape.Count != 2)
        {
            throw new ElementException(
                CacheError.ElementUnreadable,
                $"'{pinned.Info.Path}' is a {pinned.Info.Kind.Name()}; batches need a matrix of cells × genes, sparse or dense.");
        }

        Opening opening = new(pinned, genes);
        return NumberTypes.Visit<Opening, CellReader>(pinned.Columns[0].Type, ref opening, pinned.Info.Path);
    }

    /// <summary>Fills rows × <see cref="Width"/> numbers.</summary>
    internal abstract void ReadDense(ReadOnlySpan<long> rows, Span<float> target);

    /// <summary>Fills a batch's CSR arrays.</summary>
    internal abstract void ReadSparse(ReadOnlySpan<long> rows, Batch target);

    public void Dispose() => pinned.Dispose();

    private readonly struct Opening(PinnedElement pinned, int[]? genes) : INumberVisitor<CellReader>
    {
        public CellReader Visit<T>() where T : unmanaged, INumberBase<T> => pinned.Layout.Kind == PartKind.Dense
            ? new DenseCells<T>(pinned, genes)
            : pinned.Columns[0].Indices.Type switch
            {
                DType.UInt8 => new SparseCells<byte, T>(pinned, genes),
                DType.UInt16 => new SparseCells<ushort, T>(pinned, genes),
                DType.Int32 => new SparseCells<int, T>(pinned, genes),
                _ => new SparseCells<long, T>(pinned, genes),
            };
    }
}
