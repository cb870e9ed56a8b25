using System.Buffers.Binary;
using AnnDataCache.Codecs;
using AnnDataCache.Containers;
using AnnDataCache.Interop;

namespace AnnDataCache.Hdf5;

/// <summary>Reads a chunk and undoes its filters. One thread's.</summary>
internal sealed unsafe class Hdf5ChunkDecoder(Hdf5Chunks array) : ChunkDecoder
{
    // A filter may add a little to what it could not compress, which the next filter then has to bring back.
    private const int Slack = 4096;

    private readonly GrowingBuffer _stored = new(), _first = new(), _second = new();
    private long _current = -1;
    private byte* _decoded;

    /// <exception cref="CodecException">The stored bytes are damaged.</exception>
    internal override byte* Decode(long number)
    {
        if (number == _current) { return _decoded; }
        _current = -1;
        _decoded = null;
        if (array.Table.TryFind(number, out ChunkEntry entry))
        {
            Span<byte> values = Undo(entry);
            array.Type.ToLittleEndian(values);
            fixed (byte* start = values) { _decoded = start; } // native memory: it does not move
        }

        _current = number;
        return _decoded;
    }

    /// <summary>A chunk whose bytes in the file are its values, but for their byte order, needs no memory here.</summary>
    internal override bool TryDecodeInto(long number, Span<byte> values)
    {
        if (!array.Table.TryFind(number, out ChunkEntry entry) || !IsPlain(entry)) { return false; }
        array.Source.Read(entry.Address, values);
        array.Type.ToLittleEndian(values);
        return true;
    }

    internal override bool TryDecodeTo(long number, ByteTarget target, long offset, long bytes, ReadContext context) =>
        array.Table.TryFind(number, out ChunkEntry entry) && GiantChunk.TryRead(array, entry, target, offset, bytes, context);

    public override void Dispose()
    {
        _stored.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    private bool IsPlain(in ChunkEntry entry)
    {
        uint all = array.Pipeline.Filters.Count == 32 ? uint.MaxValue : (1u << array.Pipeline.Filters.Count) - 1;
        return (entry.FilterMask & all) == all && entry.Length >= array.Grid.ChunkBytes;
    }

    private Span<byte> Undo(in ChunkEntry entry)
    {
        int chunkBytes = Size(array.Grid.ChunkBytes, "A chunk");
        array.Pipeline.RequireKnown();
        CheckGrowth(entry, chunkBytes);
        Span<byte> bytes = _stored.Span(Size(entry.Length, "A stored chunk"));
        array.Source.Read(entry.Address, bytes);
        int checksums = array.Pipeline.Filters.Count(filter => filter.Id == Filter.Fletcher32);
        int compressors = array.Pipeline.Filters.Count(
            filter => filter.Id is not (Filter.Fletcher32 or Filter.Shuffle));
        int capacity = Size(
            chunkBytes + (4L * checksums) + (compressors > 1 ? (chunkBytes / 16) + Slack : 0), "A chunk");
        bool useFirst = true;
        for (int i = array.Pipeline.Filters.Count - 1; i >= 0; i--)
        {
            if ((entry.FilterMask >> i & 1) != 0) { continue; }
            Filter filter = array.Pipeline.Filters[i];
            if (filter.Id == Filter.Fletcher32)
            {
                bytes = VerifySum(bytes);
                continue;
            }

            GrowingBuffer memory = useFirst ? _first : _second;
            Span<byte> target = memory.Span(filter.Id == Filter.Shuffle ? bytes.Length : capacity);
            bytes = target[..Undo(filter, bytes, target)];
            useFirst = !useFirst;
        }

        return bytes.Length >= chunkBytes
            ? bytes[..chunkBytes]
            : throw new CodecException(
                $"The chunk at {entry.Address:N0} decodes to {bytes.Length:N0} bytes; it has {chunkBytes:N0}.");
    }

    private int Undo(Filter filter, ReadOnlySpan<byte> source, Span<byte> target)
    {
        switch (filter.Id)
        {
            case Filter.Deflate:
                return Inflate.Zlib(source, target);
            case Filter.Shuffle:
                uint size = filter.ClientData is [uint first, ..] && first != 0 ? first : (uint)array.Type.Size;
                Shuffle.Undo(source, target, (int)Math.Min(size, int.MaxValue));
                return source.Length;
            case Filter.Szip:
                return Szip.Decode(source, target, filter.ClientData);
            case Filter.NBit:
                return NBit.Decode(source, target, filter.ClientData);
            case Filter.ScaleOffset:
                return ScaleOffset.Decode(source, target, filter.ClientData);
            case Filter.Lzf:
                return Lzf.Decode(source, target);
            case Filter.Blosc:
                return Blosc.Decode(source, target);
            case Filter.Blosc2:
                return Blosc2.Decode(source, target);
            case Filter.Lz4:
                return Hdf5Lz4.Decode(source, target);
            case Filter.BitShuffle:
                return BitShuffle.DecodeFilter(source, target, filter.ClientData);
            default:
                return Zstd.Decode(source, target);
        }
    }

    private static Span<byte> VerifySum(Span<byte> bytes)
    {
        if (bytes.Length < 4)
        {
            throw new CodecException($"A chunk of {bytes.Length} bytes has no room for its checksum.");
        }

        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        uint computed = Fletcher32.Compute(bytes[..^4]);
        return stored == computed
            ? bytes[..^4]
            : throw new CodecException($"A chunk has checksum {computed:X8}; {stored:X8} is stored.");
    }

    // Before any memory is taken: can so few stored bytes become a whole chunk?
    private void CheckGrowth(in ChunkEntry entry, int chunkBytes)
    {
        UInt128 most = (UInt128)entry.Length;
        for (int i = 0; i < array.Pipeline.Filters.Count; i++)
        {
            if ((entry.FilterMask >> i & 1) != 0) { continue; }
            if (array.Pipeline.Filters[i].MaxGrowth is not { } growth) { return; }
            most *= (UInt128)growth;
            if (most > int.MaxValue) { return; }
        }

        if (most < (UInt128)chunkBytes)
        {
            throw new DamagedContainerException(
                $"The chunk at {entry.Address:N0} has {entry.Length:N0} stored bytes, "
                + $"which cannot become {chunkBytes:N0}.");
        }
    }

    private static int Size(long bytes, string what) => bytes <= int.MaxValue - Slack
        ? (int)bytes
        : throw new UnsupportedContainerException(
            $"{what} of {bytes:N0} bytes is not read; {int.MaxValue - Slack:N0} is the limit. "
            + "h5repack can rewrite it in smaller chunks.");
}
