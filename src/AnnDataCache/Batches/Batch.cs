namespace AnnDataCache;

/// <summary>Some cells as float32, in buffers that the next batch of the same reader overwrites: copy what is to be kept.</summary>
public sealed class Batch
{
    private readonly long[] _rows;
    private float[] _numbers = [];
    private int[] _indices = [];
    private readonly int[] _offsets;

    internal Batch(int capacity, int geneCount, bool sparse)
    {
        (GeneCount, IsSparse) = (geneCount, sparse);
        (_rows, _offsets) = (new long[capacity], sparse ? new int[capacity + 1] : []);
        if (!sparse) { _numbers = new float[checked(capacity * geneCount)]; }
    }

    /// <summary>Cells of this batch: its rows.</summary>
    public int Count { get; private set; }

    /// <summary>Genes: its columns.</summary>
    public int GeneCount { get; }

    /// <summary>True when the numbers are in <see cref="Values"/>, false when they are in <see cref="Dense"/>.</summary>
    public bool IsSparse { get; }

    /// <summary>Row of each cell in the matrix, which is also its row in obs.</summary>
    public ReadOnlySpan<long> Rows => _rows.AsSpan(0, Count);

    /// <summary>All numbers, cells × genes in C order; empty when the batch is sparse.</summary>
    public ReadOnlySpan<float> Dense => IsSparse ? [] : _numbers.AsSpan(0, Count * GeneCount);

    /// <summary>CSR: where each cell's entries start, <see cref="Count"/> + 1 numbers; empty when the batch is dense.</summary>
    public ReadOnlySpan<int> Offsets => IsSparse ? _offsets.AsSpan(0, Count + 1) : [];

    /// <summary>CSR: the column of each entry, ascending in each row when genes were asked for in the order of the matrix.</summary>
    public ReadOnlySpan<int> Indices => IsSparse ? _indices.AsSpan(0, _offsets[Count]) : [];

    /// <summary>CSR: the values.</summary>
    public ReadOnlySpan<float> Values => IsSparse ? _numbers.AsSpan(0, _offsets[Count]) : [];

    internal Span<long> Start(int count)
    {
        Count = count;
        return _rows.AsSpan(0, count);
    }

    internal Span<float> DenseTarget => _numbers.AsSpan(0, Count * GeneCount);

    /// <summary>Room for so many entries behind the <paramref name="used"/> first ones, which stay.</summary>
    internal void Reserve(int used, int more, out Span<int> indices, out Span<float> values)
    {
        int wanted = checked(used + more);
        if (_indices.Length < wanted)
        {
            int room = (int)Math.Min(Math.Max(wanted, 2L * _indices.Length), Array.MaxLength);
            Array.Resize(ref _indices, room);
            Array.Resize(ref _numbers, room);
        }

        indices = _indices.AsSpan(used, more);
        values = _numbers.AsSpan(used, more);
    }

    internal void EndRow(int row, int entries) => _offsets[row + 1] = entries;
}
