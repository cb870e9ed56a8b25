using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Zarr;

/// <summary>Reads a chunk and undoes its codecs. One thread's.</summary>
internal sealed unsafe class ZarrChunkDecoder(ZarrChunks array) : ChunkDecoder
{
    private readonly ChunkLocator _locator = new(array);
    private readonly ByteDecoder _bytes = new(array.Metadata.Codecs.Steps);
    private readonly GrowingBuffer _stored = new(), _turned = new();
    private BloscChunk? _blosc;
    private long _current = -1;
    private byte* _decoded;

    private CodecChain Codecs => array.Metadata.Codecs;

    internal override byte* Decode(long number)
    {
        if (number == _current) { return _decoded; }
        _current = -1;
        _decoded = null;
        if (_locator.TryFind(number, out StoredRange place))
        {
            Span<byte> values = _bytes.Undo(ReadStored(place), array.ChunkBytes, default);
            if (Codecs.Order is { } order)
            {
                Span<byte> turned = _turned.Span(array.ChunkBytes);
                Transposition.Undo(values, turned, array.Metadata.Chunk, order, array.Grid.ElementSize);
                values = turned;
            }

            ToLittleEndian(values);
            fixed (byte* start = values) { _decoded = start; } // native memory: it does not move
        }

        _current = number;
        return _decoded;
    }

    /// <summary>Whole chunks in C order are decoded where they belong; plain ones are read there, whole or not.</summary>
    internal override bool TryDecodeInto(long number, Span<byte> values)
    {
        if (Codecs.Order is not null || (!Codecs.IsPlain && values.Length != array.Grid.ChunkBytes)) { return false; }
        if (!_locator.TryFind(number, out StoredRange place)) { return false; }
        if (Codecs.IsPlain)
        {
            RequireLength(place.Length);
            place.Read(0, values);
        }
        else if (_bytes.Undo(ReadStored(place), array.ChunkBytes, values) is var decoded && !decoded.Overlaps(values))
        {
            decoded.CopyTo(values); // nothing but checksums stood before them
        }

        ToLittleEndian(values);
        return true;
    }

    /// <summary>Chunks that blosc alone has compressed, and large ones of other codecs, are written in pieces.</summary>
    internal override bool TryDecodeTo(long number, ByteTarget target, long offset, long bytes, ReadContext context) =>
        _locator.TryFind(number, out StoredRange place)
        && (Codecs is { Order: null, Steps: [{ Codec: ByteCodec.Blosc }] }
            ? (_blosc ??= new BloscChunk(array)).TryRead(place, target, offset, bytes, context)
            : StreamedChunk.TryRead(array, place, target, offset, bytes, context));

    public override void Dispose()
    {
        _blosc?.Dispose();
        _locator.Dispose();
        _bytes.Dispose();
        _stored.Dispose();
        _turned.Dispose();
    }

    private Span<byte> ReadStored(in StoredRange place)
    {
        if (Codecs.Steps.Count == 0) { RequireLength(place.Length); }
        if (place.Length > ByteDecoder.MaxBytes)
        {
            throw new UnsupportedContainerException($"A stored chunk of {place.Length:N0} bytes is not read; {ByteDecoder.MaxBytes:N0} is the limit.");
        }

        Span<byte> stored = _stored.Span((int)place.Length);
        place.Read(0, stored);
        return stored;
    }

    private void RequireLength(long length)
    {
        if (length != array.ChunkBytes) { throw new DamagedContainerException($"A chunk has {length:N0} bytes; {array.ChunkBytes:N0} are expected."); }
    }

    private void ToLittleEndian(Span<byte> values)
    {
        if (Codecs.Swaps.Count > 0) { ByteOrder.Swap(values, array.Grid.ElementSize, Codecs.Swaps); }
    }
}
