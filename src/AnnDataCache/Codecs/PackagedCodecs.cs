using System.Buffers.Binary;
using K4os.Compression.LZ4;
using ZstdSharp;

namespace AnnDataCache.Codecs;

/// <summary>One LZ4 block without a frame.</summary>
internal static class Lz4
{
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // The block that encodes nothing is one zero byte; the library takes an empty destination for a mistake.
        if (destination.IsEmpty && source is [0])
        {
            return 0;
        }

        int written = source.IsEmpty ? -1 : LZ4Codec.Decode(source, destination);
        return written >= 0
            ? written
            : throw new CodecException($"LZ4 data is damaged or decodes to more than the {destination.Length} bytes of the destination.");
    }
}

/// <summary>HDF5's filter 32004: LZ4 blocks behind their sizes; a block that did not shrink is stored.</summary>
internal static class Hdf5Lz4
{
    private const int HeaderSize = 12;

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (source.Length < HeaderSize)
        {
            throw new CodecException($"An LZ4 chunk of {source.Length} bytes is shorter than its {HeaderSize}-byte header.");
        }

        ulong total = BinaryPrimitives.ReadUInt64BigEndian(source);
        uint blockSize = BinaryPrimitives.ReadUInt32BigEndian(source[8..]);
        if (total > (ulong)destination.Length || blockSize == 0 && total > 0)
        {
            throw new CodecException(
                $"An LZ4 chunk of {total} bytes in blocks of {blockSize} does not fit the {destination.Length} bytes of the destination.");
        }

        source = source[HeaderSize..];
        destination = destination[..(int)total];
        while (destination.Length > 0)
        {
            int length = (int)Math.Min(blockSize, (uint)destination.Length);
            ReadOnlySpan<byte> block = TakeBlock(ref source);
            if (block.Length == length)
            {
                block.CopyTo(destination);
            }
            else if (Lz4.Decode(block, destination[..length]) != length)
            {
                throw new CodecException($"An LZ4 block decodes to less than its {length} bytes.");
            }

            destination = destination[length..];
        }

        return (int)total;
    }

    /// <summary>Takes a block behind its 32-bit big-endian size off the front of <paramref name="source"/>.</summary>
    internal static ReadOnlySpan<byte> TakeBlock(ref ReadOnlySpan<byte> source)
    {
        uint size = source.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(source);
        if (size > source.Length - 4)
        {
            throw new CodecException($"A chunk ends inside a block: {source.Length} bytes are left for it and its size.");
        }

        ReadOnlySpan<byte> block = source.Slice(4, (int)size);
        source = source[(4 + (int)size)..];
        return block;
    }
}

/// <summary>Zstandard frames, one or more.</summary>
internal static class Zstd
{
    [ThreadStatic]
    private static Decompressor? s_decompressor;

    /// <summary>The most bytes that the frames can become, by what their headers say.</summary>
    internal static long Bound(ReadOnlySpan<byte> source)
    {
        try
        {
            return (long)Math.Min(Decompressor.GetDecompressedSize(source), long.MaxValue);
        }
        catch (ZstdException damage)
        {
            throw new CodecException($"Zstandard data: {damage.Message}.");
        }
    }

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        s_decompressor ??= new Decompressor();
        try
        {
            return s_decompressor.Unwrap(source, destination);
        }
        catch (ZstdException damage)
        {
            throw new CodecException($"Zstandard data: {damage.Message}, with room for {destination.Length} bytes.");
        }
    }
}
