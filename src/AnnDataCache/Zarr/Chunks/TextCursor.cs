using AnnDataCache.Containers;

namespace AnnDataCache.Zarr;

/// <summary>Reads strings of their own length forward, in C order; the chunks that share rows are kept meanwhile.</summary>
internal sealed class TextCursor : StringCursor
{
    private readonly string _path;
    private readonly ZarrChunks _array;
    private readonly TextChunkDecoder _decoder;
    private readonly Dictionary<long, TextChunk?> _band = [];
    private readonly long[] _at, _chunk, _strides;
    private readonly byte[] _fill;
    private long _next, _left, _bandNumber = -1;

    internal TextCursor(string path, ZarrChunks array, long first, long count)
    {
        (_path, _array, _decoder, _next, _left) = (path, array, new TextChunkDecoder(array), first, count);
        ArrayMetadata metadata = array.Metadata;
        (_at, _chunk, _fill) = (new long[metadata.Shape.Length], new long[metadata.Shape.Length], metadata.Fill);

        // A JSON list is in C order whatever the order of the array.
        _strides = Transposition.Strides(metadata.Chunk, metadata.Codecs.Text == TextCodec.Json ? null : metadata.Codecs.Order);
    }

    internal override bool Read(StringBlock block)
    {
        block.Clear();
        try
        {
            while (_left > 0 && !block.IsFull)
            {
                long run = Math.Min(_left, StringBlock.Capacity - block.Count);
                run = Locate(run, out TextChunk? chunk, out long index, out long step);
                for (long i = 0; i < run; i++, index += step)
                {
                    ReadOnlySpan<byte> text = chunk is null ? _fill : chunk[index];
                    text.CopyTo(block.Add(text.Length));
                }

                _next += run;
                _left -= run;
            }
        }
        catch (Exception cause) when (Damage.IsCause(cause))
        {
            throw Damage.At(_path, cause);
        }

        return block.Count > 0;
    }

    public override void Dispose()
    {
        _decoder.Dispose();
        base.Dispose();
    }

    /// <summary>The chunk that holds the next string, where in it, and how many of at most so many follow there.</summary>
    private long Locate(long most, out TextChunk? chunk, out long index, out long step)
    {
        ChunkGrid grid = _array.Grid;
        long rest = _next;
        for (int i = grid.Rank - 1; i >= 0; i--) { (rest, _at[i]) = Math.DivRem(rest, grid.Shape[i]); }
        index = 0;
        for (int i = 0; i < grid.Rank; i++)
        {
            (_chunk[i], long inside) = Math.DivRem(_at[i], grid.Chunk[i]);
            index += inside * _strides[i];
        }

        int last = grid.Rank - 1;
        step = last < 0 ? 0 : _strides[last];
        long run = last < 0 ? 1 : Math.Min(most, Math.Min(grid.Shape[last] - _at[last], ((_chunk[last] + 1) * grid.Chunk[last]) - _at[last]));
        chunk = Find(last < 0 ? 0 : _chunk[0], grid.Number(_chunk));
        return run;
    }

    private TextChunk? Find(long band, long number)
    {
        if (band != _bandNumber)
        {
            _band.Clear();
            _bandNumber = band;
        }

        if (!_band.TryGetValue(number, out TextChunk? chunk)) { _band[number] = chunk = _decoder.Decode(number); }
        return chunk;
    }
}

/// <summary>Strings in fixed places, as bytes or as code points.</summary>
internal sealed class FixedTextDecoder(StoredType type) : StringDecoder
{
    private readonly bool _isCodePoints = type.Description.StartsWith("utf32", StringComparison.Ordinal);
    private readonly byte[] _utf8 = new byte[type.Size];

    protected override int ValueSize => type.Size;

    internal override ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> value)
    {
        value = value.TrimEnd((byte)0);
        if (!_isCodePoints) { return value; }
        int length = 0;
        Span<byte> point = stackalloc byte[4];
        for (int at = 0; at < value.Length; at += 4)
        {
            // Trimming has taken the zero bytes of the last code point.
            point.Clear();
            value[at..Math.Min(at + 4, value.Length)].CopyTo(point);
            int number = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(point);
            if (!System.Text.Rune.IsValid(number)) { throw new DamagedContainerException($"A string holds {number:X}, which is no character."); }
            length += new System.Text.Rune(number).EncodeToUtf8(_utf8.AsSpan(length));
        }

        return _utf8.AsSpan(0, length);
    }
}
