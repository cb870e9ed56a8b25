using AnnDataCache.Interop;

namespace AnnDataCache.Containers;

/// <summary>Values of a chunked array, by windows of whole rows inside a band: the chunks that share the same rows. The last window is kept.</summary>
internal sealed unsafe class ChunkedValueReader(ChunkedArray array) : ValueReader
{
    // A window is the whole band where it is not wider than this: then every chunk is decoded once. Small while testing,
    // so that small arrays have several windows.
#if DEBUG
    private const long MaxWindowBytes = 8L << 10;
#else
    private const long MaxWindowBytes = 64L << 20;
#endif

    private readonly ChunkDecoder _decoder = array.OpenDecoder();
    private readonly long[] _at = new long[array.Grid.Rank];
    private NativeBuffer? _window;
    private long _windowRow = -1;

    internal override void Read(long first, long count, Span<byte> destination)
    {
        ChunkGrid grid = array.Grid;
        long rowValues = ChunkGrid.Product(grid.Shape.AsSpan(1));
        while (count > 0)
        {
            long here;
            if (IsSingleRun)
            {
                (long band, long inside) = Math.DivRem(first, grid.Chunk[0] * rowValues);
                here = Math.Min(count, (ChunkedReader.BandRows(grid, band) * rowValues) - inside);
                CopyRun(band, inside * grid.ElementSize, destination[..Bytes(here)]);
            }
            else
            {
                (long row, long rows) = WindowAt(first / rowValues, rowValues);
                long inside = first - (row * rowValues);
                here = Math.Min(count, (rows * rowValues) - inside);
                CopyWindow(row, rows, here == rows * rowValues, inside * grid.ElementSize, destination[..Bytes(here)]);
            }

            destination = destination[Bytes(here)..];
            first += here;
            count -= here;
        }
    }

    public override void Dispose()
    {
        _decoder.Dispose();
        _window?.Dispose();
    }

    // One chunk is the whole band: the decoder keeps it, however large it is.
    private bool IsSingleRun => array.Grid.IsRun && array.Grid.Counts.AsSpan(1).IndexOfAnyExcept(1) < 0;

    private int Bytes(long values) => checked((int)(values * array.Grid.ElementSize));

    private void CopyRun(long band, long offset, Span<byte> target)
    {
        byte* chunk = _decoder.Decode(band);
        if (chunk is null)
        {
            array.Fill.Fill(target);
            return;
        }

        new ReadOnlySpan<byte>(chunk + offset, target.Length).CopyTo(target);
    }

    /// <summary>The window that holds a row: where it starts, and its rows.</summary>
    private (long Row, long Rows) WindowAt(long row, long rowValues)
    {
        ChunkGrid grid = array.Grid;
        (long band, long inside) = Math.DivRem(row, grid.Chunk[0]);
        long most = Math.Max(1, MaxWindowBytes / (rowValues * grid.ElementSize));
        long start = inside / most * most;
        return ((band * grid.Chunk[0]) + start, Math.Min(most, ChunkedReader.BandRows(grid, band) - start));
    }

    private void CopyWindow(long row, long rows, bool isWhole, long offset, Span<byte> target)
    {
        if (isWhole && _windowRow != row)
        {
            fixed (byte* memory = target) { Gather(row, rows, memory); }
            return;
        }

        if (_windowRow != row)
        {
            long bytes = Region.Rows(array.Grid, row, rows).Bytes;
            if (_window is null || _window.Length < bytes)
            {
                _window?.Dispose();
                _window = null;
                _window = new NativeBuffer(bytes);
            }

            _windowRow = -1;
            Gather(row, rows, _window.Address);
            _windowRow = row;
        }

        new ReadOnlySpan<byte>(_window!.Address + offset, target.Length).CopyTo(target);
    }

    private void Gather(long row, long rows, byte* memory)
    {
        ChunkGrid grid = array.Grid;
        Region region = Region.Rows(grid, row, rows);
        long perBand = grid.Count / grid.Counts[0], band = row / grid.Chunk[0];
        for (long number = band * perBand; number < (band + 1) * perBand; number++)
        {
            grid.Locate(number, _at);
            region.Gather(_at, _decoder.Decode(number), memory, array.Fill);
        }
    }
}
