using AnnDataCache.Containers;

namespace AnnDataCache.Loading;

/// <summary>The distinct strings of a run of rows, and a byte for each row: what one thread finds of a column that several read.</summary>
/// <param name="first">The run's first row.</param>
/// <param name="codes">Takes the codes, by this piece's own table until pieces are joined.</param>
internal sealed class DistinctPiece(long first, Memory<byte> codes)
{
    private const int MaxBytes = 256 << 10;

    internal StringTable Table { get; } = new(DistinctStrings.MaxKept, MaxBytes);

    internal Memory<byte> Codes => codes;

    /// <summary>False when a byte beyond 0x7F was seen.</summary>
    internal bool Ascii { get; private set; } = true;

    /// <summary>True when every row has its code.</summary>
    internal bool IsWhole { get; private set; }

    private void Read(ContainerArray strings, CancellationToken cancellation)
    {
        Span<byte> found = codes.Span;
        int known = 0;
        using StringBlock block = new();
        using StringCursor cursor = strings.OpenStrings(first, found.Length);
        while (cursor.Read(block) && block.Count <= found.Length - known)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < block.Count; i++)
            {
                int code = Table.Add(block, i);
                if (code < 0) { return; }
                found[known++] = (byte)code;
            }

            Ascii = Ascii && System.Text.Ascii.IsValid(block.Bytes);
        }

        IsWhole = known == found.Length;
    }

    /// <summary>Reads pieces on the workers, in any order.</summary>
    internal static void ReadAll(IReadOnlyList<DistinctPiece> pieces, ContainerArray strings, ReadContext context) =>
        WorkCrew.Run(pieces.Count, context, () => new Reader(pieces, strings, context.Cancellation));

    private sealed class Reader(IReadOnlyList<DistinctPiece> pieces, ContainerArray strings, CancellationToken cancellation) : Worker
    {
        internal override void Do(long item) => pieces[(int)item].Read(strings, cancellation);

        public override void Dispose()
        {
        }
    }
}
