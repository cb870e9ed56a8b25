using AnnDataCache.Batches;
using AnnDataCache.Summaries;

namespace AnnDataCache;

/// <summary>Mini-batches of one worker, read from the part that all workers share. Dispose it to unpin the matrix.</summary>
/// <remarks>
/// The matrix is the one that the file had when the reader was opened, also when the file is rewritten meanwhile. Not
/// thread-safe: open a reader for each thread, with <see cref="BatchOptions.Worker"/> and <see cref="BatchOptions.Workers"/>.
/// </remarks>
/// <example><code>
/// using BatchReader batches = pbmc.Batches(new BatchOptions { BatchSize = 256, Seed = 7 });
/// for (int epoch = 0; epoch &lt; 10; epoch++)
/// {
///     foreach (Batch batch in batches.Epoch(epoch)) { Train(batch.Dense, batch.Rows); }
/// }
/// </code></example>
public sealed class BatchReader : IDisposable
{
    private readonly BatchOptions _options;
    private readonly CellReader _cells;
    private readonly RowOrder _order;
    private readonly long[]? _selection;
    private readonly Batch _batch;
    private int _begun;
    private bool _disposed;

    private BatchReader(BatchOptions options, CellReader cells, RowOrder order, long[]? selection)
    {
        (_options, _cells, _order, _selection) = (options, cells, order, selection);
        _batch = new Batch((int)Math.Min(options.BatchSize, order.Length), cells.Width, options.Sparse);
    }

    /// <summary>Cells of an epoch, of all workers together.</summary>
    public long RowCount => _order.Length;

    /// <summary>Columns of each batch.</summary>
    public int GeneCount => _cells.Width;

    /// <summary>Batches of an epoch that this worker gets.</summary>
    public long BatchCount
    {
        get
        {
            long all = _options.DropLast ? _order.Length / _options.BatchSize : (_order.Length + _options.BatchSize - 1) / _options.BatchSize;
            return (all - _options.Worker + _options.Workers - 1) / _options.Workers;
        }
    }

    /// <summary>This worker's batches of an epoch, in order.</summary>
    /// <param name="epoch">Number of the epoch, 0 or more: with the seed it decides the order.</param>
    /// <returns>
    /// The same <see cref="Batch"/> again and again, overwritten each time. One enumeration at a time: what was begun before another one
    /// throws <see cref="InvalidOperationException"/> when it goes on.
    /// </returns>
    public IEnumerable<Batch> Epoch(int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ObjectDisposedException.ThrowIf(_disposed, this);
        return Read(epoch);
    }

    /// <summary>Unpins the matrix.</summary>
    public void Dispose()
    {
        _disposed = true;
        _cells.Dispose();
    }

    internal static BatchReader Open(CachedAnnData data, BatchOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        int[]? genes = options.Genes is null ? null : FindGenes(data, options, cancellation);
        PinnedElement pinned = MatrixParts.PinForCells(data, options.Element, cancellation);
        try
        {
            CellReader cells = CellReader.Open(pinned, genes);
            long[]? selection = options.Rows is null ? null : CheckRows(options.Rows, pinned.Info.Shape[0]);
            RowOrder order = new OrderChoice(data, options, pinned.Info.Shape[0], selection, cancellation).Make();
            return new BatchReader(options, cells, order, selection);
        }
        catch
        {
            pinned.Dispose();
            throw;
        }
    }

    private IEnumerable<Batch> Read(int epoch)
    {
        int begun = ++_begun;
        _order.Begin(epoch);
        long count = BatchCount;
        for (long i = 0; i < count; i++)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (begun != _begun) { throw new InvalidOperationException("Another epoch was begun: a reader has one order and one batch. Open a reader for each."); }
            Fill(((i * _options.Workers) + _options.Worker) * _options.BatchSize);
            yield return _batch;
        }
    }

    private void Fill(long start)
    {
        Span<long> rows = _batch.Start((int)Math.Min(_options.BatchSize, _order.Length - start));
        _order.Fill(start, rows);
        if (_selection is not null)
        {
            foreach (ref long row in rows) { row = _selection[row]; }
        }

        if (_options.Sparse) { _cells.ReadSparse(rows, _batch); } else { _cells.ReadDense(rows, _batch.DenseTarget); }
    }

    private static int[] FindGenes(CachedAnnData data, BatchOptions options, CancellationToken cancellation)
    {
        int[] genes = AnnDataSummaries.GenesOf(data, options.Genes!, options.Element, cancellation);
        return genes.Distinct().Count() == genes.Length
            ? genes
            : throw new ArgumentException("A gene is named twice; a batch has one column for each.", nameof(options));
    }

    private static long[] CheckRows(IReadOnlyList<long> rows, long count)
    {
        long[] selection = [.. rows];
        foreach (long row in selection)
        {
            if (row < 0 || row >= count) { throw new ArgumentOutOfRangeException(nameof(rows), row, $"The matrix has {count} rows."); }
        }

        return selection;
    }
}
