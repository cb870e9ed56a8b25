namespace AnnDataCache;

/// <summary>A CSR or CSC matrix over shared memory. Valid until the <see cref="PinnedElement"/> it came from is disposed.</summary>
/// <typeparam name="T">Type of the values.</typeparam>
/// <remarks>
/// Major is the axis that is stored row by row: observations in a csr, variables in a csc. Offsets and indices are int32
/// below 2^31 entries, else int64.
/// </remarks>
public readonly unsafe struct SparseMatrix<T> where T : unmanaged
{
    private readonly PinnedColumn _column;

    internal SparseMatrix(PinnedColumn column, ElementKind kind, long rows, long columns)
    {
        _column = column;
        (IsCsr, Rows, Columns) = (kind == ElementKind.Csr, rows, columns);
    }

    /// <summary>True when stored by observation, false when by variable.</summary>
    public bool IsCsr { get; }

    /// <summary>Observations.</summary>
    public long Rows { get; }

    /// <summary>Variables.</summary>
    public long Columns { get; }

    /// <summary>Length of the axis that is stored row by row.</summary>
    public long MajorCount => _column.Rows;

    /// <summary>Stored entries.</summary>
    public long NonZeros => _column.Values.Count;

    /// <summary><see cref="DType.Int32"/> or <see cref="DType.Int64"/>, the same for offsets and indices.</summary>
    public DType IndexType => _column.Offsets.Type;

    /// <summary>True when indices increase strictly within each row.</summary>
    public bool Canonical => _column.Canonical;

    /// <summary>AnnData's indptr: MajorCount + 1 of <see cref="IndexType"/>.</summary>
    public PinnedBuffer Offsets => _column.Offsets;

    /// <summary>Position of each entry on the minor axis, of <see cref="IndexType"/>.</summary>
    public PinnedBuffer Indices => _column.Indices;

    /// <summary>The stored values.</summary>
    public PinnedBuffer Data => _column.Values;

    /// <summary>Values of one major row.</summary>
    public ReadOnlySpan<T> Values(long major)
    {
        (long start, int count) = Range(major);
        return _column.Values.Span<T>(start, count);
    }

    /// <summary>Indices of one major row.</summary>
    /// <typeparam name="TIndex"><see cref="int"/> or <see cref="long"/>, as <see cref="IndexType"/> says.</typeparam>
    /// <exception cref="ArgumentException">The other type is stored.</exception>
    public ReadOnlySpan<TIndex> Positions<TIndex>(long major) where TIndex : unmanaged
    {
        (long start, int count) = Range(major);
        return _column.Indices.Span<TIndex>(start, count);
    }

    private (long Start, int Count) Range(long major)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(major);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(major, MajorCount);
        byte* offsets = Offsets.Address;
        (long start, long end) = IndexType == DType.Int32
            ? (((int*)offsets)[major], ((int*)offsets)[major + 1])
            : (((long*)offsets)[major], ((long*)offsets)[major + 1]);
        return (start, checked((int)(end - start)));
    }
}
