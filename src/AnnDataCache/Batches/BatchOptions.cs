namespace AnnDataCache;

/// <summary>Which cells and genes mini-batches have, and in which order. Immutable.</summary>
/// <remarks>
/// An epoch's order follows from <see cref="Seed"/> and the number of the epoch alone. Batch j of it belongs to worker
/// j mod <see cref="Workers"/>: workers never share a batch, and together they have them all. The Python package gives the
/// same batches for the same options.
/// </remarks>
public sealed record BatchOptions
{
    /// <summary>The matrix: <c>X</c>, <c>layers/counts</c>, <c>raw/X</c>.</summary>
    public string Element { get; init; } = "X";

    /// <summary>Names of genes, which become the columns in this order; null for all genes.</summary>
    public IReadOnlyList<string>? Genes { get; init; }

    /// <summary>Rows of the matrix to use, such as those of a training split; null for all. May be in any order.</summary>
    public IReadOnlyList<long>? Rows { get; init; }

    /// <summary>Cells of a batch. Default: 4,096, which amortises the cost of a call.</summary>
    public int BatchSize { get; init; } = 4096;

    /// <summary>False to visit the rows as they are stored.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Seed of the order.</summary>
    public long Seed { get; init; }

    /// <summary>Neighbouring rows that are moved together before rows are shuffled; 1 shuffles fully. Default: 64, some pages of memory.</summary>
    public int BlockRows { get; init; } = 64;

    /// <summary>Rows that are shuffled among each other after the blocks were. Default: 65,536, sixteen batches.</summary>
    public int WindowRows { get; init; } = 65_536;

    /// <summary>True to leave out the last batch when it has fewer than <see cref="BatchSize"/> cells.</summary>
    public bool DropLast { get; init; }

    /// <summary>This worker, from 0.</summary>
    public int Worker { get; init; }

    /// <summary>Workers that share the epochs: processes, threads or machines.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>
    /// A column of obs. Cells are drawn with replacement, as many as there are: numbers are weights; of categories, strings or
    /// bools each value is drawn equally often, and cells where it is missing never. Null to visit each cell once.
    /// </summary>
    public string? WeightBy { get; init; }

    /// <summary>
    /// A column of obs of categories, strings, bools or whole numbers. Each cell is visited once, in an order in which every batch
    /// has of each value its share, give or take one cell. Null for no such order.
    /// </summary>
    public string? StratifyBy { get; init; }

    /// <summary>True for batches in CSR form, false for dense ones.</summary>
    public bool Sparse { get; init; }

    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(Element);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BatchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(BlockRows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(WindowRows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Workers);
        ArgumentOutOfRangeException.ThrowIfNegative(Worker);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Worker, Workers);
        if (WeightBy is not null && StratifyBy is not null)
        {
            throw new ArgumentException(
                $"{nameof(WeightBy)} draws cells with replacement, {nameof(StratifyBy)} visits each once: give one of them.");
        }
    }
}
