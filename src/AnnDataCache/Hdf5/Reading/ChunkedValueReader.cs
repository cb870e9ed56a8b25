using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>Values of a chunked array, by bands: the chunks that share the same rows. The last band is kept.</summary>
internal sealed unsafe class ChunkedValueReader(ChunkedArray array) : ValueReader
{
    // A band wider than this is not gathered: whole rows of it are taken from its chunks at each call.
    // Small while testing, so that small arrays have wide bands.
#if DEBUG
    private const long MaxBandBytes = 8L << 10;
#else
    private const long MaxBandBytes = 64L << 20;
#endif

    private readonly ChunkDecoder _decoder = new(array);
    private readonly long[] _at = new long[array.Grid.Rank];
    private NativeBuffer? _band;
    private long _gathered = -1;

    internal override void Read(long first, long count, Span<byte> destination)
    {
        ChunkGrid grid = array.Grid;
        long rowValues = Dataspace.Product(grid.Shape.AsSpan(1));
        long bandValues = grid.Chunk[0] * rowValues;
        while (count > 0)
        {
            (long band, long inside) = Math.DivRem(first, bandValues);
            long bandCount = ChunkedReader.BandRows(grid, band) * rowValues;
            long here = Math.Min(count, bandCount - inside);
            Span<byte> target = destination[..checked((int)(here * grid.ElementSize))];
            if (IsSingleRun)
            {
                CopyRun(band, inside * grid.ElementSize, target);
            }
            else if (here != bandCount && bandCount * grid.ElementSize <= MaxBandBytes)
            {
                CopyGathered(band, inside * grid.ElementSize, target);
            }
            else
            {
                ReadWholeRows(band, inside, here, rowValues, target);
            }

            destination = destination[target.Length..];
            first += here;
            count -= here;
        }
    }

    public override void Dispose()
    {
        _decoder.Dispose();
        _band?.Dispose();
    }

    // One chunk is the whole band: the decoder keeps it, however large it is.
    private bool IsSingleRun => array.Grid.IsRun && array.Grid.Counts.AsSpan(1).IndexOfAnyExcept(1) < 0;

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

    private void CopyGathered(long band, long offset, Span<byte> target)
    {
        if (_gathered != band)
        {
            Region rows = Region.Rows(array.Grid, band * array.Grid.Chunk[0], ChunkedReader.BandRows(array.Grid, band));
            if (_band is null || _band.Length < rows.Bytes)
            {
                _band?.Dispose();
                _band = null;
                _band = new NativeBuffer(rows.Bytes);
            }

            _gathered = -1;
            Gather(rows, band, _band.Address);
            _gathered = band;
        }

        new ReadOnlySpan<byte>(_band!.Address + offset, target.Length).CopyTo(target);
    }

    private void ReadWholeRows(long band, long inside, long count, long rowValues, Span<byte> target)
    {
        (long firstRow, long partFirst) = Math.DivRem(inside, rowValues);
        (long rows, long partLast) = Math.DivRem(count, rowValues);
        if (partFirst != 0 || partLast != 0)
        {
            throw new UnsupportedContainerException(
                $"Strings in chunks whose rows hold {rowValues:N0} values are not read; "
                + $"a band of chunks may have {MaxBandBytes:N0} bytes.");
        }

        fixed (byte* memory = target)
        {
            Gather(Region.Rows(array.Grid, (band * array.Grid.Chunk[0]) + firstRow, rows), band, memory);
        }
    }

    private void Gather(Region rows, long band, byte* memory)
    {
        ChunkGrid grid = array.Grid;
        long perBand = grid.Count / grid.Counts[0];
        for (long number = band * perBand; number < (band + 1) * perBand; number++)
        {
            grid.Locate(number, _at);
            rows.Gather(_at, _decoder.Decode(number), memory, array.Fill);
        }
    }
}
