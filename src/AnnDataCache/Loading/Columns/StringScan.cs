using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Loading;

/// <summary>How string columns are looked at before their part has room.</summary>
/// <param name="TrustLengths">False once lengths alone were wrong: some string ends at a NUL before its length.</param>
/// <param name="Kept">Private memory for what is kept of the first reading, for all columns together.</param>
/// <param name="Workers">Threads that may look at one column.</param>
internal sealed record StringRules(bool TrustLengths, ByteBudget Kept, int Workers);

/// <summary>What a first look at a string column finds: how many bytes it has, or that few distinct strings make it up.</summary>
/// <param name="PieceRows">Rows of a piece that can be read for itself.</param>
/// <param name="Starts">Where the bytes of each piece start among all; behind them, where the last one's end.</param>
/// <param name="IsExact">False when these are lengths of strings that nobody has read: at most so many bytes will be there.</param>
/// <param name="Ascii">False when a byte beyond 0x7F was seen.</param>
/// <param name="Distinct">When the column is to be stored by code, else null.</param>
internal sealed record StringScan(long PieceRows, long[] Starts, bool IsExact, bool Ascii, DistinctStrings? Distinct)
{
    internal static StringScan Of(ContainerArray strings, long rows, bool mayUseCodes, ReadContext context, StringRules rules)
    {
        using Scanner scanner = new(strings, rows, context with { Workers = rules.Workers });
        return scanner.Scan(mayUseCodes && rows > 1 ? new DistinctStrings(rows, rules.Kept) : null, rules.TrustLengths)
            ?? Of(strings, rows, mayUseCodes, context, rules with { TrustLengths = false });
    }

    /// <summary>Reads strings while codes are thought of, on several threads once they seem few; then no more than lengths.</summary>
    private sealed class Scanner : IDisposable
    {
        /// <summary>After so many strings, more distinct ones than half decide for plain storage.</summary>
        private const int SampleRows = 16_384;

        private const int MostPieces = 16;

        private readonly ContainerArray _strings;
        private readonly ReadContext _context;
        private readonly StringCursor _cursor;
        private readonly StringBlock _block = new();
        private readonly long _rows, _pieceRows;
        private readonly long[] _starts;
        private long _seen, _bytes;
        private bool _ascii = true;

        internal Scanner(ContainerArray strings, long rows, ReadContext context)
        {
            (_strings, _rows, _context) = (strings, rows, context);
            _pieceRows = Math.Clamp(RowsOfPiece(strings, rows), 1, Math.Max(rows, 1));
            _cursor = strings.OpenStrings(0, rows);
            _starts = new long[Math.Max(1, ChunkGrid.CountOn(rows, _pieceRows)) + 1];
        }

        /// <summary>Null when lengths were trusted and turned out not to be known.</summary>
        internal StringScan? Scan(DistinctStrings? distinct, bool trustLengths)
        {
            bool isSample = true;
            while ((distinct is not null || _seen < SampleRows || !trustLengths) && Read())
            {
                if (distinct is null) { continue; }
                if (!distinct.TryAdd(_block) || (_seen >= SampleRows && 2L * distinct.Count > _seen))
                {
                    distinct.Forget();
                    distinct = null;
                }
                else if (isSample && _seen >= SampleRows)
                {
                    isSample = false;
                    if (TryReadRest(distinct)) { break; }
                }
            }

            bool isExact = _seen == _rows;
            if (!isExact && trustLengths && !Pass()) { return null; }
            _starts[^1] = _bytes;
            if (distinct is not null && 2L * distinct.Count > _rows)
            {
                distinct.Forget();
                distinct = null;
            }

            distinct?.Settle();
            return new StringScan(_pieceRows, _starts, isExact, _ascii, distinct);
        }

        private bool TryReadRest(DistinctStrings distinct)
        {
            if (!distinct.TryAddRest(_strings, _pieceRows, _context, out bool ascii)) { return false; }
            (_seen, _ascii) = (_rows, _ascii && ascii);
            return true;
        }

        public void Dispose()
        {
            _cursor.Dispose();
            _block.Dispose();
        }

        // A piece has whole chunks, so that none is decoded for two. There are enough for any number of threads, and few.
        private static long RowsOfPiece(ContainerArray strings, long rows)
        {
            if (strings.Shape.Count != 1) { return long.MaxValue; }
            long wanted = Math.Max(rows / MostPieces, ColumnFiller.BlockRows), chunk = strings.Storage.Chunk is [> 0 and var only] ? only : 1;
            return chunk >= wanted ? chunk : ChunkGrid.CountOn(wanted, chunk) * chunk;
        }

        private bool Read()
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            if (!_cursor.Read(_block)) { return false; }
            for (long row = NextPiece; row <= _seen + _block.Count; row += _pieceRows)
            {
                _starts[row / _pieceRows] = _bytes + _block.Offsets[(int)(row - _seen)];
            }

            _seen += _block.Count;
            _bytes += _block.Bytes.Length;
            _ascii = _ascii && System.Text.Ascii.IsValid(_block.Bytes);
            return true;
        }

        private bool Pass()
        {
            while (_seen < _rows)
            {
                _context.Cancellation.ThrowIfCancellationRequested();
                long next = Math.Min(NextPiece, _rows), bytes = _cursor.Pass(next - _seen);
                if (bytes < 0) { return false; }
                (_seen, _bytes) = (next, _bytes + bytes);
                _starts[ChunkGrid.CountOn(next, _pieceRows)] = _bytes;
            }

            return true;
        }

        /// <summary>The first row of the piece behind the one that holds the next row.</summary>
        private long NextPiece => ((_seen / _pieceRows) + 1) * _pieceRows;
    }
}
