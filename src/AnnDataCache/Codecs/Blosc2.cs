using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

/// <summary>Blosc 2: a chunk with its filter pipeline, or (HDF5's filter 32026) a contiguous frame of chunks.</summary>
internal static class Blosc2
{
    private const int HeaderSize = 32, FilterCount = 6, FilterAt = 16, FilterMetaAt = 24, MoreFlagsAt = 31;
    private const int Extended = Blosc.Shuffled | Blosc.BitShuffled, Dictionary = 1, AlphaVersion = 3;
    internal const int Zeros = 1, NotANumber = 2, Unset = 4;

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination) =>
        Blosc2Frame.IsFrame(source) ? Blosc2Frame.Decode(source, destination) : DecodeChunk(source, destination);

    /// <summary>Decodes one chunk, of version 1 or 2.</summary>
    internal static int DecodeChunk(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        BloscHeader header = BloscHeader.Read(source, source.Length, destination.Length);
        if (header.Version <= Blosc.Version1 || (header.Flags & Extended) != Extended)
        {
            return header.Version <= Blosc.Version1
                ? Blosc.Decode(source, destination)
                : throw new CodecException($"A Blosc chunk of version {header.Version} has the short header, which is not supported.");
        }

        source = source[..header.StoredBytes];
        destination = destination[..header.Bytes];
        if (source.Length < HeaderSize)
        {
            throw new CodecException($"A Blosc2 chunk of {source.Length} bytes is shorter than its {HeaderSize}-byte header.");
        }

        int special = source[MoreFlagsAt] >> 4 & 7;
        if ((source[MoreFlagsAt] & Dictionary) != 0 || special > Unset)
        {
            throw new CodecException($"A Blosc2 chunk uses a dictionary or special value {special}, which is not supported.");
        }

        if (special != 0)
        {
            FillSpecial(special, destination, header.TypeSize, source[HeaderSize..]);
        }
        else if ((header.Flags & Blosc.Copied) != 0)
        {
            Require(source.Length - HeaderSize >= destination.Length, "a copied chunk that is too short");
            source.Slice(HeaderSize, destination.Length).CopyTo(destination);
        }
        else
        {
            DecodeBlocks(header, source, destination);
        }

        return destination.Length;
    }

    private static void DecodeBlocks(BloscHeader header, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int blocks = header.BlockCount(HeaderSize);
        for (int block = 0; block < blocks; block++)
        {
            ReadOnlySpan<byte> streams = BloscHeader.Block(source, HeaderSize, block);
            Span<byte> target = destination.Slice(block * header.BlockBytes, header.LengthOf(block));
            Span<byte> decoded = Scratch.Get(Scratch.Purpose.Block, target.Length);
            DecodeStreams(header, streams, decoded);
            Span<byte> other = Scratch.Get(Scratch.Purpose.Filtered, target.Length);
            for (int filter = FilterCount - 1; filter >= 0; filter--)
            {
                int code = source[FilterAt + filter], meta = source[FilterMetaAt + filter];
                if (Undo(code, meta, header, decoded, other))
                {
                    Span<byte> last = decoded;
                    decoded = other;
                    other = last;
                }
            }

            decoded.CopyTo(target);
        }
    }

    /// <summary>Undoes one filter; false when there is nothing to do.</summary>
    private static bool Undo(int code, int meta, BloscHeader header, ReadOnlySpan<byte> decoded, Span<byte> target)
    {
        const int None = 0, Bytes = 1, Bits = 2, Delta = 3, Truncate = 4;
        switch (code)
        {
            case None or Truncate:
                return false;
            case Bytes:
                Shuffle.Undo(decoded, target, meta == 0 ? header.TypeSize : meta);
                return true;
            case Bits:
                int elements = decoded.Length / header.TypeSize;
                elements = header.Version > AlphaVersion ? elements & ~7 : elements % 8 == 0 ? elements : 0;
                int whole = elements * header.TypeSize;
                BitShuffle.Undo(decoded[..whole], target[..whole], header.TypeSize);
                decoded[whole..].CopyTo(target[whole..]);
                return true;
            case Delta:
                throw new CodecException("The Blosc2 filter 'delta' is not supported.");
            default:
                throw new CodecException($"The Blosc2 filter {code} is not supported.");
        }
    }

    // A stream's size may also say that it is all zeros, or, negative and behind a mark, that it is one byte repeated.
    private static void DecodeStreams(BloscHeader header, ReadOnlySpan<byte> source, Span<byte> block)
    {
        bool split = (header.Flags & Blosc.NotSplit) == 0 && block.Length == header.BlockBytes;
        int streams = split ? header.TypeSize : 1, length = block.Length / streams;
        Require(length * streams == block.Length, "a block that cannot be split");
        for (int stream = 0; stream < streams; stream++)
        {
            Require(source.Length >= 4, "a chunk that ends inside a block");
            int stored = BinaryPrimitives.ReadInt32LittleEndian(source);
            Span<byte> target = block.Slice(stream * length, length);
            source = source[4..];
            if (stored > 0)
            {
                Require(stored <= source.Length, "a chunk that ends inside a stream");
                Blosc.DecodeStream(header.Flags, source[..stored], target);
                source = source[stored..];
                continue;
            }

            if (stored < 0)
            {
                Require(stored >= -255 && source.Length >= 1 && (source[0] & 1) != 0, "a run of an unknown kind");
                source = source[1..];
            }

            target.Fill((byte)-stored);
        }
    }

    internal static void FillSpecial(int special, Span<byte> destination, int typeSize, ReadOnlySpan<byte> value)
    {
        switch (special)
        {
            case Zeros or Unset:
                destination.Clear();
                return;
            case NotANumber:
                Require(typeSize is 4 or 8, "not-a-number in elements that are no numbers");
                value = typeSize == 4 ? [0, 0, 0xC0, 0x7F] : [0, 0, 0, 0, 0, 0, 0xF8, 0x7F];
                break;
        }

        Require(value.Length >= typeSize && destination.Length % typeSize == 0, "a repeated value that is cut off");
        for (int at = 0; at < destination.Length; at += typeSize)
        {
            value[..typeSize].CopyTo(destination[at..]);
        }
    }

    internal static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new CodecException($"Blosc2 data is damaged: {what}.");
        }
    }
}
