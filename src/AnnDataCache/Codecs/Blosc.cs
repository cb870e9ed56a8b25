using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

/// <summary>A Blosc 1 chunk (HDF5's filter 32001, Zarr's "blosc"): blocks, shuffled, each split by byte and compressed.</summary>
internal static class Blosc
{
    internal const int HeaderSize = 16;
    internal const int Shuffled = 1, Copied = 2, BitShuffled = 4, NotSplit = 16;
    internal const int Version1 = 2;

    /// <summary>Decodes a chunk and returns its length; a version 2 chunk is passed on to <see cref="Blosc2"/>.</summary>
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (source.Length > 0 && source[0] > Version1)
        {
            return Blosc2.DecodeChunk(source, destination);
        }

        BloscHeader header = BloscHeader.Read(source, source.Length, destination.Length);
        source = source[..header.StoredBytes];
        destination = destination[..header.Bytes];
        if ((header.Flags & Copied) != 0)
        {
            if (source.Length - HeaderSize < destination.Length)
            {
                throw new CodecException($"A copied Blosc chunk holds {source.Length - HeaderSize} of its {destination.Length} bytes.");
            }

            source.Slice(HeaderSize, destination.Length).CopyTo(destination);
            return destination.Length;
        }

        int blocks = header.BlockCount(HeaderSize);
        for (int block = 0; block < blocks; block++)
        {
            DecodeBlock(header, BloscHeader.Block(source, HeaderSize, block), destination.Slice(block * header.BlockBytes, header.LengthOf(block)));
        }

        return destination.Length;
    }

    /// <summary>Decodes one block of a version 1 chunk.</summary>
    /// <param name="header">Of the chunk, which is not a copy.</param>
    /// <param name="streams">From the block's first stream on; what stands behind the last one is not looked at.</param>
    /// <param name="target">As long as the block.</param>
    internal static void DecodeBlock(in BloscHeader header, ReadOnlySpan<byte> streams, Span<byte> target)
    {
        bool shuffle = (header.Flags & Shuffled) != 0 && header.TypeSize > 1;
        bool bitShuffle = (header.Flags & BitShuffled) != 0 && target.Length >= header.TypeSize;
        Span<byte> decoded = shuffle || bitShuffle ? Scratch.Get(Scratch.Purpose.Block, target.Length) : target;
        DecodeStreams(header, streams, decoded);
        if (shuffle)
        {
            Shuffle.Undo(decoded, target, header.TypeSize);
        }
        else if (bitShuffle)
        {
            UndoBits(decoded, target, header.TypeSize);
        }
    }

    /// <summary>Decodes one stream into exactly the target's length.</summary>
    internal static void DecodeStream(int flags, ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length == target.Length)
        {
            source.CopyTo(target);
            return;
        }

        int written = (flags >> 5) switch
        {
            0 => BloscLz.Decode(source, target),
            1 => Lz4.Decode(source, target),
            3 => Inflate.Zlib(source, target),
            4 => Zstd.Decode(source, target),
            2 => throw new CodecException("The Blosc chunk is compressed with Snappy, which is not supported."),
            int other => throw new CodecException($"The Blosc chunk is compressed with codec {other}, which is not supported."),
        };
        if (written != target.Length)
        {
            throw new CodecException($"A Blosc stream decodes to {written} of its {target.Length} bytes.");
        }
    }

    private static void DecodeStreams(BloscHeader header, ReadOnlySpan<byte> source, Span<byte> block)
    {
        bool split = (header.Flags & NotSplit) == 0 && block.Length == header.BlockBytes;
        int streams = split ? header.TypeSize : 1, length = block.Length / streams;
        if (length * streams != block.Length)
        {
            throw new CodecException($"A Blosc block of {block.Length} bytes cannot be split into {streams} streams.");
        }

        for (int stream = 0; stream < streams; stream++)
        {
            uint stored = source.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(source);
            if (stored > source.Length - 4)
            {
                throw new CodecException($"A Blosc chunk ends inside stream {stream} of a block.");
            }

            DecodeStream(header.Flags, source.Slice(4, (int)stored), block.Slice(stream * length, length));
            source = source[(4 + (int)stored)..];
        }
    }

    // Version 1 leaves a block alone whose elements are no multiple of eight.
    private static void UndoBits(ReadOnlySpan<byte> decoded, Span<byte> target, int typeSize)
    {
        int whole = target.Length / typeSize % 8 == 0 ? target.Length / typeSize * typeSize : 0;
        BitShuffle.Undo(decoded[..whole], target[..whole], typeSize);
        decoded[whole..].CopyTo(target[whole..]);
    }
}

/// <summary>The 16 bytes that both versions of a Blosc chunk start with, checked.</summary>
internal readonly record struct BloscHeader(int Version, int Flags, int TypeSize, int Bytes, int BlockBytes, int StoredBytes)
{
    /// <param name="source">The chunk, or its first bytes.</param>
    /// <param name="length">Of the whole chunk.</param>
    /// <param name="capacity">The most bytes that it may become.</param>
    internal static BloscHeader Read(ReadOnlySpan<byte> source, int length, int capacity)
    {
        if (source.Length < Blosc.HeaderSize)
        {
            throw new CodecException($"A Blosc chunk of {source.Length} bytes is shorter than its {Blosc.HeaderSize}-byte header.");
        }

        BloscHeader header = new(source[0], source[2], source[3], BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[8..]), BinaryPrimitives.ReadInt32LittleEndian(source[12..]));
        bool sound = header.TypeSize > 0 && header.Bytes >= 0 && header.StoredBytes >= Blosc.HeaderSize
            && header.StoredBytes <= length && (header.BlockBytes > 0 || header.Bytes == 0);
        if (!sound || header.Bytes > capacity)
        {
            throw new CodecException($"The Blosc header is damaged or its data too long: {header}, "
                + $"in {length} bytes, for {capacity} bytes of the destination.");
        }

        return header;
    }

    /// <summary>How many blocks there are; their offsets are sure to lie behind the header.</summary>
    internal int BlockCount(int headerSize)
    {
        long count = Bytes == 0 ? 0 : ((long)Bytes + BlockBytes - 1) / BlockBytes;
        return count <= (StoredBytes - headerSize) / 4
            ? (int)count
            : throw new CodecException($"A Blosc chunk of {StoredBytes} bytes cannot hold the offsets of {count} blocks.");
    }

    internal int LengthOf(int block) => Math.Min(BlockBytes, Bytes - block * BlockBytes);

    /// <summary>From the start of a block's streams to the end of the chunk: only the streams tell where they end.</summary>
    internal static ReadOnlySpan<byte> Block(ReadOnlySpan<byte> chunk, int headerSize, int block)
    {
        int start = BinaryPrimitives.ReadInt32LittleEndian(chunk[(headerSize + 4 * block)..]);
        return start >= headerSize && start <= chunk.Length
            ? chunk[start..]
            : throw new CodecException($"Block {block} of a Blosc chunk of {chunk.Length} bytes starts at {start}.");
    }
}
